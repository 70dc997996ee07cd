"""How much more frequent a phrase is on one side than on the other, how surely, and from where on that is no chance.

Order: log-odds ratio with an informative Dirichlet prior. B. L. Monroe, M. P. Colaresi, K. M. Quinn, Fightin' Words:
Lexical Feature Selection and Evaluation for Identifying the Content of Political Conflict, Political Analysis 16
(2008), 372-403, equations 15, 16, 20 and 22.
Chance: likelihood ratio. T. Dunning, Accurate Methods for the Statistics of Surprise and Coincidence, Computational
Linguistics 19 (1993), 61-74. It is right for rare phrases too.
Of many: Y. Benjamini, Y. Hochberg, Controlling the False Discovery Rate, Journal of the Royal Statistical Society B 57
(1995), 289-300.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import NamedTuple

MIN_PRIOR = 0.5  #: of a phrase
FALSE_SHARE = 0.05  #: of listed phrases, on average, chance alone may explain so many


class Contrast(NamedTuple):
    log_odds: float  # above 0: more frequent here
    z: float  # the same in standard deviations
    surprise: float  # signed root of the likelihood ratio: in standard deviations of what chance alone makes


class LogOdds:
    """Compares counts here with counts there.

    `here`, `there`: how many words each side has. What is expected before counting is the frequency on both sides
    together, and it weighs as much as the smaller of them: so what is rare does not come first by chance.
    """

    def __init__(self, here: int, there: int) -> None:
        self._here, self._there = here, there
        self._weight = max(min(here, there), 1)

    def of(self, here: int, there: int) -> Contrast:
        """Compare a phrase that is counted so often on each side, at least once on one."""
        prior = max(MIN_PRIOR, self._weight * (here + there) / (self._here + self._there))
        ratio = self._odds(here, self._here, prior) - self._odds(there, self._there, prior)
        z = ratio / math.sqrt(1 / (here + prior) + 1 / (there + prior))
        return Contrast(ratio, z, self._surprise(here, there))

    def _surprise(self, here: int, there: int) -> float:
        both, words = here + there, self._here + self._there
        ratio = 0.0
        for count, side in ((here, self._here), (there, self._there)):
            if count:
                ratio += count * math.log(count * words / (both * side))
        return math.copysign(math.sqrt(2 * max(ratio, 0.0)), here * self._there - there * self._here)

    def _odds(self, count: int, words: int, prior: float) -> float:
        return math.log((count + prior) / max(words + self._weight - count - prior, 1.0))


def least_surprise(surprises: Iterable[float], tried: int) -> float:
    """Return from which surprise on phrases are listed, given the largest ones of all that were tried."""
    chance = NormalDist()
    least = math.inf
    for rank, surprise in enumerate(sorted(surprises, reverse=True), start=1):
        if chance.cdf(-surprise) <= FALSE_SHARE * rank / tried:
            least = surprise
    return least
