"""Counts answers against labels, row by row, in memory that does not grow with the rows."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

BINS = 15  #: of the calibration curve
MISTAKES = 20  #: that are kept
SOURCES = 200  #: that are told apart; rows of further ones count as OTHER_SOURCES
LABELS = 50  #: of people that are told apart; a file with more has no labels in that column
TEXT_CHARS = 300  #: of a mistake that are kept
OTHER_SOURCES = "…"


class TooManyLabels(ValueError):
    """The column of labels holds more different values than `LABELS`."""


class Cell(NamedTuple):
    """What rows that are counted together have in common."""

    source: str
    label: str  #: by people
    predicted: str
    bin: int | None  #: of the calibration curve; None where the score is no probability


class Answer(NamedTuple):
    """A row that is kept, to be shown; the first field orders them."""

    score: float  #: of the predicted label, 0 to 1
    row: int
    text: str
    label: str
    predicted: str
    source: str


@dataclass(slots=True)
class Tally:
    """Counts of rows by source, label, prediction and score; and the surest answers of each pair of labels."""

    rows: Counter[Cell] = field(default_factory=Counter)
    scores: dict[Cell, float] = field(default_factory=dict)  #: sums
    surest: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)  #: heaps by label and prediction
    without_label: int = 0  #: rows with an answer that nobody has labelled, or with a label that says nothing
    without_answer: int = 0  #: rows with a label that have no prediction
    _sources: set[str] = field(default_factory=set)

    def add(self, answer: Answer, *, is_probability: bool = True) -> None:
        """Count a row with an answer and a label. Raises TooManyLabels."""
        score, _, _, label, predicted, source = answer
        if source not in self._sources:
            if len(self._sources) < SOURCES:
                self._sources.add(source)
            else:
                source = OTHER_SOURCES
        cell = Cell(source, label, predicted, min(int(score * BINS), BINS - 1) if is_probability else None)
        self.rows[cell] += 1
        self.scores[cell] = self.scores.get(cell, 0.0) + score
        heap = self.surest.get((label, predicted))
        if heap is None:
            heap = self.surest[label, predicted] = []
            if len({label for label, _ in self.surest}) > LABELS:
                raise TooManyLabels(f"more than {LABELS} different values")
        if len(heap) < MISTAKES or score > heap[0].score:
            kept = answer._replace(text=answer.text[:TEXT_CHARS])
            (heapq.heappush if len(heap) < MISTAKES else heapq.heappushpop)(heap, kept)

    def labels(self) -> set[str]:
        """Return the labels of people that were counted."""
        return {label for label, _ in self.surest}

    def renamed(self, meant: Mapping[str, str]) -> Tally:
        """Return the same with other names of the labels of people; rows with one that has none are `without_label`."""
        made = Tally(without_label=self.without_label, without_answer=self.without_answer, _sources=set(self._sources))
        for cell, count in self.rows.items():
            if cell.label not in meant:
                made.without_label += count
                continue
            named = cell._replace(label=meant[cell.label])
            made.rows[named] += count
            made.scores[named] = made.scores.get(named, 0.0) + self.scores[cell]
        for (label, predicted), heap in self.surest.items():
            if label in meant:
                name = meant[label]
                both = made.surest.get((name, predicted), []) + [answer._replace(label=name) for answer in heap]
                made.surest[name, predicted] = heapq.nlargest(MISTAKES, both)[::-1]
        return made

    def mistakes(self) -> list[Answer]:
        """Return the surest answers that are not the label, the surest first."""
        wrong = [answer for (label, said), heap in self.surest.items() if label != said for answer in heap]
        return heapq.nlargest(MISTAKES, wrong, key=lambda answer: (answer.score, -answer.row))
