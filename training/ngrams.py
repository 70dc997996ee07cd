"""The linear part: logistic regression over hashed character 1- to 3-grams, scaled by naive Bayes log ratios.

Source of the scaling: Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification"
(ACL 2012). The hashes are computed again inside the network (`training/network.py`), so both must agree; they stay
below 2**31, since OpenVINO computes in 32-bit integers on CPUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from training.tokens import Ids

UNIGRAMS = 1 << 13  #: above the size of the vocabulary
BIGRAMS = 1 << 19
TRIGRAMS = 1 << 21
MULTIPLIER = 8191
PAIR_MASK = (1 << 17) - 1  #: bits of a pair that go into a trigram's hash
SMOOTHING = 1.0  #: added to every count before the log ratio
STRENGTH = 4.0  #: inverse regularisation of the logistic regression


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights per n-gram; the logit of a text is the sum over its n-grams / √length, plus `bias`."""

    unigrams: NDArray[np.float32]  # [UNIGRAMS]
    bigrams: NDArray[np.float32]  # [BIGRAMS]
    trigrams: NDArray[np.float32]  # [TRIGRAMS]
    bias: float


def features(ids: Ids) -> Ids:
    """Indices of all n-grams of a text into one long vector; a text is surrounded by padding (id 0)."""
    padded = np.concatenate([[0], ids, [0]])
    pairs = padded[:-1] * MULTIPLIER + padded[1:]
    triples = (pairs[:-1] & PAIR_MASK) * MULTIPLIER + padded[2:]
    return np.concatenate(
        [ids, UNIGRAMS + (pairs[:-1] & (BIGRAMS - 1)), UNIGRAMS + BIGRAMS + (triples & (TRIGRAMS - 1))]
    )


def fit_linear(texts: Sequence[Ids], labels: NDArray[np.int64]) -> Linear:
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
    unigrams, bigrams, trigrams = np.split(weights, [UNIGRAMS, UNIGRAMS + BIGRAMS])
    return Linear(unigrams, bigrams, trigrams, float(model.intercept_[0]))


def baseline_predictions(train: Sequence[str], labels: NDArray[np.int64], texts: Sequence[str]) -> NDArray[np.int64]:
    """What the model has to beat: TF-IDF of character 1- to 3-grams and logistic regression, not hashed."""
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=4.0, solver="liblinear").fit(vectorizer.fit_transform(train), labels)
    predictions: NDArray[np.int64] = model.predict(vectorizer.transform(texts))
    return predictions


def _counts(texts: Sequence[Ids]) -> sp.csr_matrix:
    indices = [features(ids) for ids in texts]
    ends = np.cumsum([0, *(len(i) for i in indices)])
    shape = (len(texts), UNIGRAMS + BIGRAMS + TRIGRAMS)
    matrix = sp.csr_matrix((np.ones(ends[-1]), np.concatenate(indices), ends), shape=shape)
    matrix.sum_duplicates()
    return matrix
