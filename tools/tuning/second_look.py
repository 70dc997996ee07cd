"""Labels that deserve a second look: those on which a network that has not seen them firmly disagrees.

Confident learning: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70 (2021), by the authors' library.
"""

# cleanlab is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from api.export.tabular import harmless
from tools.tuning.texts import FOLDS, Texts

MOST, MOST_SHARE = 200, 0.1  #: that are listed, the clearest first; and of all texts
#: A network that is right less often has no say on the labels.
MIN_ACCURACY = 0.7


@dataclass(frozen=True, slots=True)
class Doubt:
    row: int  #: in the file, from 1
    label: str
    suggested: str
    probability: float  #: of the label that the row has
    text: str


def out_of_fold(features: Any, labels: Sequence[int]) -> NDArray[np.float64]:
    """Return probabilities, ``[texts, labels that occur]``, each by a classifier that has not seen the text's label."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    found: NDArray[np.float64] = cross_val_predict(
        model, np.asarray(features), np.array(labels), cv=FOLDS, method="predict_proba"
    )
    return found


def of_logits(logits: NDArray[np.float64], labels: Sequence[int]) -> NDArray[np.float64]:
    """Return probabilities, ``[texts, labels that occur]``, from the logits of cross-validation."""
    found: NDArray[np.float64] = softmax(logits[:, sorted(set(labels))], axis=1)
    return found


def doubts(texts: Texts, probabilities: NDArray[np.float64]) -> list[Doubt]:
    """Return the labels to look at again; `probabilities` are out-of-fold, ``[texts, labels that occur]``.

    None where these are right too seldom to say anything.
    """
    occurring = sorted(set(texts.labels))
    labels = np.searchsorted(occurring, texts.labels)
    if (probabilities.argmax(1) == labels).mean() < MIN_ACCURACY:
        return []
    places = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [
        Doubt(
            row=texts.rows[place],
            label=texts.names[texts.labels[place]],
            suggested=texts.names[occurring[int(probabilities[place].argmax())]],
            probability=round(float(probabilities[place][labels[place]]), 4),
            text=texts.texts[place],
        )
        for place in places[: min(MOST, int(MOST_SHARE * len(labels)))]
    ]


def write_table(path: Path, texts: Texts, found: Sequence[Doubt]) -> None:
    """Write a table for a spreadsheet: texts with two labels first, then the doubts."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", "label", "suggested", "probability of the label", "text"])
        for conflict in texts.conflicts:
            for row, label in zip(conflict.rows, conflict.labels, strict=True):
                table.writerow([row, label, "the same text has several labels", "", harmless(conflict.text)])
        for doubt in found:
            table.writerow(
                [doubt.row, harmless(doubt.label), harmless(doubt.suggested), doubt.probability, harmless(doubt.text)]
            )
