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
    return float(np.exp(found.x))


def loss(logits: NDArray[np.float64], labels: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Return the mean negative logarithm of the right labels' probabilities."""
    chosen = log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels]
    return float(-chosen.mean())


def fitted_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the loss that is left once the temperature is right."""
    return loss(logits, labels, fit_temperature(logits, labels))
