"""What a network gives for a text: with two labels one logit, that of the second label; with more, one for each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

Logits = NDArray[np.float64]  # [texts, outputs]
Shares = NDArray[np.float64]  # [texts, labels], of each row the probabilities, which sum to 1


def outputs(labels: int) -> int:
    """Return how many logits tell so many labels apart."""
    return 1 if labels == 2 else labels


def of_labels(logits: Logits) -> Logits:
    """Return one logit for each label, ``[texts, labels]``."""
    return np.concatenate([-logits / 2, logits / 2], 1) if logits.shape[1] == 1 else logits


def probabilities(logits: Logits) -> Shares:
    """Return the probability of each label."""
    return np.asarray(softmax(of_labels(logits), axis=1))


def loss(logits: Logits, targets: Shares) -> float:
    """Return the mean cross entropy with what the probabilities should be."""
    return float(-(targets * log_softmax(of_labels(logits), axis=1)).sum(1).mean())


def slope(logits: Logits, targets: Shares) -> Logits:
    """Return the derivative of the loss of each text by its logits, ``[texts, outputs]``."""
    found = probabilities(logits) - targets
    return found[:, 1:] if logits.shape[1] == 1 else found


def one_hot(labels: NDArray[np.int64], count: int) -> Shares:
    """Return all probability for the label of each text; `labels` are numbers below `count`, ``[texts]``."""
    return np.eye(count)[labels]
