"""Makes a workbook: as many sheets of rows as they need, then a summary, in temporary files, row by row."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from api.export.rows import ResultRow, View
from api.export.workbook.overview import Overview
from api.export.workbook.table import Table
from api.export.workbook.xlsx import Book, Sheet
from sentiq.jobs.types import Job

SHEET_ROWS = 1_048_576  #: of the format
PIECE_BYTES = 65_536


def workbook(
    job: Job, rows: Iterator[ResultRow], view: View, labels: Sequence[str], sheet_rows: int = SHEET_ROWS
) -> Iterator[bytes]:
    """Make the file, then yield its bytes; the temporary file is deleted with the iterator."""
    with tempfile.TemporaryFile() as file:
        _write(file, job, rows, view, sheet_rows)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _write(file: IO[bytes], job: Job, rows: Iterator[ResultRow], view: View, sheet_rows: int) -> None:
    made_at = datetime.datetime.fromtimestamp((job.ended_at_ms or job.created_at_ms) / 1000, datetime.UTC)
    with Book({"title": job.options.name or job.id, "created": made_at.replace(tzinfo=None)}) as book:
        table, overview = Table(job, view), Overview(job, view)
        sheets = [_sheet(book, table, 1)]
        for row in rows:
            if sheets[-1].rows == sheet_rows:
                sheets.append(_sheet(book, table, len(sheets) + 1))
            sheets[-1].add(table.cells(row))
            overview.count(row)
        for sheet in sheets:
            sheet.frame.autofilter(0, 0, sheet.rows - 1, len(table.headings) - 1)
        overview.write(book)
        book.save(file)


def _sheet(book: Book, table: Table, number: int) -> Sheet:
    name = table.words("results")
    sheet = book.sheet(name if number == 1 else f"{name} {number}")
    sheet.frame.freeze_panes(1, 0)
    for column in range(len(table.headings)):
        sheet.frame.set_column(column, column, 40 if column == table.text_at else 14)
    sheet.add(table.headings, bold=True)
    return sheet
