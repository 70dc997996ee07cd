"""Do two shares differ, or is the difference chance? Also of many pairs, of which some differ by chance alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SLACK = 1 + 1e-9  #: equal probabilities that are computed on two ways


def two_proportions(first_hits: int, first_rows: int, second_hits: int, second_rows: int) -> float:
    """Return how probable it is that two shares differ as much or more, where both samples are of one kind.

    As I. Campbell recommends (Chi-squared and Fisher–Irwin tests of two-by-two tables with small sample
    recommendations, Statistics in Medicine 26 (2007), 3661–3675): the "N − 1" chi-square test (E. S. Pearson,
    Biometrika 34 (1947), 139–167) where at least one row is expected in each of the four cells, else the Fisher–Irwin
    test of both sides by Irwin's rule. The test is of two sides. 1.0 where nothing can differ.
    """
    hits, rows = first_hits + second_hits, first_rows + second_rows
    margins = first_rows, second_rows, hits, rows - hits
    if not all(margins):
        return 1.0
    if min(first_rows, second_rows) * min(hits, rows - hits) < rows:
        return _fisher_irwin(first_hits, first_rows, hits, rows)
    cross = first_hits * (second_rows - second_hits) - second_hits * (first_rows - first_hits)
    return math.erfc(math.sqrt(cross * cross * (rows - 1) / math.prod(margins) / 2))  # of one degree of freedom


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of several tests so adjusted that each may be compared with one level for all of them.

    Then the probability that chance alone makes any of them significant is at most this level, whatever they have in
    common: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6
    (1979), 65–70. It finds at least what Bonferroni's correction finds.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = highest
    return adjusted


def _fisher_irwin(first_hits: int, first_rows: int, hits: int, rows: int) -> float:
    """Return the probability of all tables with the same margins that are no more probable than this one."""
    least, most = max(0, first_rows + hits - rows), min(first_rows, hits)
    weights = [_log_ways(hits, n) + _log_ways(rows - hits, first_rows - n) for n in range(least, most + 1)]
    highest = max(weights)
    ways = [math.exp(weight - highest) for weight in weights]
    limit = ways[first_hits - least] * _SLACK
    return min(1.0, math.fsum(way for way in ways if way <= limit) / math.fsum(ways))


def _log_ways(things: int, taken: int) -> float:
    return math.lgamma(things + 1) - math.lgamma(taken + 1) - math.lgamma(things - taken + 1)
