"""The linear part: logistic regression over hashed character 1- to 4-grams, scaled by naive Bayes log ratios.

Source of the scaling: Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification"
(ACL 2012), here times the inverse document frequency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tools.training.tokens import Ids

#: Rows of the table of weights for 1-, 2-, 3- and 4-grams; powers of two, the first above the vocabulary's size.
TABLES = (1 << 13, 1 << 19, 1 << 21, 1 << 21)
#: Odd and below 2**16: with ids below 2**13 a hash stays below 2**31, for OpenVINO computes in 32 bits on CPUs.
#: Their low bits differ, or frequent pairs such as (a, b) and (a + 64, b + 64) would share a row.
MULTIPLIERS = (40_503, 57_649, 34_159, 62_233)
EDGE = (1, 2)  #: zeros before and after a text, so that each of its positions has all its n-grams
SMOOTHING = 1.0  #: added to every count before the log ratio
STRENGTH = 4.0  #: inverse regularisation of the logistic regression


@dataclass(frozen=True, slots=True)
class Linear:
    """The logit of a text is the sum of its n-grams' weights / √length, plus `bias`."""

    tables: tuple[NDArray[np.float32], ...]  # of the lengths TABLES
    bias: float

    def logits(self, texts: Sequence[Ids]) -> NDArray[np.float64]:
        weights = np.concatenate(self.tables)
        return np.array([weights[features(ids)].sum() / np.sqrt(len(ids)) + self.bias for ids in texts])


def hashes(edged: Any) -> Iterator[Any]:
    """Hashes of the 2-, 3- and 4-gram that begin one before each position.

    `edged` is an integer array or tensor `[..., sum(EDGE) + tokens]`; each hash is `[..., tokens]`. The same code
    counts n-grams here and looks them up in the exported network.
    """
    tokens = edged.shape[-1] - sum(EDGE)
    total = edged[..., :tokens] * MULTIPLIERS[0]
    for offset, multiplier in enumerate(MULTIPLIERS[1:], start=1):
        total = total + edged[..., offset : offset + tokens] * multiplier
        yield total


def features(ids: Ids) -> Ids:
    """Rows of all n-grams of a text in the tables laid end to end."""
    rows = [ids, *hashes(np.pad(ids, EDGE))]
    starts = np.cumsum([0, *TABLES[:-1]])
    return np.concatenate([start + (row & (size - 1)) for start, row, size in zip(starts, rows, TABLES, strict=True)])


def fit_linear(texts: Sequence[Ids], labels: NDArray[np.int64]) -> Linear:
    """Fit the weights on labelled texts; `labels` are 0 or 1, `[texts]`."""
    counts = _counts(texts)
    positive = np.asarray(counts[labels == 1].sum(axis=0)).ravel() + SMOOTHING
    negative = np.asarray(counts[labels == 0].sum(axis=0)).ravel() + SMOOTHING
    ratio = np.log((positive / positive.sum()) / (negative / negative.sum()))
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    scale = ratio * (np.log((1 + len(texts)) / (1 + document_frequency)) + 1)
    lengths = np.array([len(ids) for ids in texts])
    scaled = sp.diags(1 / np.sqrt(lengths)) @ counts @ sp.diags(scale)
    norm = float(np.sqrt(scaled.multiply(scaled).sum(axis=1)).mean())
    model = LogisticRegression(C=STRENGTH, solver="liblinear").fit(scaled / norm, labels)
    weights = (model.coef_[0] * scale / norm).astype(np.float32)
    return Linear(tuple(np.split(weights, np.cumsum(TABLES[:-1]))), float(model.intercept_[0]))


def baseline_predictions(train: Sequence[str], labels: NDArray[np.int64], texts: Sequence[str]) -> NDArray[np.int64]:
    """What the model has to beat: TF-IDF of character 1- to 3-grams and logistic regression, not hashed."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=4.0, solver="liblinear").fit(vectorizer.fit_transform(train), labels)
    predictions: NDArray[np.int64] = model.predict(vectorizer.transform(texts))
    return predictions


def _counts(texts: Sequence[Ids]) -> sp.csr_matrix:
    indices = [features(ids) for ids in texts]
    ends = np.cumsum([0, *(len(i) for i in indices)])
    matrix = sp.csr_matrix((np.ones(ends[-1]), np.concatenate(indices), ends), shape=(len(texts), sum(TABLES)))
    matrix.sum_duplicates()
    return matrix
