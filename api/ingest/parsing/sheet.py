"""The rows of an XLSX sheet, one after another, in flat memory.

Rows as nearly all writers write them are cut by one pattern, which is as fast as parsers in C or Rust and tells what
they keep to themselves: error cells, formulas without a value, styles. A block of rows in which anything else occurs is
given to an XML parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from xml.parsers import expat

from api.cell_kinds import BOOLEAN, DATE, ERROR, FORMULA, TEXT
from api.ingest.parsing import xml
from api.ingest.parsing.formats import PLAIN, Shown, number_text
from api.ingest.parsing.strings import Strings, decoded, is_plain, plain
from api.ingest.parsing.tables import Line, damaged

ROW_BYTES = 64 * 2**20  #: of one row at most
MAX_COLUMNS = 16_384

#: A cell: letters of its column, attributes, whether it has a formula, what is stored, an inline text.
_CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})[0-9]+")?((?: [a-z]+="[^"<>]*")*) ?'
    r"(?:/>|>(<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?"
    r'(?:<v(?: xml:space="preserve")?(?:/>|>([^<]*)</v>)'
    r'|<is><t(?: xml:space="preserve")?(?:/>|>([^<]*)</t>)</is>)?</c>)'
)
_ROW_NUMBER = re.compile(r'<row\b[^>]*? r="([0-9]+)"')
_NEEDS_PARSER = ("<!", "<c\n", "<c\t")

#: A cell as it is stored: letters of its column ("" where it is the next), attributes, whether it has a formula, and
#: what is stored, already unescaped for an inline text.
Stored = tuple[str, str, bool, str, str]


class Book(NamedTuple):
    """What the sheets of a workbook share."""

    strings: Strings
    styles: Sequence[Shown]
    starts_1904: bool  #: its calendar
    is_uncalculated: bool  #: the values stored for its formulas stand for nothing: to be calculated when it is opened


class Style(NamedTuple):
    """Attributes of a cell."""

    kind: str  #: attribute t
    how: Shown


def lines_of(pieces: Iterable[bytes], book: Book, columns: int) -> Iterator[Line]:
    """Yield the rows that have cells, of `columns` cells at most. Raises Refusal."""
    reader = _Reader(book, columns)
    rest, begun, is_over = b"", False, False
    prefix = b""
    pieces = iter(pieces)
    for piece in pieces:
        rest += piece
        if not begun:
            found = re.search(rb"<(?:([A-Za-z0-9_]+):)?sheetData\s*(/?)>", rest)
            if found is None:
                if len(rest) > ROW_BYTES:
                    raise damaged("A sheet of the workbook has no rows where they should be.")
                continue
            prefix = found[1] + b":" if found[1] else b""
            if not is_plain(rest[: found.start()], prefix + b"worksheet"):
                yield from _by_parser([rest, *pieces], reader)
                return
            if found[2]:
                return
            rest, begun = rest[found.end() :], True
        end = rest.find(b"</" + prefix + b"sheetData>")
        is_over = end >= 0
        at = end if is_over else rest.rfind(b"</" + prefix + b"row>") + len(prefix) + 6
        if at < len(prefix) + 6 and not is_over:
            if len(rest) > ROW_BYTES:
                raise damaged("A row of the workbook is too long.")
            continue
        block, rest = decoded(rest[:at]), rest[at:]
        if prefix:
            name = prefix.decode()
            block = block.replace(f"<{name}", "<").replace(f"</{name}", "</")
        yield from reader.block(block)
        if is_over:
            return
    if not begun:
        yield from _by_parser([rest], reader)  # another encoding, or no sheet
    elif rest.strip():
        raise damaged("A sheet of the workbook ends too early.")


class _Reader:
    """Makes lines of stored cells."""

    def __init__(self, book: Book, columns: int) -> None:
        self._book, self._columns = book, columns
        self._number = 0
        self._styles: dict[str, Style | None] = {}
        self._places: dict[str, int] = {}

    def block(self, block: str) -> Iterator[Line]:
        """Yield the lines of whole rows."""
        if any(sign in block for sign in _NEEDS_PARSER):
            yield from self._parsed(block)
            return
        for row in block.split("</row>"):
            cells = _CELL.findall(row)
            if not cells:
                if "<c" in row:
                    yield from self._parsed(row + "</row>")
                else:
                    self._skip(row)
                continue
            if len(cells) != row.count("<c"):
                yield from self._parsed(row + "</row>")
                continue
            head = row[: row.index("<c")]
            if head.count("<row") > 1:
                self._skip(head[: head.rindex("<row")])
            found = _ROW_NUMBER.search(head, head.rindex("<row"))
            number = int(found[1]) if found else self._number + 1
            line = self.line(number, cells)
            if line is None:
                yield from self._parsed(row + "</row>")
            elif line[1]:
                yield line

    def _skip(self, rows: str) -> None:
        """Count rows without cells."""
        for row in rows.split("<row")[1:]:
            found = _ROW_NUMBER.match(f"<row{row}")
            self._number = int(found[1]) if found else self._number + 1

    def line(self, number: int, stored: Iterable[Stored]) -> Line | None:
        """Return the row's cells, none if all are empty; None if a cell has attributes in an unusual order."""
        book, styles, places = self._book, self._styles, self._places
        strings = book.strings
        cells: list[str] = []
        kinds: list[str] = []
        self._number = number
        for letters, attributes, formula, value, inline in stored:
            if letters:
                place = places.get(letters)
                if place is None:
                    place = places[letters] = _place(letters)
                if place != len(cells):
                    if place < len(cells):
                        raise damaged("A row of the workbook has its cells out of order.")
                    if place > self._columns:
                        break  # the width is refused by what is there
                    gap = place - len(cells)
                    cells += [""] * gap
                    kinds += [TEXT] * gap
            if attributes not in styles:
                styles[attributes] = self._style(attributes)
            style = styles[attributes]
            if style is None:
                return None
            kind = TEXT
            if style.kind == "s":
                try:
                    text = strings[int(value)] if value else ""
                except (ValueError, IndexError):
                    raise damaged(f"Row {number} of the workbook refers to a text that does not exist.") from None
            elif inline:
                text = plain(inline)
            elif not value:
                text = ""
                if formula and style.kind != "str":
                    kind = FORMULA
            elif style.kind == "":
                if formula and book.is_uncalculated and value == "0":
                    text, kind = "", FORMULA
                else:
                    text, kind = number_text(value, style.how, book.starts_1904)
            elif style.kind == "b":
                text, kind = ("TRUE" if value in ("1", "true") else "FALSE"), BOOLEAN
            elif style.kind == "e":
                text, kind = plain(value), ERROR
            elif style.kind == "d":
                text, kind = value.replace("T00:00:00", "").rstrip("Z").replace("T", " "), DATE
            else:
                text = plain(value)
            cells.append(text)
            kinds.append(kind)
        while cells and not cells[-1] and kinds[-1] == TEXT:
            cells.pop()
            kinds.pop()
        return number, cells, "".join(kinds).rstrip(TEXT)

    def _style(self, attributes: str) -> Style | None:
        named = dict(re.findall(r'([a-z]+)="([^"]*)"', attributes))
        if "r" in named:
            return None
        number = named.get("s", "0")
        styles = self._book.styles
        how = styles[int(number)] if number.isdigit() and int(number) < len(styles) else PLAIN
        kind = named.get("t", "")
        return Style("" if kind == "n" else kind, how)

    def _parsed(self, rows: str) -> Iterator[Line]:
        yield from _by_parser(["<sheetData>", rows, "</sheetData>"], self)


