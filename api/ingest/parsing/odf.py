"""OpenDocument spreadsheets, packed (.ods) or as one XML file (.fods), row by row in flat memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Any

from api.cell_kinds import BOOLEAN, DURATION, ERROR, FORMULA, NUMBER, TEXT
from api.ingest.parsing import xml
from api.ingest.parsing.formats import decimal, moment_text
from api.ingest.parsing.tables import Line, Parsed, damaged

Content = Callable[[], Iterator[bytes]]  #: gives the XML from its beginning

_SPACE = re.compile(r"[ \t\r\n]+")
_TIME = re.compile(r"-?PT(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,][0-9]+)?S)?")
_SEPARATORS = re.compile(r"[ ()/-]")
_CONTROL = re.compile(rb"&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));")
REFERENCE_BYTES = 12
_PARAGRAPHS = ("p", "h")
_BESIDE = ("annotation", "shapes", "ruby-text")  #: elements whose texts are not the cell's


def sheets_of(content: Content, limits: Mapping[str, Any]) -> list[Parsed]:
    """Return the sheets. Raises Refusal."""
    titles: list[tuple[str, bool]] = []
    hidden: set[str] = set()
    style = [""]

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "style":
            style[0] = xml.local(attributes, "name") or ""
        elif name == "table-properties" and xml.local(attributes, "display") == "false":
            hidden.add(style[0])
        elif name == "table":
            titles.append((xml.local(attributes, "name") or "", xml.local(attributes, "style-name") not in hidden))

    xml.parse(_mended(content()), start)
    if not titles:
        raise damaged("The OpenDocument file has no sheet.")
    return [
        Parsed(_lines(content(), number, limits["columns"]), title, is_visible)
        for number, (title, is_visible) in enumerate(titles, start=1)
    ]


def _lines(pieces: Iterable[bytes], table: int, columns: int) -> Iterator[Line]:
    sheet = _Sheet(table, columns)
    feeder = xml.feeder(sheet.start, sheet.end, sheet.text)
    for piece in takewhile(lambda _: not sheet.is_over, _mended(pieces)):
        xml.feed(feeder, piece)
        yield from sheet.lines
        sheet.lines.clear()


def _mended(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield XML without the references to control characters that odfpy writes, and that no parser takes."""
    rest = b""
    for piece in pieces:
        data = rest + piece
        at = data.rfind(b"&", -REFERENCE_BYTES)  # it may be cut
        data, rest = (data[:at], data[at:]) if at >= 0 else (data, b"")
        yield _CONTROL.sub(b"", data)
    yield _CONTROL.sub(b"", rest)


class _Sheet:
    """Handlers that gather the rows of one table."""

    def __init__(self, table: int, columns: int) -> None:
        self.lines: list[Line] = []
        self.is_over = False
        self._tables_before, self._columns = table, columns
        self._inside: list[str] = []
        self._number = 0
        self._width = 0
        self._beside = 0  # depth in elements whose texts are not the cell's
        self._cells: list[str] = []
        self._kinds = ""
        self._gap = 0  # empty cells that nothing has followed yet
        self._row: Mapping[str, str] = {}
        self._cell: Mapping[str, str] = {}
        self._text: list[str] = []
        self._paragraphs = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._inside.append(name)
        if name == "table":
            self._tables_before -= 1
        if self._tables_before or self.is_over:
            return
        if name in _BESIDE:
            self._beside += 1
        elif name == "table-row":
            self._row, self._cells, self._kinds, self._gap = attributes, [], "", 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._text, self._paragraphs = attributes, [], 0
        elif not self._beside:
            self._mark(name, attributes)

    def _mark(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _PARAGRAPHS:
            if self._paragraphs:
                self._text.append("\n")
            self._paragraphs += 1
        elif name == "s":
            self._text.append(" " * min(_count(attributes, "c"), 1000))
        elif name == "tab":
            self._text.append("\t")
        elif name == "line-break":
            self._text.append("\n")

    def end(self, name: str) -> None:
        self._inside.pop()
        if self._tables_before or self.is_over:
            return
        if name in _BESIDE:
            self._beside -= 1
        elif name in ("table-cell", "covered-table-cell"):
            self._add_cell()
        elif name == "table-row":
            self._add_row()
        elif name == "table":
            self.is_over = True

    def text(self, data: str) -> None:
        if not self._tables_before and not self._beside and any(name in _PARAGRAPHS for name in self._inside):
            self._text.append(_SPACE.sub(" ", data))

    def _add_cell(self) -> None:
        text, kind = _shown(self._cell, "".join(self._text), has_text=bool(self._paragraphs))
        count = min(_count(self._cell, "number-columns-repeated"), self._columns + 1)
        if not text and kind == TEXT:
            self._gap += count
            return
        self._cells += [*[""] * self._gap, *[text] * count]
        self._kinds += TEXT * self._gap + kind * count
        self._gap = 0

    def _add_row(self) -> None:
        count = _count(self._row, "number-rows-repeated")
        if not self._cells:
            self._number += count
            return
        cells = self._cells[: self._columns + 1]
        self._width = max(self._width, len(cells))
        cells += [""] * (self._width - len(cells))
        for _ in range(count):
            self._number += 1
            self.lines.append((self._number, cells, self._kinds[: len(cells)].rstrip(TEXT)))


def _count(attributes: Mapping[str, str], name: str) -> int:
    value = xml.local(attributes, name) or "1"
    return min(int(value), 1 << 20) if value.isdigit() else 1


def _shown(cell: Mapping[str, str], text: str, *, has_text: bool) -> tuple[str, str]:
    """Return a cell as people read it, and its kind."""
    named = {key.rpartition(":")[2]: value for key, value in cell.items() if not key.startswith("calcext:")}
    if cell.get("calcext:value-type") == "error":
        return text, ERROR
    kind, value = named.get("value-type", ""), named.get("value", "")
    if kind in ("float", "percentage", "currency") and value:
        if text in ("TRUE", "FALSE"):
            return text, BOOLEAN  # as LibreOffice writes those of formulas
        digits = _SEPARATORS.sub("", text)
        if digits != value and digits.isdigit() and digits.lstrip("0") == value:
            return text, TEXT  # the zeros are of its number format
        return _number(value)
    if kind == "date" and "date-value" in named:
        return moment_text(named["date-value"])
    if kind == "boolean" and "boolean-value" in named:
        return named["boolean-value"].upper(), BOOLEAN
    if kind == "time" and (found := _TIME.fullmatch(named.get("time-value", ""))):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return f"{hours}:{minutes:02}:{seconds:02}", DURATION
    if not has_text:
        text = named.get("string-value", "")
        if not text and not kind and "formula" in named:
            return "", FORMULA
    return text.replace("_x000d_\n", "\r\n"), TEXT  # as SheetJS writes a carriage return


def _number(value: str) -> tuple[str, str]:
    try:
        return (value if value.isdigit() else decimal(float(value))), NUMBER
    except ValueError:
        return value, TEXT
