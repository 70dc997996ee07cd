"""Writes a workbook: as many sheets of rows as they need, then a summary, in little memory however many there are."""

from __future__ import annotations

import datetime
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import IO

from api.cell_kinds import Value
from api.export.order import sorted_rows
from api.export.report.document import Report
from api.export.rows import ResultRow, View, rows_of
from api.export.workbook.overview import Overview
from api.export.workbook.report import write_report
from api.export.workbook.table import Table
from api.export.workbook.xlsx import Book, Sheet
from sentiq.jobs.chunk_result import ChunkResult, Stored
from sentiq.jobs.types import Job

BATCH_ROWS = 512  #: written together


def write(
    file: IO[bytes],
    job: Job,
    view: View,
    order: array[int] | None,
    chunks: Iterable[Stored],
    sheet_rows: int,
    report: Report | None,
) -> None:
    """Write the rows of these chunks that the view shows; `order`: their numbers, where they are sorted.

    `report`: of these rows, where sheets of it are wanted.
    """
    rows = rows_of((ChunkResult.decoded(*chunk) for chunk in chunks), job, view)
    if order is not None:
        rows = sorted_rows(rows, job, order)
    made_at = datetime.datetime.fromtimestamp((job.ended_at_ms or job.created_at_ms) / 1000, datetime.UTC)
    with Book({"title": job.options.name or job.id, "created": made_at.replace(tzinfo=None)}) as book:
        table, overview, places = Table(job, view), Overview(job, view), _Places(report)
        sheets = [_sheet(book, table, 1)]
        while batch := list(islice(rows, min(BATCH_ROWS, sheet_rows - sheets[-1].rows or sheet_rows - 1))):
            if sheets[-1].rows == sheet_rows:
                sheets.append(_sheet(book, table, len(sheets) + 1))
            overview.count(batch)
            places.note(batch, sheets)
            sheets[-1].extend(table.columns(batch), len(batch))
        for sheet in sheets:
            sheet.frame.autofilter(0, 0, sheet.rows - 1, len(table.headings) - 1)
        overview.write(book)
        if report is not None:
            write_report(book, report, view.language, places.found)
        book.save(file)


class _Places:
    """Where the rows are of which a report shows the texts: as spreadsheets number rows.

    The name of a sheet that is not the first stands before the number.
    """

    def __init__(self, report: Report | None) -> None:
        shown = ((report and report.surest) or {}).values()
        self._wanted = {example.index for examples in shown for example in examples}
        self.found: dict[int, Value] = {}

    def note(self, batch: Sequence[ResultRow], sheets: Sequence[Sheet]) -> None:
        """Note the rows that are about to be added to the last sheet."""
        if self._wanted:
            for place, row in enumerate(batch, start=sheets[-1].rows + 1):
                if row.number in self._wanted:
                    name = sheets[-1].frame.get_name()
                    self.found[row.number] = place if len(sheets) == 1 else f"{name}: {place}"


def _sheet(book: Book, table: Table, number: int) -> Sheet:
    name = table.words("results")
    sheet = book.sheet(name if number == 1 else f"{name} {number}")
    sheet.frame.freeze_panes(1, 0)
    for column in range(len(table.headings)):
        sheet.frame.set_column(column, column, 40 if column == table.text_at else 14)
    sheet.add(table.headings, bold=True)
    return sheet
