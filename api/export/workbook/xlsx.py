"""Writes XLSX of any length in little memory, with texts that every reader finds.

XlsxWriter draws the frame: styles, charts, column widths, how the parts belong together. The cells are written here,
row by row, into temporary files: their texts as shared strings, which XlsxWriter has either in memory or not at all.
Each text is written as it is; neither formulas nor links nor markup are read out of it.
"""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import repeat
from typing import IO, Any, cast

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from api.cell_kinds import Number, Value
from api.export.workbook.packed import Packed

CELL_UNITS = 32_767  #: UTF-16 units in a cell, which is how Excel counts characters
SHORT_CHARS = CELL_UNITS // 2  #: so many always have room
CUT_MARK = "…"
SHARED_CHARS, SHARED_TEXTS = 64, 20_000  #: texts that are written once: short ones, and not more than so many

_SEPARATOR = "\x1f"  #: of texts that are escaped together


def _special(last_control: str) -> re.Pattern[str]:
    """Return a pattern of what XML or the notation `_xHHHH_` would not keep, with control characters up to the last."""
    controls = f"\x00-\x08\x0b\x0c\r\x0e-{last_control}\ufffe\uffff"
    return re.compile(f"[&<>_{controls}](?:(?<!_)|(?=x[0-9A-Fa-f]{{4}}[_{controls}]))")


_SPECIAL, _SPECIAL_JOINED = _special("\x1f"), _special("\x1e")
_BEFORE, _AFTER = '<si><t xml:space="preserve">', "</t></si>"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "_": "_x005F_"}
_DIMENSION = re.compile(rb'(?<=<dimension ref=")[^"]*')
_CELLS = re.compile(rb"<sheetData>.*</sheetData>", re.DOTALL)
_STRINGS = "xl/sharedStrings.xml"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def shortened(text: str) -> str:
    """Return as much of a text as a cell holds; the last character of a cut text is a mark."""
    if len(text) <= SHORT_CHARS:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_UNITS:
        return text
    return units[: 2 * (CELL_UNITS - len(CUT_MARK))].decode("utf-16-le", "ignore") + CUT_MARK


class Sheet:
    """A sheet to which rows are added at its end. `frame` takes everything but cells."""

    def __init__(self, book: Book, frame: Worksheet) -> None:
        self.frame = frame
        self.rows = 0
        self.cells = Packed(book.temporary())
        self._book = book
        self._columns = ["A"]  # as many as the longest row has

    @property
    def dimension(self) -> bytes:
        return f"A1:{self._columns[-1]}{max(self.rows, 1)}".encode()

    def add(self, values: Sequence[Value], *, bold: bool = False) -> None:
        """Add a row; None and "" leave a cell empty. Texts that are too long for a cell are cut."""
        self.extend([[value] for value in values], 1, bold=bold)

    def extend(self, columns: Sequence[Sequence[Value]], rows: int, *, bold: bool = False) -> None:
        """Add so many rows, given as columns: many at once take a third of the time that they take one by one."""
        while len(self._columns) < len(columns):
            self._columns.append(xl_col_to_name(len(self._columns)))
        numbers = range(self.rows + 1, self.rows + rows + 1)
        cells = [
            self._cells(name, numbers, values, bold)
            for name, values in zip(self._columns, columns, strict=False)
            if any(value is not None and value != "" for value in values)
        ]
        written = map("".join, zip([f'<row r="{row}">' for row in numbers], *cells, repeat("</row>")))
        self.rows += rows
        self.cells.write("".join(written).encode())

    def _cells(self, column: str, numbers: Sequence[int], values: Sequence[Value], bold: bool) -> list[str]:
        """Return the cells of a column as XML."""
        style_of = self._book.style
        style = f' s="{style_of("", bold=True)}"' if bold else ""
        kinds = set(map(type, values))
        if kinds == {str} and all(values):
            texts = self._book.texts.numbers(cast(Sequence[str], values))
            return [
                f'<c r="{column}{row}"{style} t="s"><v>{text}</v></c>' for row, text in zip(numbers, texts, strict=True)
            ]
        if kinds <= {int, float}:
            return [f'<c r="{column}{row}"><v>{value!r}</v></c>' for row, value in zip(numbers, values, strict=True)]
        text = iter(self._book.texts.numbers([value for value in values if value and isinstance(value, str)]))
        found = []
        for row, value in zip(numbers, values, strict=True):
            if value is None or value == "":
                found.append("")
            elif isinstance(value, str):
                found.append(f'<c r="{column}{row}"{style} t="s"><v>{next(text)}</v></c>')
            elif isinstance(value, Number):
                found.append(f'<c r="{column}{row}" s="{style_of(value.form)}"><v>{value.value!r}</v></c>')
            elif isinstance(value, bool):
                found.append(f'<c r="{column}{row}" t="b"><v>{value:d}</v></c>')
            else:
                found.append(f'<c r="{column}{row}"><v>{value!r}</v></c>')
        return found


