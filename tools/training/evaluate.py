"""Measures an exported model through the engine, as the service runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from sentiq.engine import Engine
from tools.training.data import Split

CALIBRATION_BINS = 15


def of_positive(model_dir: Path, texts: list[str]) -> NDArray[np.float64]:
    """Probability of the positive label, `[texts]`."""
    return np.array([p.probabilities[1] for p in Engine.load(model_dir).classify(texts)])


def measure(positive: NDArray[np.float64], split: Split) -> dict[str, Any]:
    predicted = (positive > 0.5).astype(np.int64)
    return {
        "accuracy": accuracy(predicted, split),
        "macro_f1": round(float(f1_score(split.labels, predicted, average="macro")), 4),
        "expected_calibration_error": round(calibration_error(positive, split.labels), 4),
        "by_source": by_source(predicted, split),
    }


def accuracy(predicted: NDArray[np.int64], split: Split) -> float:
    return round(float((predicted == split.labels).mean()), 4)


def by_source(predicted: NDArray[np.int64], split: Split) -> dict[str, float]:
    """Accuracy per source."""
    right = predicted == split.labels
    return {str(s): round(float(right[split.sources == s].mean()), 4) for s in np.unique(split.sources)}


def calibration_error(positive: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Expected calibration error of the predicted label's score, bins of equal width (Guo et al., ICML 2017)."""
    score = np.maximum(positive, 1 - positive)
    right = (positive > 0.5) == (labels == 1)
    bins = np.minimum((score * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return float(
        sum(abs(score[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    )
