"""Two models on the same rows: is one better, or is the difference chance?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sentiq.evaluation.intervals import Figure, Z

EXACT_BELOW = 50  #: rows on which the models differ; from here on the approximation holds
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """What McNemar's test says of two models."""

    rows: int
    both_right: int
    only_first: int  #: rows that the first model alone has right
    only_second: int
    both_wrong: int
    difference: Figure  #: accuracy of the second model less that of the first
    p_value: float  #: how probable so large a difference is where both are equally good
    test: str  #: "exact" or "chi-square"

    @property
    def is_significant(self) -> bool:
        """Tell whether chance alone makes such a difference in less than 5 of 100 such comparisons."""
        return self.p_value < SIGNIFICANT


def compare(right: Iterable[tuple[bool, bool]]) -> Comparison:
    """Compare two models by whether the answer of each to each row is right. Raises ValueError when there is no row.

    Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947), 153–157. Only rows on which the models differ say anything: where few do, the binomial
    test of them is exact; where many do, chi-square with A. L. Edwards' correction (Psychometrika 13 (1948), 185–187)
    is as good.
    """
    counts = {(first, second): 0 for first in (True, False) for second in (True, False)}
    for first, second in right:
        counts[first, second] += 1
    rows = sum(counts.values())
    if not rows:
        raise ValueError("there is no row to compare models on")
    only_first, only_second = counts[True, False], counts[False, True]
    is_exact = only_first + only_second < EXACT_BELOW
    return Comparison(
        rows=rows,
        both_right=counts[True, True],
        only_first=only_first,
        only_second=only_second,
        both_wrong=counts[False, False],
        difference=_difference(only_first, only_second, rows),
        p_value=_exact(only_first, only_second) if is_exact else _chi_square(only_first, only_second),
        test="exact" if is_exact else "chi-square",
    )


def _exact(only_first: int, only_second: int) -> float:
    """Return the probability that of so many fair coins so few, or fewer, show one side; twice, for both sides."""
    coins, few = only_first + only_second, min(only_first, only_second)
    ways = sum(math.comb(coins, number) for number in range(few + 1))
    return min(1.0, 2 * ways / float(2**coins))


def _chi_square(only_first: int, only_second: int) -> float:
    statistic = max(0, abs(only_first - only_second) - 1) ** 2 / (only_first + only_second)
    return math.erfc(math.sqrt(statistic / 2))  # of one degree of freedom


def _difference(only_first: int, only_second: int, rows: int) -> Figure:
    """Return the difference of the accuracies with its interval.

    A. Agresti, Y. Min, Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine
    24 (2005), 729–740: Wald's interval with half a row added to each of the four counts.
    """
    value = (only_second - only_first) / rows
    first, second, total = only_first + 0.5, only_second + 0.5, rows + 2
    middle = (second - first) / total
    half = Z * math.sqrt((first + second) - (second - first) ** 2 / total) / total
    return Figure(value, max(-1.0, min(value, middle - half)), min(1.0, max(value, middle + half)))
