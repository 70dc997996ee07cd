"""By what rows of a job can be crossed: a column of the file, a period, their label, language, or aspects of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from api.export.matching import taken
from api.export.periods import Begins, Step, cut, named
from api.export.rows import Filter, column_cells, languages_of
from api.schemas.results import VALUE_CHARS
from sentiq.jobs.codec import OutputColumns
from sentiq.jobs.dates import DateOrder
from sentiq.jobs.input_codec import InputColumns

#: A cell, a label, a language, the first minute of a step, or the place of an aspect; "" where a row has nothing of the
#: kind.
Value = str | int

PERIODS: tuple[Step, ...] = ("hour", "day", "week", "month")
LABEL, LANGUAGE, ASPECT = "label", "language", "aspect"


class Counted(NamedTuple):
    """What is counted of one chunk, each at its place: rows, or what rows say of aspects."""

    given: InputColumns
    answers: OutputColumns
    offsets: Sequence[int]  # of the row
    labels: Sequence[str]  # what it is counted as
    mentions: Sequence[int] | None = None  # places among the chunk's mentions; None: rows are counted


class Axis(Protocol):
    """One of the two things that are crossed."""

    name: str  #: "column 3", "period", "label", "language" or "aspect"; two that are crossed have different ones
    is_ordered: bool  #: its values have an order of their own; others come by their size

    def values(self, counted: Counted) -> Sequence[Value]:
        """Return the value of each that is counted."""

    def shown(self, value: Value) -> str:
        """Return a value as people read it."""

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        """Return the parameters of `results` that take its rows; None where none do."""


class ColumnAxis:
    """The cells of a column that the job kept."""

    is_ordered = False

    def __init__(self, at: int, names: Sequence[str], text_at: int | None) -> None:
        """`names`: the headings of all columns; `text_at`: see `text_position`."""
        self.name = f"column {at + 1}"
        self._at, self._text_at = at, text_at
        self.named = names[at] if names[at] and names.count(names[at]) == 1 else str(at + 1)

    def values(self, counted: Counted) -> Sequence[Value]:
        return taken(column_cells(counted.given, self._at, self._text_at), counted.offsets)

    def shown(self, value: Value) -> str:
        return str(value)

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        text = str(value)
        return {"column": self.named, "value": text} if len(text) <= VALUE_CHARS else None


class LabelAxis:
    """What rows are counted as."""

    name = LABEL
    is_ordered = False

    def values(self, counted: Counted) -> Sequence[Value]:
        return counted.labels

    def shown(self, value: Value) -> str:
        return str(value)

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        return {"only": str(value)} if value in ("failed", "without_text") else {"label": str(value)}


class LanguageAxis:
    """The languages of rows."""

    name = LANGUAGE
    is_ordered = False

    def values(self, counted: Counted) -> Sequence[Value]:
        return taken(list(languages_of(counted.given, counted.answers)), counted.offsets)

    def shown(self, value: Value) -> str:
        return str(value)

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        return {"language": str(value)} if value else None


class PeriodAxis:
    """The steps of time in which rows were written."""

    name = "period"
    is_ordered = True

    def __init__(self, step: Step, order: DateOrder | None, chosen: Filter) -> None:
        """`chosen`: the rows that are crossed; its dates may cut the first step and the last one."""
        self._step, self._order, self._chosen, self._begins = step, order, chosen, Begins(step)

    def values(self, counted: Counted) -> Sequence[Value]:
        begins = self._begins.of(counted.given.dates(self._order))
        return ["" if begin is None else begin for begin in taken(begins, counted.offsets)]

    def shown(self, value: Value) -> str:
        return value if isinstance(value, str) else named(self._step, value)[0]

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        if isinstance(value, str):
            return None
        first, last = cut(self._step, value, self._chosen.since, self._chosen.until)
        return {"from": first, "to": last}


class AspectAxis:
    """The aspects of which texts speak; a row counts once for each."""

    name = ASPECT
    is_ordered = False

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def values(self, counted: Counted) -> Sequence[Value]:
        columns = counted.answers.aspects
        return [] if columns is None else taken(columns.aspects, counted.mentions or ())

    def shown(self, value: Value) -> str:
        return self._names[int(value)]

    def parameters(self, value: Value) -> Mapping[str, str] | None:
        return {"aspect": self.shown(value)}
