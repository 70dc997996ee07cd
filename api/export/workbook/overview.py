"""Writes the summary sheet of a workbook: rows by label with a chart, and by the values of one column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from api.cell_kinds import TEXT, Number, Value
from api.export.groups import OPENED, Groups, labels_first
from api.export.rows import ResultRow, View
from api.export.workbook.table import reader
from api.export.workbook.words import Words
from api.export.workbook.xlsx import Book, Sheet
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

SHARE = "0.0%"  #: number format
CHART_AT, CHART_ENDS = "E3", 18  #: where the chart is, and rows after which nothing is under it


class Overview:
    """Counts the rows that are written, and writes the summary of them."""

    def __init__(self, job: Job, view: View) -> None:
        self._job, self._by = job, view.by
        self._words = Words(view.language)
        self._counts: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._truncated = 0
        self._groups = Groups()
        self._reader = reader(job)
        self._values: dict[str, Value] = {}  # what the texts of the column are in the sheet of rows

    def count(self, rows: Sequence[ResultRow]) -> None:
        """Count rows."""
        self._counts.update([row.counts_as for row in rows])
        self._models.update([row.model for row in rows if row.model and row.error is None])
        self._languages.update([row.language for row in rows if row.language])
        self._truncated += sum(row.truncated for row in rows)
        if self._by is not None:
            for row in rows:
                self._group(row, self._by)

    def _group(self, row: ResultRow, at: int) -> None:
        text = row.cells[at] if at < len(row.cells) else ""
        self._groups.of(text)[row.counts_as] += 1
        if text not in self._values and len(self._values) < OPENED:
            self._values[text] = self._reader(at, text, row.kinds[at] if at < len(row.kinds) else TEXT)

    def write(self, book: Book) -> None:
        """Add a sheet after those of the rows."""
        words, counts = self._words, labels_first(self._counts)
        total, labelled = sum(counts.values()), sum(counts.values()) - counts[FAILED] - counts[WITHOUT_TEXT]
        sheet = book.sheet(words("summary"))
        sheet.frame.set_column(0, 0, 24)
        sheet.add([self._job.options.name or self._job.id], bold=True)
        sheet.add([words("model"), self._job.answered_by])
        sheet.add([])
        sheet.add([words("label"), words("rows"), words("share")], bold=True)
        first = sheet.rows
        for name, rows in counts.items():
            sheet.add([words.outcome(name), rows, _share(rows, total if name in (FAILED, WITHOUT_TEXT) else labelled)])
        self._draw(book, sheet, first, sheet.rows - 1)
        sheet.add([words("all"), total, _share(total, total)])
        sheet.add([words("truncated"), self._truncated, _share(self._truncated, total)])
        if self._languages:
            self._add_counts(sheet, "language", self._languages, total)
        if len(self._models) > 1:  # a pair or routes, or the workers went over to another model meanwhile
            self._add_counts(sheet, "model", self._models, labelled)
        if self._by is not None and self._job.file:
            while sheet.rows < CHART_ENDS:
                sheet.add([])
            self._add_groups(sheet, self._job.file.columns[self._by], list(counts))

    def _add_counts(self, sheet: Sheet, what: str, counts: Counter[str], whole: int) -> None:
        sheet.add([])
        sheet.add([self._words(what), self._words("rows"), self._words("share")], bold=True)
        for name, rows in sorted(counts.items()):
            sheet.add([name, rows, _share(rows, whole)])

    def _draw(self, book: Book, sheet: Sheet, first: int, last: int) -> None:
        name = self._words("summary")
        chart = book.frame.add_chart({"type": "column"})
        series = {"categories": [name, first, 0, last, 0], "values": [name, first, 1, last, 1]}
        chart.add_series(series | {"name": self._words("rows")})
        chart.set_legend({"none": True})
        chart.set_title({"name": self._words("chart")})
        sheet.frame.insert_chart(CHART_AT, chart)

    def _add_groups(self, sheet: Sheet, heading: str, outcomes: Sequence[str]) -> None:
        words = self._words
        shown = "positive" in outcomes
        names = [words.outcome(name) for name in outcomes]
        sheet.add([heading, words("rows"), *names, *((words("positive_share"),) if shown else ())], bold=True)
        for group in self._groups.largest():
            counts = [group.counts.get(name, 0) for name in outcomes]
            labelled = sum(n for name, n in group.counts.items() if name not in (FAILED, WITHOUT_TEXT))
            share = (_share(group.counts.get("positive", 0), labelled),) if shown else ()
            value = words("others") if group.value is None else self._values.get(group.value, group.value)
            sheet.add([words("empty") if value == "" else value, group.rows, *counts, *share])


def _share(part: int, whole: int) -> Value:
    return Number(part / whole, SHARE) if whole else None
