"""Gathers the rows of both sides of a comparison, all of them or a uniform sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from api.export.phrases.question import Question
from api.export.rows import READINGS_CACHED, Filter, Reading, ResultRow, View, chunk_rows, reading_of, text_position
from api.schemas.phrases import Against
from sentiq.jobs.chunk_result import ChunkResult
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


class _Rows:
    """The rows of a chunk, read once for each view of them."""

    def __init__(self, chunk: ChunkResult, text_at: int | None, read: Callable[..., Reading]) -> None:
        self._chunk, self._text_at, self._read = chunk, text_at, read
        self._found: dict[str, list[ResultRow]] = {}

    def of(self, view: View) -> list[ResultRow]:
        """Return the rows that a view shows."""
        key = repr(view)  # a view that came through a pipe has lists, which have no hash
        if key not in self._found:
            self._found[key] = list(chunk_rows(self._chunk, self._text_at, view, self._read))
        return self._found[key]


class Comparison:
    """The rows that a question is about, and those they are compared with."""

    def __init__(self, question: Question, *, with_aspects: bool) -> None:
        """Begin without rows. `with_aspects`: some question needs what they say of aspects."""
        chosen = question.view.filter
        aspects = question.view.aspects if with_aspects else ()
        self.here, self.there = Side(), Side()
        self._aspect = None if chosen.aspect is None else question.view.aspects[chosen.aspect]
        self._view = replace(question.view, aspects=aspects)
        self._others = replace(self._view, filter=other_filter(chosen, question.against))

    def add(self, rows: _Rows) -> None:
        """Add the rows of a chunk."""
        taken = set()
        for row in rows.of(self._view):
            taken.add(row.number)
            _add(self.here, row, self._aspect)
        for row in rows.of(self._others):
            if row.number not in taken:
                _add(self.there, row, self._aspect)


def gather(chunks: Iterable[ChunkResult], job: Job, questions: Sequence[Question]) -> tuple[list[Comparison], set[str]]:
    """Return the rows of each question, and the labels that the models have.

    Every chunk is read once, and its rows once for each filter: questions that differ in one side share the other.
    """
    read, text_at = lru_cache(READINGS_CACHED)(reading_of), text_position(job)
    with_aspects = any(question.view.filter.aspect is not None for question in questions)
    found = [Comparison(question, with_aspects=with_aspects) for question in questions]
    labels = set[str]()
    for chunk in chunks:
        labels.update(chunk.answers.labels)
        rows = _Rows(chunk, text_at, read)
        for comparison in found:
            comparison.add(rows)
    return found, labels


def _add(side: Side, row: ResultRow, aspect: str | None) -> None:
    """Add a row: what it says of the aspect where one is asked for and it speaks of it, otherwise its text."""
    if row.label is None:
        return
    said = None if aspect is None else next((of for of in row.aspects if of.aspect == aspect), None)
    text, label = (row.text, row.label) if said is None else (said.clause, said.label)
    side.add(Row(row.number, text[:TEXT_CHARS], label))
