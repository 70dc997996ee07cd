"""Intervals of what is measured on a sample: between which values the figure for all texts like these lies.

All are of 95 %. Shares have Wilson's interval. What is no share of rows, such as F1, has a bootstrap interval: the rows
are drawn again, many times, and the figure is computed for each draw.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)  #: 1.96
DRAWS = 1_000
SEED = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure and its interval of 95 %."""

    value: float
    low: float
    high: float


def wilson(hits: float, rows: float) -> Figure:
    """Return the share of hits among rows, more than none, with its interval; both may be weighted.

    Formula: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, Journal of the American
    Statistical Association 22 (1927), 209–212.
    """
    share = hits / rows
    scale = 1 + Z * Z / rows
    middle = (share + Z * Z / (2 * rows)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows))
    return Figure(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def bootstrap(counts: Sequence[int], measure: Callable[[Sequence[float]], Sequence[float]]) -> list[Figure]:
    """Return each of the figures that `measure` computes of counts, with its interval.

    `counts` are of groups of rows that `measure` does not tell apart, so that a draw costs as much for ten million rows
    as for a thousand. It is the Bayesian bootstrap (D. B. Rubin, Annals of Statistics 9 (1981), 130–134): each group
    weighs as much as a Gamma-distributed number around its count, here with a prior of one row in all, so that a group
    without a row is not taken for impossible (C. Goutte, E. Gaussier, ECIR 2005, do the same for F1). The draws are
    the same each time.
    """
    values = measure(counts)
    dice = random.Random(SEED)
    prior = 1 / len(counts)
    draws = [measure([dice.gammavariate(count + prior, 1.0) for count in counts]) for _ in range(DRAWS)]
    return [_percentiles(value, sorted(drawn)) for value, drawn in zip(values, zip(*draws, strict=True), strict=True)]


def without_noise(figure: Figure, noise: float) -> Figure:
    """Return a mean distance, such as a calibration error, with an interval for rows without end.

    `noise` is the distance that chance alone makes on so many rows. The squares of distances add up: that of the figure
    holds the noise once, and those of the draws that make its interval hold it twice.
    """
    low, high = (math.sqrt(max(0.0, end * end - 2 * noise * noise)) for end in (figure.low, figure.high))
    return Figure(figure.value, min(low, figure.value), max(high, figure.value))


def _percentiles(value: float, drawn: Sequence[float]) -> Figure:
    low, high = (drawn[round(share * (len(drawn) - 1))] for share in (0.025, 0.975))
    return Figure(value, min(low, value), max(high, value))
