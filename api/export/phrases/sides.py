"""Gathers the rows of both sides of a comparison, all of them or a uniform sample."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from api.export.rows import READINGS_CACHED, Filter, ResultRow, View, chunk_rows, reading_of, text_position
from api.schemas.phrases import Against
from sentiq.jobs.results import ChunkResult
from sentiq.jobs.types import Job

#: Rows of a side that are looked at, and characters of them: some seconds, and at most 100 MB. More rows are sampled;
#: with so many, a phrase that one row in a hundred has is counted to a tenth.
ROWS, CHARS = 25_000, 2_500_000
TEXT_CHARS = 500  #: read of a text
SEED = 1


class Row(NamedTuple):
    number: int
    text: str  # its first `TEXT_CHARS`
    label: str


class Side:
    """Rows of one side: all, or a uniform sample of them (Algorithm R: J. S. Vitter, ACM TOMS 11 (1985), 37-57)."""

    def __init__(self, most: int = ROWS, chars: int = CHARS) -> None:
        self.total = 0
        self._most, self._chars = most, chars
        self._kept: list[Row] = []
        self._dice = random.Random(SEED)

    def add(self, row: Row) -> None:
        self.total += 1
        if len(self._kept) < self._most:
            self._kept.append(row)
        else:
            at = self._dice.randrange(self.total)
            if at < self._most:
                self._kept[at] = row

    def rows(self) -> list[Row]:
        """Return the rows to look at, in their order: those kept, or as many of them as their characters allow."""
        chars, looked_at = 0, []
        for row in self._dice.sample(self._kept, len(self._kept)):
            chars += len(row.text)
            if chars > self._chars:
                break
            looked_at.append(row)
        return sorted(looked_at)


def other_filter(chosen: Filter, against: Against) -> Filter:
    """Return the filter of the rows that those of `chosen` are compared with; those of `chosen` are left out later."""
    match against:
        case "rest":
            return Filter()
        case "labels":
            return replace(chosen, labels=(), min_score=0.0, max_score=1.0)
        case "groups":
            return Filter(labels=chosen.labels, min_score=chosen.min_score, max_score=chosen.max_score)


def gather(chunks: Iterable[ChunkResult], job: Job, view: View, against: Against) -> tuple[Side, Side, set[str]]:
    """Return the rows that the view shows, those they are compared with, and the labels that the models have."""
    read, text_at = lru_cache(READINGS_CACHED)(reading_of), text_position(job)
    aspect = None
    if view.filter.aspect is None:
        view = replace(view, aspects=())  # then none is read
    else:
        aspect = view.aspects[view.filter.aspect]
    others = replace(view, filter=other_filter(view.filter, against))
    here, there, labels = Side(), Side(), set[str]()
    for chunk in chunks:
        labels.update(chunk.answers.labels)
        taken = set()
        for row in chunk_rows(chunk, text_at, view, read):
            taken.add(row.number)
            _add(here, row, aspect)
        for row in chunk_rows(chunk, text_at, others, read):
            if row.number not in taken:
                _add(there, row, aspect)
    return here, there, labels


def _add(side: Side, row: ResultRow, aspect: str | None) -> None:
    """Add a row: what it says of the aspect where one is asked for and it speaks of it, otherwise its text."""
    if row.label is None:
        return
    said = next((reading for reading in row.aspects if reading.aspect == aspect), None)
    text, label = (row.text, row.label) if said is None else (said.clause, said.label)
    side.add(Row(row.number, text[:TEXT_CHARS], label))
