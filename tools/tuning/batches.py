"""Batches of texts of similar length, so that little is computed for padding."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

#: Batches among whose texts those of similar length are gathered: sorted all at once, the batches would be the same in
#: every epoch, and each would have the labels that go with its length.
POOL_BATCHES = 16


@dataclass(frozen=True, slots=True)
class BatchSize:
    texts: int
    tokens: int  #: with padding: what bounds memory


def shuffled(places: Sequence[int], widths: Sequence[int], size: BatchSize, seed: str) -> list[list[int]]:
    """Return all of `places` once, as batches in random order; `widths` are the tokens of every text."""
    dice = random.Random(seed)
    rest = list(places)
    dice.shuffle(rest)
    pool = POOL_BATCHES * size.texts
    made = [
        batch for start in range(0, len(rest), pool) for batch in by_length(rest[start : start + pool], widths, size)
    ]
    dice.shuffle(made)
    return made


def by_length(places: Sequence[int], widths: Sequence[int], size: BatchSize) -> list[list[int]]:
    """Return all of `places` once, as batches from the longest texts to the shortest."""
    made: list[list[int]] = []
    for place in sorted(places, key=lambda place: (-widths[place], place)):
        # The first of a batch is its widest.
        if not made or len(made[-1]) >= min(size.texts, max(1, size.tokens // widths[made[-1][0]])):
            made.append([])
        made[-1].append(place)
    return made


def padded_tokens(batch: Sequence[int], widths: Sequence[int]) -> int:
    return len(batch) * max(widths[place] for place in batch)
