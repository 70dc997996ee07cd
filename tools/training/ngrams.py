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
from scipy.optimize import minimize
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from tools.training.outputs import Logits, Shares, loss, outputs, slope
from tools.training.tokens import MAX_VOCABULARY, Ids

#: Rows of the table of weights for 1-, 2-, 3- and 4-grams; powers of two.
TABLES = (MAX_VOCABULARY, 1 << 19, 1 << 21, 1 << 21)
#: Odd and below 2**16. Their low bits differ, or frequent pairs such as (a, b) and (a + 64, b + 64) would share a row.
MULTIPLIERS = (40_503, 57_649, 34_159, 62_233)
BITS = 21  #: of a product that count: the largest table has as many rows
EDGE = (1, 2)  #: zeros before and after a text, so that each of its positions has all its n-grams
SMOOTHING = 1.0  #: added to every count before the log ratio
STRENGTH = 4.0  #: inverse regularisation of the logistic regression
MAX_STEPS = 300  #: of L-BFGS, which needs about a hundred


@dataclass(frozen=True, slots=True)
class Linear:
    """The logits of a text are the sums of its n-grams' weights / √length, plus `bias`."""

    tables: tuple[NDArray[np.float32], ...]  # [rows of TABLES, outputs]
    bias: NDArray[np.float32]  # [outputs]

    def logits(self, texts: Sequence[Ids]) -> Logits:
        weights = np.concatenate(self.tables)
        return np.array([weights[features(ids)].sum(axis=0) / np.sqrt(len(ids)) + self.bias for ids in texts])


def hashes(edged: Any) -> Iterator[Any]:
    """Hashes of the 2-, 3- and 4-gram that begin one before each position.

    `edged` is an integer array or tensor `[..., sum(EDGE) + tokens]`; each hash is `[..., tokens]`. The same code
    counts n-grams here and looks them up in the exported network.
    """
    tokens = edged.shape[-1] - sum(EDGE)
    total = _product(edged[..., :tokens], MULTIPLIERS[0])
    for offset, multiplier in enumerate(MULTIPLIERS[1:], start=1):
        total = total + _product(edged[..., offset : offset + tokens], multiplier)
        yield total


def _product(ids: Any, multiplier: int) -> Any:
    """Return numbers whose last BITS bits are those of `ids` times `multiplier`, and which are below 2**22.

    OpenVINO multiplies integers as float32 on Arm (docs/adr/0079-integers-on-arm.md), which is exact below 2**24: there
    four of these have room, while whole products would lose the bits that choose the row.
    """
    high, low = divmod(multiplier, 1 << 8)
    return ids * low + (ids * high & (1 << BITS - 8) - 1) * (1 << 8)


def features(ids: Ids) -> Ids:
    """Rows of all n-grams of a text in the tables laid end to end."""
    rows = [ids, *hashes(np.pad(ids, EDGE))]
    starts = np.cumsum([0, *TABLES[:-1]])
    return np.concatenate([start + (row & (size - 1)) for start, row, size in zip(starts, rows, TABLES, strict=True)])


def fit_linear(texts: Sequence[Ids], targets: Shares) -> Linear:
    """Fit the weights; `targets` are what the probabilities of the labels should be, ``[texts, labels]``."""
    counts, columns = _counts(texts)
    labels = targets.shape[1]
    aims = targets[:, 1:] if outputs(labels) == 1 else targets
    for_it, against = (np.asarray(counts.T @ part) + SMOOTHING for part in (aims, 1 - aims))
    ratio = np.log((for_it / for_it.sum(axis=0)) / (against / against.sum(axis=0)))
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    scale = ratio * (np.log((1 + len(texts)) / (1 + document_frequency)) + 1)[:, None]
    lengths = np.array([len(ids) for ids in texts])
    counts.data /= np.repeat(np.sqrt(lengths), np.diff(counts.indptr)).astype(np.float32)
    scale /= np.sqrt(counts.power(2) @ scale**2).mean(axis=0)
    weights, bias = _regress(counts, scale.astype(np.float32), targets)
    table = np.zeros((sum(TABLES), scale.shape[1]), dtype=np.float32)
    table[columns] = weights
    return Linear(tuple(np.split(table, np.cumsum(TABLES[:-1]))), bias)


def _regress(
    counts: sp.csr_matrix, scale: NDArray[np.float32], targets: Shares
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return weights ``[columns, outputs]`` and bias of the logistic regression of scaled counts, by L-BFGS.

    scikit-learn's would need each text once for every label to learn probabilities.
    """
    texts, width = counts.shape[0], scale.shape[1]

    def parts(numbers: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        weights = numbers[width:].astype(np.float32).reshape(scale.shape)
        return weights, numbers[:width].astype(np.float32)

    def objective(numbers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = parts(numbers)
        logits = (counts @ (weights * scale) + bias).astype(np.float64)
        slopes = slope(logits, targets) / texts
        penalty = 1 / (STRENGTH * texts)
        back = (counts.T @ slopes.astype(np.float32)) * scale + penalty * weights
        found = loss(logits, targets) + penalty / 2 * float(np.vdot(weights, weights))
        return found, np.concatenate([slopes.sum(axis=0), back.ravel().astype(np.float64)])

    found = minimize(
        objective, np.zeros(width + scale.size), jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS}
    )
    weights, bias = parts(found.x)
    return weights * scale, bias


def baseline_predictions(train: Sequence[str], labels: NDArray[np.int64], texts: Sequence[str]) -> NDArray[np.int64]:
    """What the model has to beat: TF-IDF of character 1- to 3-grams and logistic regression, not hashed."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    one = LogisticRegression(C=4.0, solver="liblinear")
    model = OneVsRestClassifier(one).fit(vectorizer.fit_transform(train), labels)
    predictions: NDArray[np.int64] = model.predict(vectorizer.transform(texts))
    return predictions


def _counts(texts: Sequence[Ids]) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """Return how often each n-gram occurs in each text, and the rows of the tables that its columns stand for."""
    indices = [features(ids).astype(np.int32) for ids in texts]
    ends = np.cumsum([0, *(len(row) for row in indices)])
    there = np.zeros(sum(TABLES), dtype=bool)
    for row in indices:
        there[row] = True
    columns = np.flatnonzero(there)
    places = np.cumsum(there, dtype=np.int32) - 1
    found = (np.ones(ends[-1], dtype=np.float32), places[np.concatenate(indices)], ends)
    matrix = sp.csr_matrix(found, shape=(len(texts), len(columns)))
    matrix.sum_duplicates()
    return matrix, columns