class Book:
    """Builds a workbook. Use it as a context manager, which deletes its temporary files."""

    def __init__(self, properties: dict[str, Any]) -> None:
        self._open = ExitStack()
        self._drawn = io.BytesIO()
        self.frame = Workbook(self._drawn, {"in_memory": True})
        self.frame.set_properties(properties)
        self.texts = _Texts(self.temporary())
        self._styles: dict[tuple[str, bool], int] = {}
        self._formats: list[Format] = []
        self._sheets: list[Sheet] = []

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def temporary(self) -> IO[bytes]:
        return self._open.enter_context(tempfile.TemporaryFile())

    def sheet(self, name: str) -> Sheet:
        made = Sheet(self, self.frame.add_worksheet(name))
        self._sheets.append(made)
        return made

    def style(self, form: str, *, bold: bool = False) -> int:
        """Return the number of the style with this number format; the first one is 1."""
        found = self._styles.get((form, bold))
        if found is None:
            self._formats.append(self.frame.add_format({"num_format": form or "General", "bold": bold}))
            found = self._styles[form, bold] = len(self._formats)
        return found

    def save(self, file: IO[bytes]) -> None:
        self._draw()
        with zipfile.ZipFile(self._drawn) as drawn, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            cells = {f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(self._sheets, start=1)}
            for name in drawn.namelist():
                part = drawn.read(name)
                if name in cells:
                    before, after = _CELLS.split(_DIMENSION.sub(cells[name].dimension, part))
                    cells[name].cells.save(archive, name, before + b"<sheetData>", b"</sheetData>" + after)
                elif name == _STRINGS:
                    self.texts.save(archive, name)
                else:
                    archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)

    def _draw(self) -> None:
        """Write the frame, with placeholder cells, so that it has a part for texts and each style."""
        for sheet in self._sheets:
            sheet.frame.write_string(1, 0, "text")
        for column, style in enumerate(self._formats):  # they are numbered in the order in which they are met
            self._sheets[0].frame.write_blank(0, column, None, style)
        self.frame.close()


class _Texts:
    """Numbers all texts of a workbook (shared strings). Only short ones are stored once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._written = Packed(file)
        self._count = 0
        self._known: dict[str, int] = {}

    def numbers(self, texts: Sequence[str]) -> list[int]:
        """Return the number of each text, from 0, and write those that are new."""
        known, found, new = self._known, [], []
        for text in texts:
            number = known.get(text)
            if number is None:
                number, self._count = self._count, self._count + 1
                new.append(text)
                if len(text) <= SHARED_CHARS and len(known) < SHARED_TEXTS:
                    known[text] = number
            found.append(number)
        if new:
            self._written.write(f"{_BEFORE}{_joined(new)}{_AFTER}".encode())
        return found

    def save(self, archive: zipfile.ZipFile, name: str) -> None:
        declared = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        head = f'{declared}<sst xmlns="{_SPREADSHEET}" uniqueCount="{self._count}">'
        self._written.save(archive, name, head.encode(), b"</sst>")


def _joined(texts: Sequence[str]) -> str:
    """Return texts as XML with what is between two of them; all are escaped at once unless one has the separator."""
    if max(map(len, texts)) > SHORT_CHARS:
        texts = [shortened(text) for text in texts]
    joined = _SEPARATOR.join(texts)
    if joined.count(_SEPARATOR) == len(texts) - 1:
        return _SPECIAL_JOINED.sub(_escaped, joined).replace(_SEPARATOR, _AFTER + _BEFORE)
    return (_AFTER + _BEFORE).join([_SPECIAL.sub(_escaped, text) for text in texts])


def _escaped(found: re.Match[str]) -> str:
    """Escape a character that XML cannot hold as `_xHHHH_` (ECMA-376, 22.9.2.19), and text that only looks like it."""
    character = found[0]
    return _ENTITIES.get(character) or f"_x{ord(character):04X}_"
