"""Judges an aspect of a text from what the model says of its clauses and of the whole text."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: The share of the whole text, and of the clauses together. Tuned: docs/adr/0064-aspects.md.
_WHOLE, _CLAUSES = 0.5, 0.5
_TINIEST = 1e-6  #: probability whose log is taken: one clause never decides alone


def aspect_probabilities(whole: Sequence[float], clauses: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the probability of each label for an aspect; they sum to 1, in the order of `whole`.

    `whole` are those of the text, `clauses` those of the spans that speak of the aspect, one or more. They are pooled
    by a weighted geometric mean (a logarithmic opinion pool: C. Genest and J. V. Zidek, Combining Probability
    Distributions: A Critique and an Annotated Bibliography, Statistical Science 1, 1986).
    """
    pooled = [
        _WHOLE * _log(whole[label]) + _CLAUSES * math.fsum(_log(clause[label]) for clause in clauses) / len(clauses)
        for label in range(len(whole))
    ]
    top = max(pooled)
    powers = [math.exp(value - top) for value in pooled]
    total = math.fsum(powers)
    return tuple(power / total for power in powers)


def _log(probability: float) -> float:
    return math.log(max(probability, _TINIEST))
