"""XLS and XLSB by python-calamine, which holds a whole sheet in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from api.cell_kinds import as_text, kinds_of
from api.ingest.parsing.formats import decimal
from api.ingest.parsing.tables import Line, Parsed, Refusal, damaged


def sheets_of(file: IO[bytes], limits: Mapping[str, Any]) -> list[Parsed]:
    """Return the sheets that have rows. Raises Refusal, and what calamine raises."""
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise Refusal("encrypted_workbook", "The workbook has a password. Save it without one.") from None
    except CalamineError:
        raise damaged("The workbook is damaged.") from None
    found = [
        Parsed(_lines(book, number, limits), sheet.name, sheet.visible is SheetVisibleEnum.Visible)
        for number, sheet in enumerate(book.sheets_metadata)
        if sheet.typ is SheetTypeEnum.WorkSheet
    ]
    if not found:
        raise damaged("The workbook has no sheet with rows.")
    return found


def _lines(book: CalamineWorkbook, number: int, limits: Mapping[str, Any]) -> Iterator[Line]:
    columns = limits["columns"]
    sheet = book.get_sheet_by_index(number)
    before = [""] * (sheet.start or (0, 0))[1]  # columns that are left out, unlike rows
    for at, row in enumerate(sheet.iter_rows(), start=1):
        values = [*before, *row[: columns + 1]]
        cells = [decimal(value) if type(value) is float else as_text(value) for value in values]
        if not any(cells):
            continue
        yield at, cells, kinds_of(values)
