"""Corrects how sure a network is: logits divided by one number (Guo et al., "On Calibration", ICML 2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

#: No temperature beyond these: with a handful of texts the best one may be none at all.
COLDEST, HOTTEST = 0.05, 20.0


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the temperature with the lowest loss on these texts, ``[texts, labels]`` and ``[texts]``."""
    found = minimize_scalar(
        lambda logarithm: loss(logits, labels, float(np.exp(logarithm))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
    )
    return float(f"{np.exp(found.x):.4g}")


def loss(logits: NDArray[np.float64], labels: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Return the mean negative logarithm of the right labels' probabilities.

    As in Platt's "Probabilistic Outputs for Support Vector Machines" (1999) one label of two more than there are is
    taken to be wrong: otherwise few answers, all right, would make the network sure without a limit.
    """
    found = log_softmax(logits / temperature, axis=1)
    chosen = found[np.arange(len(labels)), labels].mean()
    others = (found.sum(axis=1).mean() - chosen) / (logits.shape[1] - 1)
    wrong = 1 / (len(labels) + 2)
    return float(-(1 - wrong) * chosen - wrong * others)


def fitted_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the loss that is left once the temperature is right."""
    return loss(logits, labels, fit_temperature(logits, labels))