def _by_parser(pieces: Iterable[bytes | str], reader: _Reader) -> Iterator[Line]:
    """Yield the lines of XML of any form."""
    lines: list[Line] = []
    parser = _Parser(reader, lines.append)
    feed = xml.feeder(parser.start, parser.end, parser.text)
    try:
        for piece in pieces:
            feed.Parse(piece)
            yield from lines
            lines.clear()
        feed.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged(f"A sheet of the workbook is no XML ({expat.ErrorString(error.code)}).") from None
    yield from lines


class _Parser:
    """Handlers that gather the stored cells of each row."""

    def __init__(self, reader: _Reader, give: Callable[[Line], None]) -> None:
        self._reader, self._give = reader, give
        self._inside: list[str] = []
        self._cells: list[Stored] = []
        self._number = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._inside.append(name)
        if name == "row":
            number = attributes.get("r", "")
            self._number = int(number) if number.isdigit() else self._reader._number + 1
            self._cells = []
        elif name == "c":
            self._at = attributes.get("r", "").rstrip("0123456789").upper()
            self._attributes = "".join(f' {key}="{attributes[key]}"' for key in ("s", "t") if key in attributes)
            self._has_formula = False
            self._value: list[str] = []
            self._inline: list[str] = []
        elif name == "f":
            self._has_formula = True

    def end(self, name: str) -> None:
        self._inside.pop()
        if name == "c" and self._inside[-1:] == ["row"]:
            value, inline = escaped("".join(self._value)), escaped("".join(self._inline))
            self._cells.append((self._at, self._attributes, self._has_formula, value, inline))
        elif name == "row":
            line = self._reader.line(self._number, self._cells)
            if line is not None and line[1]:
                self._give(line)

    def text(self, data: str) -> None:
        inside = self._inside[-1]
        if inside == "v":
            self._value.append(data)
        elif inside == "t" and "is" in self._inside and "rPh" not in self._inside:
            self._inline.append(data)


def escaped(text: str) -> str:
    """Return a text as it stands between two tags."""
    return text.replace("&", "&amp;") if "&" in text else text


def _place(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    if number > MAX_COLUMNS or number < 1:
        raise damaged("A cell of the workbook has no place in it.")
    return number - 1
