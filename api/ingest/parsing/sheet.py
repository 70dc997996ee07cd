"""The rows of an XLSX sheet, one after another, in flat memory.

Rows as nearly all writers write them are cut by one pattern, which is as fast as parsers in C or Rust and tells what
they keep to themselves: error cells, formulas without a value, styles. A block of rows in which anything else occurs is
given to an XML parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from api.cell_kinds import BOOLEAN, ERROR, FORMULA, NUMBER, TEXT
from api.ingest.parsing import xml
from api.ingest.parsing.formats import PLAIN, Shown, moment_text, number_text
from api.ingest.parsing.strings import decoded, for_parser, is_plain, plain
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
_ROW = re.compile(r'\s*<row(?: r="([0-9]+)")?[^<>]*>')

#: A cell as it is stored: letters of its column ("" where it is the next), attributes, whether it has a formula, and
#: what is stored, already unescaped for an inline text.
Stored = tuple[str, str, bool, str, str]


class Book(NamedTuple):
    """What the sheets of a workbook share."""

    strings: Sequence[str]
    styles: Sequence[Shown]
    starts_1904: bool  #: its calendar
    is_uncalculated: bool  #: the values stored for its formulas stand for nothing: to be calculated when it is opened


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
                yield from _by_parser(chain([rest], pieces), reader)
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


class _Places(dict[str, int]):
    """Numbers of columns from 0, by their letters."""

    def __missing__(self, letters: str) -> int:
        number = 0
        for letter in letters:
            number = number * 26 + ord(letter) - 64
        if not 1 <= number <= MAX_COLUMNS:
            raise damaged("A cell of the workbook has no place in it.")
        self[letters] = number - 1
        return number - 1


class _Styles(dict[str, tuple[str, Shown]]):
    """Type of a cell and how its style shows numbers, by its attributes; the type is "?" where they need a parser."""

    def __init__(self, styles: Sequence[Shown]) -> None:
        self._styles = styles

    def __missing__(self, attributes: str) -> tuple[str, Shown]:
        named = dict(re.findall(r'([a-z]+)="([^"]*)"', attributes))
        number = named.get("s", "0")
        is_known = number.isdigit() and int(number) < len(self._styles)
        kind = "?" if "r" in named else named.get("t", "n")
        self[attributes] = kind, self._styles[int(number)] if is_known else PLAIN
        return self[attributes]


class _Reader:
    """Makes lines of stored cells."""

    def __init__(self, book: Book, columns: int) -> None:
        self._book, self._columns = book, columns
        self._styles, self._places = _Styles(book.styles), _Places()
        self._number = 0
        self._width = 0  # empty cells at the end of a row are not stored

    def block(self, block: str) -> Iterator[Line]:
        """Yield the lines of whole rows."""
        if "<!" in block:
            yield from self._parsed(block)
            return
        for row in block.split("</row>"):
            cells = _CELL.findall(row)
            begin = _ROW.match(row)
            if begin is None or len(cells) != row.count("<c") or not row.startswith("<c", begin.end()):
                if row.strip():
                    yield from self._parsed(row if row.endswith("/>") and not cells else row + "</row>")
                continue
            number = begin[1]
            line = self.line(int(number) if number else self._number + 1, cells)
            if line is None:
                yield from self._parsed(row + "</row>")
            elif line[1]:
                yield line

    def line(self, number: int, stored: Iterable[Stored]) -> Line | None:
        """Return the row's cells, none if all are empty; None if a cell needs a parser."""
        styles, places, strings = self._styles, self._places, self._book.strings
        cells: list[str] = []
        kinds = ""
        place = 0
        for letters, attributes, formula, value, inline in stored:
            if letters and (at := places[letters]) != place:
                if at < place:
                    raise damaged("A row of the workbook has its cells out of order.")
                if at > self._columns:
                    break  # the width is refused by what is there
                cells += [""] * (at - place)
                kinds = kinds.ljust(at, TEXT)
                place = at
            place += 1
            kind, how = styles[attributes]
            if kind == "s":
                try:
                    at = int(value)
                    if at < 0:
                        raise IndexError
                    cells.append(strings[at])
                except (ValueError, IndexError):
                    raise damaged(f"Row {number} of the workbook refers to a text that does not exist.") from None
            elif kind == "n" and value and not formula:
                if how is PLAIN and value.isdigit() and value[0] != "0":
                    text, letter = value, NUMBER
                else:
                    text, letter = number_text(value, how, self._book.starts_1904)
                cells.append(text)
                kinds = kinds.ljust(place - 1, TEXT) + letter
            elif kind == "inlineStr":
                inline = inline or value
                cells.append(plain(inline) if "&" in inline or "_x" in inline else inline)
            elif kind == "?":
                return None
            else:
                text, letter = self._other(kind, how, bool(formula), value, inline)
                cells.append(text)
                kinds = kinds.ljust(place - 1, TEXT) + letter
        self._number = number
        kinds = kinds.rstrip(TEXT)
        while cells and not cells[-1] and len(kinds) < len(cells):
            cells.pop()
        if cells and len(cells) < self._width:
            cells += [""] * (self._width - len(cells))
        else:
            self._width = max(self._width, len(cells))
        return number, cells, kinds

    def _other(self, kind: str, how: Shown, formula: bool, value: str, inline: str) -> tuple[str, str]:
        """Return the text and the kind of a cell that is no shared text and no bare number."""
        if kind == "str":
            return plain(value), TEXT
        if inline:
            return plain(inline), TEXT  # its writer forgot the type
        if not value or (formula and kind == "n" and value == "0" and self._book.is_uncalculated):
            return "", FORMULA if formula else TEXT
        if kind == "b":
            return "TRUE" if value in ("1", "true") else "FALSE", BOOLEAN
        if kind == "e":
            return plain(value), ERROR
        if kind == "d":
            return moment_text(value)
        return number_text(value, how, self._book.starts_1904) if kind == "n" else (plain(value), TEXT)

    def _parsed(self, rows: str) -> Iterator[Line]:
        yield from _by_parser(["<sheetData>", for_parser(rows), "</sheetData>"], self)


def _by_parser(pieces: Iterable[bytes | str], reader: _Reader) -> Iterator[Line]:
    """Yield the lines of XML of any form."""
    lines: list[Line] = []
    parser = _Parser(reader, lines.append)
    feeder = xml.feeder(parser.start, parser.end, parser.text)
    for piece in pieces:
        xml.feed(feeder, piece)
        yield from lines
        lines.clear()
    xml.feed(feeder, b"", is_last=True)
    yield from lines


class _Parser:
    """Handlers that gather the stored cells of each row."""

    def __init__(self, reader: _Reader, give: Callable[[Line], None]) -> None:
        self._reader, self._give = reader, give
        self._inside: list[str] = []
        self._cells: list[Stored] = []
        self._number = 0
        self._at = self._attributes = ""
        self._has_formula = False
        self._value: list[str] = []
        self._inline: list[str] = []

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
            self._value, self._inline = [], []
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
