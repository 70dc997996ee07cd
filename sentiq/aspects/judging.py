"""Judges an aspect of a text from what the model says of its clauses and of the whole text."""

from __future__ import annotations

import math
from collections.abc import Sequence

_TINIEST = 1e-6  #: probability whose log is taken: one clause never decides alone


def aspect_probabilities(
    whole: Sequence[float], clauses: Sequence[Sequence[float]], mentioned: int = 1
) -> tuple[float, ...]:
    """Return the probability of each label for an aspect; they sum to 1, in the order of `whole`.

    `whole` are those of the text, `clauses` those of the spans that speak of the aspect, one or more, and `mentioned`
    is the number of aspects of which the text speaks: `len(mentions(…))`. They are pooled by a weighted geometric mean
    (a logarithmic opinion pool: C. Genest and J. V. Zidek, Combining Probability Distributions, Statistical Science 1,
    1986), in which the clauses together weigh 1 and the whole text 1 / mentioned: what it says is said of all of them.
    """
    weight, share = 1 / max(mentioned, 1), 1 / len(clauses)
    pooled = [weight * _log(probability) for probability in whole]
    for clause in clauses:
        for label, probability in enumerate(clause):
            pooled[label] += share * _log(probability)
    top = max(pooled)
    powers = [math.exp((value - top) / (1 + weight)) for value in pooled]
    total = sum(powers)
    return tuple([power / total for power in powers])


def _log(probability: float) -> float:
    return math.log(max(probability, _TINIEST))
