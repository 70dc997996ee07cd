"""Rows for people: the columns of their file as they were, and after them what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from api.cell_kinds import TEXT, Value, certain, restored
from api.export.rows import ResultRow, View, kept_columns, text_position
from api.export.tabular import aspect_labels
from api.export.workbook.words import Words
from api.export.workbook.xlsx import CELL_UNITS, SHORT_CHARS, shortened
from sentiq.jobs.types import Job


class Table:
    """Makes the headings and rows of a sheet: few columns, in the language of the request."""

    def __init__(self, job: Job, view: View) -> None:
        self.words = Words(view.language)
        columns = kept_columns(job, view)
        if columns:
            own = [name or self.words("column", number=n) for n, name in enumerate(columns, start=1)]
            self.text_at: int | None = text_position(job)
        else:
            has_ids = job.file is None or job.file.id_number is not None
            own = [self.words(name) for name in ("index", *(("custom_id",) if has_ids else ()))]
            self.text_at = len(own) if view.text else None
            own += [self.words("text")] if view.text else []
            self._has_ids = has_ids
        of_models = [self.words("language"), self.words("model")] if view.languages else []
        found = [self.words("label"), self.words("score"), *view.aspects, *of_models, self.words("note")]
        self.headings = _unlike([*own, *found])
        self._languages, self._found = view.languages, len(found)
        self._aspects = view.aspects
        self._value = reader(job)
        self._columns, self._text = bool(columns), view.text

    def columns(self, rows: Sequence[ResultRow]) -> list[Sequence[Value]]:
        """Return the cells of rows, at least one, in the order of the headings, column by column."""
        own = self._own(rows)
        noted = {at: self._notes(row, own, at) for at, row in enumerate(rows) if _is_remarkable(row)}
        return [
            *own,
            [None if row.label is None else self.words.label(row.label) for row in rows],
            [row.score for row in rows],
            *self._labels_of_aspects(rows),
            *([[row.language or None for row in rows], [row.model for row in rows]] if self._languages else ()),
            [noted.get(at) for at in range(len(rows))] if noted else [None] * len(rows),
        ]

    def _labels_of_aspects(self, rows: Sequence[ResultRow]) -> list[list[Value]]:
        """Return the cells of the aspects' columns, in their order."""
        labels = [aspect_labels(row, self._aspects) for row in rows]
        return [
            [None if label is None else self.words.label(label) for label in column]
            for column in zip(*labels, strict=True)
        ]

    def _own(self, rows: Sequence[ResultRow]) -> list[Sequence[Value]]:
        if self._columns:
            lines = zip_longest(*[own_cells(row, self._value) for row in rows])
            found: list[Sequence[Value]] = list(lines)
            return found + [[None] * len(rows)] * (
                len(self.headings) - self._found - len(found)
            )  # of lines that were not read
        found = [[row.number for row in rows]]
        if self._has_ids:
            found.append([row.custom_id for row in rows])
        return [*found, [row.text for row in rows]] if self._text else found

    def _notes(self, row: ResultRow, own: Sequence[Sequence[Value]], at: int) -> str:
        words, notes = self.words, []
        if row.error:
            notes.append(words.reason(row.error))
        if row.truncated:
            notes.append(words("read_in_part"))
        if row.degraded:
            notes.append(words("stood_in", model=row.model))
        for heading, values in zip(self.headings, own, strict=False):
            value = values[at]
            if isinstance(value, str) and shortened(value) is not value:
                notes.append(words("cut", heading=heading, units=f"{CELL_UNITS:,}"))
        return words.between.join(notes)


Reader = Callable[[int, str, str], Value]


def reader(job: Job) -> Reader:
    """Return a function from the column, text and kind of a cell to its value in the sheet.

    A cell of a workbook gets back its kind. In other files only certain values are converted; texts and ids stay texts.
    """
    if job.file is None or job.file.format == "xlsx":
        return lambda _, text, kind: restored(text, kind)
    names = {text_position(job), *(number - 1 for number in job.file.text_numbers), (job.file.id_number or 0) - 1}
    return lambda at, text, _: text if at in names else certain(text)


def own_cells(row: ResultRow, value: Reader) -> list[Value]:
    """Return the values of the file's cells."""
    kinds = row.kinds + TEXT * (len(row.cells) - len(row.kinds))
    return [value(at, cell, kind) for at, (cell, kind) in enumerate(zip(row.cells, kinds, strict=False))]


def _is_remarkable(row: ResultRow) -> bool:
    """Tell whether there may be something to say of a row; of most there is not."""
    longest = max(len(row.text), *map(len, row.cells)) if row.cells else len(row.text)
    return row.error is not None or row.truncated or row.degraded or longest > SHORT_CHARS


def _unlike(headings: Sequence[str]) -> list[str]:
    """Add a number to each heading that occurred before: tables of spreadsheets need unique names."""
    found: list[str] = []
    taken: set[str] = set()
    for heading in headings:
        name, number = heading, 1
        while name.casefold() in taken:
            number += 1
            name = f"{heading} ({number})"
        taken.add(name.casefold())
        found.append(name)
    return found
