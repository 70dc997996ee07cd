"""Writes XLSX of any length in little memory, with texts that every reader finds.

XlsxWriter draws the frame: styles, charts, column widths, how the parts belong together. The cells are written here,
row by row, into temporary files: their texts as shared strings, which XlsxWriter has either in memory or not at all.
Each text is written as it is; neither formulas nor links nor markup are read out of it.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from api.cell_kinds import Number, Value

CELL_UNITS = 32_767  #: UTF-16 units in a cell, which is how Excel counts characters
CUT_MARK = "…"
SHARED_CHARS, SHARED_TEXTS = 64, 20_000  #: texts that are written once: short ones, and not more than so many

_CONTROLS = "\x00-\x08\x0b\x0c\r\x0e-\x1f\ufffe\uffff"
_SPECIAL = re.compile(f"[&<>{_CONTROLS}]|_(?=x[0-9A-Fa-f]{{4}}[_{_CONTROLS}])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "_": "_x005F_"}
_DIMENSION = re.compile(rb'(?<=<dimension ref=")[^"]*')
_CELLS = re.compile(rb"<sheetData>.*</sheetData>", re.DOTALL)
_STRINGS = "xl/sharedStrings.xml"
_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def shortened(text: str) -> str:
    """Return as much of a text as a cell holds; the last character of a cut text is a mark."""
    if len(text) <= CELL_UNITS // 2:
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
        self.cells = book.temporary()
        self._book = book
        self._columns = ["A"]  # as many as the longest row has

    @property
    def dimension(self) -> bytes:
        return f"A1:{self._columns[-1]}{max(self.rows, 1)}".encode()

    def add(self, values: Sequence[Value], *, bold: bool = False) -> None:
        """Add a row; None and "" leave a cell empty. Texts that are too long for a cell are cut."""
        while len(self._columns) < len(values):
            self._columns.append(xl_col_to_name(len(self._columns)))
        self.rows += 1
        row, text = self.rows, self._book.texts.index
        style = f' s="{self._book.style("", bold=True)}"' if bold else ""
        cells = [f'<row r="{row}">']
        for column, value in zip(self._columns, values, strict=False):
            if isinstance(value, str):
                if value:
                    cells.append(f'<c r="{column}{row}"{style} t="s"><v>{text(value)}</v></c>')
            elif isinstance(value, Number):
                cells.append(f'<c r="{column}{row}" s="{self._book.style(value.form)}"><v>{value.value!r}</v></c>')
            elif isinstance(value, bool):
                cells.append(f'<c r="{column}{row}" t="b"><v>{value:d}</v></c>')
            elif value is not None:
                cells.append(f'<c r="{column}{row}"><v>{value!r}</v></c>')
        cells.append("</row>")
        self.cells.write("".join(cells).encode())


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
                    _copy(archive, name, before + b"<sheetData>", cells[name].cells, b"</sheetData>" + after)
                elif name == _STRINGS:
                    _copy(archive, name, self.texts.head(), self.texts.file, b"</sst>")
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
        self.file = file
        self._count = 0
        self._known: dict[str, int] = {}

    def index(self, text: str) -> int:
        """Return the number of a text, from 0, and write the text if it is new."""
        known = self._known.get(text)
        if known is not None:
            return known
        number, self._count = self._count, self._count + 1
        if len(text) <= SHARED_CHARS and len(self._known) < SHARED_TEXTS:
            self._known[text] = number
        written = _SPECIAL.sub(_escaped, shortened(text))
        space = ' xml:space="preserve"' if written[0].isspace() or written[-1].isspace() or "\n" in written else ""
        self.file.write(f"<si><t{space}>{written}</t></si>".encode())
        return number

    def head(self) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f'<sst xmlns="{_SPREADSHEET}" uniqueCount="{self._count}">'
        ).encode()


def _escaped(found: re.Match[str]) -> str:
    """Escape a character that XML cannot hold as `_xHHHH_` (ECMA-376, 22.9.2.19), and text that only looks like it."""
    character = found[0]
    return _ENTITIES.get(character) or f"_x{ord(character):04X}_"


def _copy(archive: zipfile.ZipFile, name: str, before: bytes, middle: IO[bytes], after: bytes) -> None:
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.file_size = len(before) + middle.tell() + len(after)  # decides whether the archive needs ZIP64
    middle.seek(0)
    with archive.open(part, "w") as out:
        out.write(before)
        shutil.copyfileobj(middle, out, 1 << 20)
        out.write(after)
