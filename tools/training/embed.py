"""First values of the convolution's embeddings: what stands near a character or a pair, labels unseen.

Positive pointwise mutual information with the characters nearby, factorised (Levy, Goldberg and Dagan, "Improving
Distributional Similarity with Lessons Learned from Word Embeddings", TACL 2015). Texts without labels help here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from tools.training.ngrams import EDGE, hashes
from tools.training.tokens import UNKNOWN, Ids

WINDOW = 5  #: characters to either side, weighted by 1 / distance
CONTEXT_POWER = 0.75  #: makes rare contexts count less
DEVIATION = 0.1  #: standard deviation of the embeddings' values, as of randomly drawn ones


def embeddings(
    texts: Sequence[Ids], *, characters: tuple[int, int], pairs: tuple[int, int], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings of characters and of hashed pairs, each of the shape `(rows, columns)` asked for."""
    gap = np.zeros(WINDOW + 1, dtype=np.int64)
    stream = np.concatenate([part for ids in texts for part in (gap, ids)] + [gap])
    pair, *_ = hashes(np.pad(stream, EDGE))
    pair = np.where(stream > 0, pair & (pairs[0] - 1), 0)
    return (
        _factorise(_nearby(stream, stream, 1, (characters[0], characters[0])), characters[1], seed),
        _factorise(_nearby(pair, stream, 2, (pairs[0], characters[0])), pairs[1], seed),
    )


def _nearby(units: Ids, stream: Ids, length: int, shape: tuple[int, int]) -> sp.csr_matrix:
    """How often each unit, `length` characters that end at its position, stands near each character."""
    counts = sp.csr_matrix(shape)
    for distance in range(1, WINDOW + 1):
        before, after = distance + length - 1, distance
        for unit, context in ((units[before:], stream[:-before]), (units[:-after], stream[after:])):
            real = (unit > 0) & (context > UNKNOWN)
            weights = np.full(np.count_nonzero(real), 1 / distance)
            counts = counts + sp.coo_matrix((weights, (unit[real], context[real])), shape=shape).tocsr()
    return counts


def _factorise(counts: sp.csr_matrix, columns: int, seed: int) -> NDArray[np.float32]:
    of_unit = np.asarray(counts.sum(axis=1)).ravel()
    of_context = np.asarray(counts.sum(axis=0)).ravel() ** CONTEXT_POWER
    entries = counts.tocoo()
    information = np.log(entries.data / of_unit[entries.row] / of_context[entries.col] * of_context.sum())
    table = sp.csr_matrix((np.maximum(information, 0), (entries.row, entries.col)), shape=counts.shape)
    left, strengths, _ = randomized_svd(table, columns, n_iter=4, random_state=seed)
    vectors = left * np.sqrt(strengths)
    return (vectors * (DEVIATION / vectors.std())).astype(np.float32)
