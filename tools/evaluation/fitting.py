"""Fits a calibration: the temperature and thresholds under which the labels of people are the least surprising.

With logits z, the probabilities are softmax(z / temperature - log thresholds), and the mean negative log-likelihood of
the labels is minimal (temperature scaling: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017; with a
bias for each label: A. Alexandari et al., Maximum Likelihood with Bias-Corrected Calibration is Hard-To-Beat at Label
Shift Adaptation, ICML 2020). In 1 / temperature and log thresholds that is convex: Newton's method finds the minimum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentiq.engine.engine import softmax
from sentiq.engine.registry import Calibration, ModelError

FOLDS = 5
SEED = 1
MIN_ROWS = 100
MIN_OF_LABEL = 5
THRESHOLDS_FROM = 3  #: labels; with two, a threshold would only move the neutral band, which is the reader's choice
COLDEST, HOTTEST = 0.05, 20.0  #: temperatures
WIDEST = 4.0  #: of the log of a threshold
TINIEST = 1e-30  #: probability whose log is taken
STEPS = 50

Logits = NDArray[np.float64]  # [rows, labels], up to a constant in each row
Numbers = NDArray[np.int64]  # [rows], of labels


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration, and what it gives on rows it was not fitted to."""

    calibration: Calibration  #: fitted to all rows
    probabilities: NDArray[np.float64]  #: [rows, labels], of each row by the calibration fitted to the other folds
    log_loss_before: float
    log_loss: float  #: of `probabilities`


def fit(probabilities: NDArray[np.float64], labels: Numbers, texts: Sequence[str]) -> Fitted:
    """Fit a calibration on top of what gave these probabilities ``[rows, labels]``; `labels` are numbers of columns.

    From three labels on, thresholds are fitted too, where they make the labels of other rows less surprising. Rows with
    the same text are in one fold. Raises ModelError where there are too few rows or labels.
    """
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    if len(labels) < MIN_ROWS or (counts > 0).sum() < 2 or counts[counts > 0].min() < MIN_OF_LABEL:
        raise ModelError(
            f"--fit needs at least {MIN_ROWS} labelled rows with two labels or more and {MIN_OF_LABEL} rows of each; "
            f"there are {len(labels):,}: give more"
        )
    logits = np.log(np.maximum(probabilities, TINIEST))
    folds = _folds(texts)
    best, given = _across(logits, labels, folds, has_thresholds=False), False
    if probabilities.shape[1] >= THRESHOLDS_FROM:
        other = _across(logits, labels, folds, has_thresholds=True)
        if log_loss(other, labels) < log_loss(best, labels):
            best, given = other, True
    return Fitted(
        calibration=_minimum(logits, labels, has_thresholds=given),
        probabilities=best,
        log_loss_before=log_loss(probabilities, labels),
        log_loss=log_loss(best, labels),
    )


def apply(logits: Logits, calibration: Calibration) -> NDArray[np.float64]:
    """Return the probabilities ``[rows, labels]`` as the engine computes them."""
    return softmax(logits / calibration.temperature - np.log(calibration.thresholds or (1.0,)))


def combined(first: Calibration, second: Calibration) -> Calibration:
    """Return the calibration that does what `first` and then `second` do."""
    labels = max(len(first.thresholds), len(second.thresholds))
    befores = first.thresholds or (1.0,) * labels
    afters = second.thresholds or (1.0,) * labels
    thresholds = [before ** (1 / second.temperature) * after for before, after in zip(befores, afters, strict=True)]
    mean = math.exp(sum(map(math.log, thresholds)) / labels) if labels else 1.0
    return Calibration(
        _rounded(first.temperature * second.temperature), tuple(_rounded(each / mean) for each in thresholds)
    )


def log_loss(probabilities: NDArray[np.float64], labels: Numbers) -> float:
    """Return the mean negative log-likelihood of the labels."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINIEST)).mean())


def _rounded(number: float) -> float:
    """Return a number with as many digits as rows can tell."""
    return float(f"{number:.5g}")


def _folds(texts: Sequence[str]) -> Numbers:
    """Return the fold of each row, by chance but the same each time, and the same for the same text."""
    different = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    folds = np.random.default_rng(SEED).permutation(len(different)) % FOLDS
    return folds[[different[text] for text in texts]]


def _across(logits: Logits, labels: Numbers, folds: Numbers, *, has_thresholds: bool) -> NDArray[np.float64]:
    """Return the probabilities of each row by the calibration fitted to the rows of the other folds."""
    found = np.empty_like(logits)
    for fold in range(FOLDS):
        there = folds == fold
        calibration = _minimum(logits[~there], labels[~there], has_thresholds=has_thresholds)
        found[there] = apply(logits[there], calibration)
    return found


def _minimum(logits: Logits, labels: Numbers, *, has_thresholds: bool) -> Calibration:
    """Find 1 / temperature and the biases at which the log-likelihood is largest; a bias is minus a log threshold."""
    rows, columns = logits.shape
    logits = logits - logits.mean(axis=1, keepdims=True)
    # What each number adds to each logit, [numbers, rows, labels]; only differences of biases matter, so one is 0.
    biases = [np.broadcast_to(np.eye(columns)[place], logits.shape) for place in range(1, columns)]
    features = np.stack([logits, *(biases if has_thresholds else [])])
    lowest = np.array([1 / HOTTEST] + [-WIDEST] * (len(features) - 1))
    highest = np.array([1 / COLDEST] + [WIDEST] * (len(features) - 1))
    numbers = np.array([1.0] + [0.0] * (len(features) - 1))
    chosen = features[:, np.arange(rows), labels]
    loss = log_loss(softmax(np.tensordot(numbers, features, 1)), labels)
    for _ in range(STEPS):
        probabilities = softmax(np.tensordot(numbers, features, 1))
        means = (features * probabilities).sum(axis=2)
        slope = (means - chosen).mean(axis=1)
        spread = np.einsum("irk,jrk,rk->ij", features, features, probabilities) - means @ means.T
        step = np.linalg.solve(spread / rows + 1e-9 * np.eye(len(numbers)), slope)
        scale, better = 1.0, numbers
        while scale > 1e-4:  # a full step may go too far
            better = np.clip(numbers - scale * step, lowest, highest)
            found = log_loss(softmax(np.tensordot(better, features, 1)), labels)
            if found < loss:
                break
            scale /= 2
        else:
            break
        numbers, loss = better, found
    logs = np.concatenate(([0.0], -numbers[1:])) if has_thresholds else np.zeros(0)
    return combined(Calibration(), Calibration(float(1 / numbers[0]), tuple(np.exp(logs).tolist())))
