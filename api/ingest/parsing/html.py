"""The tables of an HTML page, as a browser shows them: what many programs call a workbook."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import IO, Any

from api.ingest.parsing.buffer import Rows
from api.ingest.parsing.tables import Parsed, Refusal, damaged

_PIECE_BYTES = 65_536
_MAX_TABLES = 1_000
_SPACE = re.compile(r"[ \t\n\r\f]+")
_BREAKS = re.compile(r" ?\n ?")
_NUMBER = re.compile(r"-?[0-9]{1,21}")
_SHORTENED = re.compile(r"-?[0-9](?:\.[0-9]+)?E\+[0-9]+")
_BLOCKS = frozenset(("p", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt", "blockquote", "pre"))
_UNSEEN = frozenset(
    ("script", "style", "template", "noscript", "title", "select", "textarea", "object", "svg", "iframe")
)
_FIELDS = frozenset(("text", "password", "email", "search", "tel", ""))  #: of a form, no data


def parse(file: IO[bytes], limits: Mapping[str, Any]) -> Sequence[Parsed]:
    """Return the tables of a page, which is UTF-8 here, in the order of their beginnings. Raises Refusal."""
    page = _Page(limits)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogatepass")
    while data := file.read(_PIECE_BYTES):
        page.feed(decoder.decode(data))
    page.close()
    found = [table for table in page.tables if table.rows.count and not table.is_form]
    if not found:
        detail = (
            "The file is a web page without a table, whatever its name says: perhaps a page that asks for a password "
            "or tells of an error came instead of the file, or its tables are in other files. Export it again."
        )
        raise Refusal("not_a_table", detail)
    return [Parsed(iter(table.rows), table.title) for table in found]


class _Table:
    """A table while it is read. As in a workbook, a cell that spans others leaves these empty."""

    def __init__(self, limits: Mapping[str, Any], title: str | None) -> None:
        self.rows = Rows()
        self.title = title
        self.is_form = False
        self.cells: list[str] | None = None  # of the row that is open
        self.text: list[str] | None = None  # of the cell that is open
        self.exact = ""  # what the cell says its number is
        self._columns = limits["columns"] + 1
        self._number = 0
        self._spanned: dict[int, int] = {}  # columns, and for how many rows a cell from above takes them

    def begin_row(self) -> None:
        self.end_row()
        self._number += 1
        self.cells = []

    def begin_cell(self, attributes: Mapping[str, str | None]) -> None:
        self.end_cell()
        if self.cells is None:
            self.begin_row()
        assert self.cells is not None
        while self._spanned.get(len(self.cells)):
            self._spanned[len(self.cells)] -= 1
            self._add("")
        wide, high = (_span(attributes.get(name)) for name in ("colspan", "rowspan"))
        at = len(self.cells)
        for column in range(at, min(at + wide, self._columns)):
            if high > 1:
                self._spanned[column] = high - 1
        self._after = wide - 1
        self.text = []
        shown = attributes.get("data-v") if attributes.get("data-t") == "n" else attributes.get("x:num")
        self.exact = shown or ""

    def end_cell(self) -> None:
        if self.text is None:
            return
        text = _shown("".join(self.text))
        if _SHORTENED.fullmatch(text) and _NUMBER.fullmatch(self.exact):
            text = self.exact
        self.text = None
        self._add(text)
        for _ in range(self._after):
            self._add("")

    def end_row(self) -> None:
        self.end_cell()
        if self.cells is not None:
            for column in range(len(self.cells), max(self._spanned, default=-1) + 1):
                if self._spanned.get(column):
                    self._spanned[column] -= 1
                self._add("")
            self.rows.add(self._number, self.cells)
        self.cells = None

    def _add(self, text: str) -> None:
        if self.cells is not None and len(self.cells) < self._columns:
            self.cells.append(text)


class _Page(HTMLParser):
    def __init__(self, limits: Mapping[str, Any]) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._limits = limits
        self._open: list[_Table] = []
        self._unseen = 0  # elements that are open and of which nothing is shown
        self._caption: list[str] | None = None
        self._pre = 0
        self._has_ends = False  # of cells, which some writers leave out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        attributes = dict(attrs)
        if tag == "table":
            self._begin(attributes.get("id"))
        elif tag in ("tr", "td", "th"):
            self._unseen = 0  # an end that was forgotten
            if not self._open:
                self._begin(None)
            if tag == "tr":
                self._open[-1].begin_row()
            else:
                self._open[-1].begin_cell(attributes)
        elif tag == "caption":
            self._caption = []
        elif tag == "br":
            self._add("\v")
        elif tag in _BLOCKS:
            self._pre += tag == "pre"
            self._add("\f\v")
        elif tag in ("input", "textarea") and self._open and (attributes.get("type") or "").lower() in _FIELDS:
            self._open[-1].is_form = True

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag in _BLOCKS:
            self._pre = max(0, self._pre - (tag == "pre"))
            self._add("\f\v")
        if not self._open:
            return
        table = self._open[-1]
        if tag == "table":
            table.end_row()
            self._open.pop()
        elif tag in ("tr", "thead", "tbody", "tfoot"):
            table.end_row()
        elif tag in ("td", "th"):
            self._has_ends = True
            table.end_cell()
        elif tag == "caption" and self._caption is not None:
            table.title = _shown("".join(self._caption)).replace("\n", " ")[:255] or table.title
            self._caption = None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """As browsers do, take no slash for an end: but nothing is unseen behind one."""
        if tag not in _UNSEEN:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._add(data.replace("\r\n", "\v").replace("\n", "\v") if self._pre else _plain(data))

    def close(self) -> None:
        super().close()
        if self._open and self._open[-1].text is not None and self._has_ends:
            raise damaged("The page ends within a cell: it is cut off.")
        while self._open:
            self._open.pop().end_row()

    def _begin(self, title: str | None) -> None:
        if len(self.tables) == _MAX_TABLES:
            raise Refusal("not_a_table", f"The page has more than {_MAX_TABLES:,} tables. Send one as CSV or XLSX.")
        table = _Table(self._limits, title)
        self.tables.append(table)
        self._open.append(table)

    def _add(self, text: str) -> None:
        if self._caption is not None:
            self._caption.append(text)
        elif self._open and (cell := self._open[-1].text) is not None:
            cell.append(text)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text.replace("\v", " "))


def _shown(text: str) -> str:
    """Return a cell as a browser shows it: `\\v` stands for a line feed, `\\f\\v` for the edge of a block."""
    text = _SPACE.sub(" ", text.replace("\f\v", "\n\v")) if "\f" not in text else _blocks(text)
    return _BREAKS.sub("\n", text.replace("\v", "\n")).strip(" \n\xa0\u3000")


def _blocks(text: str) -> str:
    """Return the text with one break between blocks, however many of them end and begin there."""
    parts = [_SPACE.sub(" ", part).strip(" ") for part in re.split(r"(?: *\f\v *)+", text)]
    return "\v".join(part for part in parts if part.strip("\xa0"))


def _span(value: str | None) -> int:
    digits = (value or "").strip()
    return min(max(int(digits), 1), 1_000) if digits.isascii() and digits.isdigit() and len(digits) < 7 else 1
