"""How surely a phrase is more frequent on one side than on the other.

Log-odds ratio with an informative Dirichlet prior: B. L. Monroe, M. P. Colaresi, K. M. Quinn, Fightin' Words: Lexical
Feature Selection and Evaluation for Identifying the Content of Political Conflict, Political Analysis 16 (2008),
372-403, equations 15, 16, 20 and 22.
"""

from __future__ import annotations

import math
from typing import NamedTuple

MIN_PRIOR = 0.5  #: of a phrase


class Contrast(NamedTuple):
    log_odds: float  # above 0: more frequent here
    z: float  # in standard deviations


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
        return Contrast(ratio, ratio / math.sqrt(1 / (here + prior) + 1 / (there + prior)))

    def _odds(self, count: int, words: int, prior: float) -> float:
        return math.log((count + prior) / max(words + self._weight - count - prior, 1.0))
