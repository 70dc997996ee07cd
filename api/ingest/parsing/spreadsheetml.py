"""SpreadsheetML 2003: the workbook in one XML file, as Excel 2003 and many reporting programs write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from api.cell_kinds import BOOLEAN, ERROR, FORMULA, TEXT
from api.ingest.parsing import xml
from api.ingest.parsing.buffer import Rows
from api.ingest.parsing.formats import PLAIN, Shown, moment_text, number_text, shown
from api.ingest.parsing.tables import Parsed, damaged

_PIECE_BYTES = 65_536
_FORMAT = 200  #: a number that no built-in format has
_MAX_ROW = 10_000_000


def parse(file: IO[bytes], limits: Mapping[str, Any]) -> Sequence[Parsed]:
    """Return the sheets of a workbook, which is UTF-8 here whatever it says. Raises Refusal."""
    book = _Book(limits)
    parser = xml.feeder(book.start, book.end, book.text, encoding="utf-8")
    while data := file.read(_PIECE_BYTES):
        xml.feed(parser, data)
    xml.feed(parser, b"", is_last=True)
    if not book.sheets:
        raise damaged("The workbook has no sheet with rows.")
    return [Parsed(iter(sheet.rows), sheet.title, sheet.is_visible) for sheet in book.sheets]


class _Sheet:
    def __init__(self, title: str) -> None:
        self.title = title
        self.rows = Rows()
        self.is_visible = True


class _Book:
    """Takes the elements as they come. Positions count from 1."""

    def __init__(self, limits: Mapping[str, Any]) -> None:
        self.sheets: list[_Sheet] = []
        self._limits = limits
        self._styles: dict[str, Shown] = {}
        self._style = ""
        self._row = self._column = 0
        self._cells: list[str] = []
        self._kinds: list[str] = []
        self._type = ""
        self._how = PLAIN
        self._wide = 0  # columns that the cell takes besides its own
        self._text: list[str] | None = None  # of the cell's data, or of the visibility
        self._inside: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Take the beginning of an element."""
        self._inside.append(name)
        if name == "Worksheet":
            title = xml.local(attributes, "Name") or str(len(self.sheets) + 1)
            self.sheets.append(_Sheet(title))
            self._row = 0
        elif name == "Row":
            self._row = _index(xml.local(attributes, "Index"), self._row + 1)
            self._cells, self._kinds, self._column = [], [], 0
        elif name == "Cell":
            self._column = _index(xml.local(attributes, "Index"), self._column + 1)
            self._fill(self._column - 1)
            self._how = self._styles.get(xml.local(attributes, "StyleID") or "", PLAIN)
            self._wide = _index(xml.local(attributes, "MergeAcross"), 0)
            if xml.local(attributes, "Formula") and self._has_room():
                self._cells.append("")  # replaced by its stored value
                self._kinds.append(FORMULA)
        elif name == "Data" and self._inside[-2] == "Cell":
            self._type = xml.local(attributes, "Type") or "String"
            self._text = []
        elif name == "Style":
            self._style = xml.local(attributes, "ID") or ""
        elif name == "NumberFormat":
            self._styles[self._style] = shown(_FORMAT, {_FORMAT: xml.local(attributes, "Format") or ""})
        elif name == "Visible":
            self._text = []

    def text(self, text: str) -> None:
        """Take characters."""
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self._inside.pop()
        if name == "Data" and self._text is not None and self._inside[-1] == "Cell":
            cell, kind = self._value("".join(self._text))
            self._text = None
            if len(self._cells) == self._column:
                self._cells[-1], self._kinds[-1] = cell, kind
            elif self._has_room():
                self._cells.append(cell)
                self._kinds.append(kind)
        elif name == "Cell":
            self._column += self._wide
        elif name == "Row" and self.sheets:
            self.sheets[-1].rows.add(self._row, self._cells, "".join(self._kinds))
        elif name == "Visible" and self._text is not None:
            if self.sheets and "".join(self._text).strip() in ("SheetHidden", "SheetVeryHidden"):
                self.sheets[-1].is_visible = False
            self._text = None

    def _value(self, written: str) -> tuple[str, str]:
        if self._type == "Number":
            return number_text(written.strip(), self._how, starts_1904=False)
        if self._type == "DateTime":
            return moment_text(written.strip().removesuffix(".000"))
        if self._type == "Boolean":
            return ("TRUE" if written.strip() in ("1", "true") else "FALSE"), BOOLEAN
        return written, ERROR if self._type == "Error" else TEXT

    def _fill(self, width: int) -> None:
        more = min(width, self._limits["columns"] + 1) - len(self._cells)
        self._cells += [""] * more
        self._kinds += [TEXT] * more

    def _has_room(self) -> bool:
        return len(self._cells) <= int(self._limits["columns"])


def _index(value: str | None, usual: int) -> int:
    if value is None or not (value.isascii() and value.isdigit() and len(value) < 9):
        return usual
    return min(int(value), _MAX_ROW)
