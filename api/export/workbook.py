"""XLSX: a summary with a chart, and as many sheets of rows as they need. Made in a temporary file, row by row."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.export.reading import ResultRow, View
from api.export.tabular import Cell, cells, counted, headings
from api.labels import LABELS_ZH
from jobs.models import FAILED, WITHOUT_TEXT, Job

SHEET_ROWS = 1_048_576  #: of the format
CELL_CHARS = 32_767  #: of the format
PIECE_BYTES = 65_536
CUT_MARK = "…"


def workbook(
    job: Job, rows: Iterator[ResultRow], view: View, labels: Sequence[str], sheet_rows: int = SHEET_ROWS
) -> Iterator[bytes]:
    """The file, once it is made; the temporary one is gone when the iterator is."""
    with tempfile.TemporaryFile() as file:
        _write(file, job, rows, view, labels, sheet_rows)
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            yield piece


def _write(
    file: IO[bytes], job: Job, rows: Iterator[ResultRow], view: View, labels: Sequence[str], sheet_rows: int
) -> None:
    # Texts are only ever texts: no formulas, links or numbers are read out of them.
    book = Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": True,
            "use_zip64": True,  # a sheet of a million long texts has more than 2 GB before it is compressed
        },
    )
    made_at = datetime.datetime.fromtimestamp((job.ended_at_ms or job.created_at_ms) / 1000, datetime.UTC)
    book.set_properties({"title": job.options.name or job.id, "created": made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    summary = book.add_worksheet("summary")
    names = headings(job, view, labels)
    counts: dict[str, int] = {}
    sheet, at, number = _new_sheet(book, names, bold, 1), 1, 1
    for row in counted(rows, counts):
        if at == sheet_rows:
            sheet.autofilter(0, 0, at - 1, len(names) - 1)
            number += 1
            sheet, at = _new_sheet(book, names, bold, number), 1
        for column, cell in enumerate(cells(row, view, labels)):
            _put(sheet, at, column, cell)
        at += 1
    sheet.autofilter(0, 0, max(at - 1, 0), len(names) - 1)
    _summarise(book, summary, job, counts, bold)
    book.close()


def _new_sheet(book: Workbook, names: Iterable[str], bold: object, number: int) -> Worksheet:
    sheet = book.add_worksheet("results" if number == 1 else f"results {number}")
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(names):
        sheet.set_column(column, column, 40 if name == "text" else 14)
        sheet.write_string(0, column, name[:CELL_CHARS], bold)
    return sheet


def _put(sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
    elif cell:
        sheet.write_string(row, column, cell if len(cell) <= CELL_CHARS else cell[: CELL_CHARS - 1] + CUT_MARK)


def _summarise(book: Workbook, sheet: Worksheet, job: Job, counts: dict[str, int], bold: object) -> None:
    truncated = counts.pop("truncated", 0)
    failed = counts.pop(FAILED, 0)
    without_text = counts.pop(WITHOUT_TEXT, 0)
    labelled = sum(counts.values())
    total = labelled + failed + without_text
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 2, 14)
    lines: list[tuple[str, Cell, Cell]] = [
        (job.options.name or job.id, None, None),
        ("", None, None),
        ("label", "rows", "share"),
        *((f"{name} {LABELS_ZH.get(name, '')}".strip(), n, n / labelled) for name, n in sorted(counts.items())),
        ("failed", failed, failed / total if total else 0),
        ("without text", without_text, without_text / total if total else 0),
        ("all", total, 1 if total else 0),
        ("truncated", truncated, truncated / total if total else 0),
    ]
    percent = book.add_format({"num_format": "0.0%"})
    for row, (name, count, share) in enumerate(lines):
        sheet.write_string(row, 0, name, bold if row in (0, 2) else None)
        if isinstance(count, str):
            sheet.write_string(row, 1, count, bold)
            sheet.write_string(row, 2, str(share), bold)
        elif isinstance(count, int) and isinstance(share, int | float):
            sheet.write_number(row, 1, count)
            sheet.write_number(row, 2, share, percent)
    last = 3 + len(counts)  # the labels and the failed rows
    chart = book.add_chart({"type": "column"})
    chart.add_series({"categories": ["summary", 3, 0, last, 0], "values": ["summary", 3, 1, last, 1], "name": "rows"})
    chart.set_legend({"none": True})
    chart.set_title({"name": "rows by label"})
    sheet.insert_chart("E3", chart)
