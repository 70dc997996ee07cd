"""What a tuned network is worth, from logits for texts that it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sentiq.evaluation.comparison import Comparison, compare
from sentiq.evaluation.metrics import Evaluation, evaluate
from sentiq.evaluation.tally import Answer, Tally
from tools.tuning.temperature import fit_temperature
from tools.tuning.texts import Texts, folds


@dataclass(frozen=True, slots=True)
class Measured:
    """An evaluation, and the comparison with the base on the same texts where it knows the labels."""

    evaluation: Evaluation
    of_base: Evaluation | None
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tuned model is worth, and the temperature that makes its probabilities mean it."""

    temperature: float
    measured: Measured
    measured_by: str  #: in words


def measure(
    texts: Texts,
    places: Sequence[int],
    probabilities: NDArray[np.float64],
    of_base: NDArray[np.float64] | None,
) -> Measured:
    """Measure the probabilities of the texts at `places`, ``[places, labels]``, and the base's if there are any."""
    labels = np.array(texts.labels)[list(places)]
    evaluation = _evaluate(texts, places, probabilities)
    if of_base is None:
        return Measured(evaluation, None, None)
    right = [(found.argmax(1) == labels).tolist() for found in (of_base, probabilities)]
    return Measured(evaluation, _evaluate(texts, places, of_base), compare(zip(*right, strict=True)))


def _evaluate(texts: Texts, places: Sequence[int], probabilities: NDArray[np.float64]) -> Evaluation:
    tally = Tally()
    for place, row in zip(places, probabilities, strict=True):
        said = int(row.argmax())
        actual = texts.names[texts.labels[place]]
        tally.add(
            Answer(
                float(row[said]), texts.rows[place], texts.texts[place], actual, texts.names[said], texts.sources[place]
            )
        )
    return evaluate(tally, texts.names)


def cross_fitted(texts: Texts, logits: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return the probabilities of all texts from logits of folds, each with the temperature that suits the others.

    One temperature for all would be fitted to the very texts it is measured on.
    """
    labels = np.array(texts.labels)
    found = np.empty_like(logits)
    for fold in folds(texts.labels, seed=seed):
        others = np.setdiff1d(np.arange(len(labels)), fold)
        found[fold] = softmax(logits[fold] / fit_temperature(logits[others], labels[others]), axis=1)
    return found
