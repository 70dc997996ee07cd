"""Reads the records of a delimited text by the csv module; what it cannot read fails alone."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from api.ingest.delimited.dialect import Dialect, bare_escape, shape
from api.ingest.delimited.escapes import NULL, BareEscapes, has_shield, unshielded, with_backslashes, with_bare_crs
from api.ingest.limits import Limits, cell_too_long
from api.ingest.notes import Notes
from api.ingest.table import Record
from sentiq.jobs.types import RowError

_AGAIN = 10_000  #: lines that may be read once more in any file, besides a few for each line it has
_PARTS = 1000  #: lines that one row is looked for in
_FOOTER = re.compile(r"\([0-9]+ (?:rows?|行.*)\)|[-+=:\s]{3,}")  # of psql; a rule below headings

# In half the time of Record(…): this is done for each row of a file.
record = cast("Callable[[tuple[int, Sequence[str], str, RowError | None]], Record]", partial(tuple.__new__, Record))


class DelimitedRecords:
    """Yields the records of lines. Blank lines, comments and footers are left out; notes get what was decided.

    A record that cannot be read fails; a mark that nobody closes costs its own line, not those up to the next mark.
    """

    def __init__(self, pieces: Iterator[list[str]], dialect: Dialect, limits: Limits, notes: Notes) -> None:
        csv.field_size_limit(limits.cell_chars)
        self._pieces, self._dialect, self._limits, self._notes = pieces, dialect, limits, notes
        self._start = dialect.above  # lines before the record that is being read
        self._fetched = 0  # lines taken from the pieces
        self._held: deque[tuple[int, list[str]]] = deque()  # pieces from there on, and how many lines are before each
        self._again: deque[str] = deque()  # lines to be read once more, before the fresh ones
        self._times_again = 0
        self._shielded = (-1, -1)  # lines that were read once more for a CR in them
        self._short: list[Record] = []  # the last records of fewer cells than usual, which may be one row
        self._unsure_up_to = 0  # line up to which, and on to the next that does, a record must look like a row
        self._open()

    def _open(self) -> None:
        """Read what is left as the dialect has it."""
        self._has_shields = self._dialect.quotes and bool(self._dialect.escape)
        self._is_careful = self._has_shields  # cells may have shields, or be a part of a row
        self._is_plain_from_here = False
        self._fresh = itertools.chain.from_iterable(self._lines())
        self._reader, self._before = self._dialect.read(self._fresh), self._start

    def __iter__(self) -> Iterator[Record]:
        may_glue = self._dialect.quotes and not self._dialect.is_enclosing and any(self._dialect.shapes)
        width = self._dialect.width
        while True:
            reader, before, start = self._reader, self._before, self._start
            try:
                for cells in reader:
                    end = before + reader.line_num
                    if may_glue and end > start + 1 and self._is_glued(start, end):
                        raise csv.Error("unexpected end")
                    if len(cells) == width and not self._is_careful:
                        yield record((start + 1, cells, "", None))
                    elif cells:
                        yield from self._examined(end, cells)
                    self._start = start = end
            except csv.Error as error:
                yield from self._short_ones()
                if found := self._mended(before + reader.line_num, str(error)):
                    yield found
            else:
                yield from self._short_ones()
                if not self._is_plain_from_here:
                    return
                self._dialect = replace(self._dialect, escape=False)
                self._open()

    def _lines(self) -> Iterator[list[str]]:
        above = max(self._dialect.above - self._fetched, 0)
        for piece in self._pieces:
            lines = piece
            if not self._dialect.quotes and self._dialect.escape is not False and "\\" in "".join(piece):
                if self._dialect.escape is None:
                    escape = bare_escape(self._dialect.delimiter, piece, self._dialect.width)
                    if escape is False:
                        self._pieces = itertools.chain((piece,), self._pieces)
                        self._is_plain_from_here = True
                        return
                    self._dialect = replace(self._dialect, escape=escape)
                lines = self._unescaped(piece)
            while self._held and self._held[0][0] + len(self._held[0][1]) <= self._start:
                self._held.popleft()
            self._held.append((self._fetched, lines))
            self._fetched += len(lines)
            yield lines[above:] if above else lines
            above = max(above - len(lines), 0)

    def _unescaped(self, lines: list[str]) -> list[str]:
        """Undo escapes where no marks enclose cells, once some lines have shown that they are."""
        self._has_shields = self._is_careful = True
        if not self._dialect.escape:
            return list(map(with_backslashes, lines))
        self._notes.add("escapes_undone", style="backslash")
        return list(map(BareEscapes(self._dialect.delimiter), lines))

    def _between(self, start: int, end: int) -> list[str]:
        """Return the lines of the record that is being read."""
        return [line for at, lines in self._held for line in lines[max(start - at, 0) : max(end - at, 0)]]

    def _examined(self, end: int, cells: Sequence[str]) -> Iterator[Record]:
        """Yield a record that may not be what it seems; nothing, if it is none or what follows must be known first."""
        if len(cells) == 1 < self._dialect.width and self._is_left_out(cells[0]):
            return
        found = self._checked(end, cells)
        if found is None:
            return
        widest = self._dialect.widest
        if found.error is None and 0 < widest < len(cells) and any(cells[widest:]) and self._begins_row(cells):
            reason = f"There are {len(cells)} cells instead of {widest}: is a delimiter inside a cell not quoted?"
            found = Record(self._start + 1, (), "", RowError("ragged_row", reason))
        is_short = found.error is None and len(cells) < self._dialect.width
        if not is_short or self._begins_row(cells):
            yield from self._short_ones()
        if is_short:
            self._short.append(found)
            count = sum(len(record.cells) - 1 for record in self._short) + 1
            if count >= self._dialect.width or len(self._short) > _PARTS:
                yield from self._short_ones()
        else:
            yield found
        self._is_careful = self._has_shields or bool(self._unsure_up_to or self._short)

    def _begins_row(self, cells: Sequence[str]) -> bool:
        """Tell whether a record begins as rows do, or rows begin in any way."""
        usual = self._dialect.shapes[:1]
        return usual in ((), ("",)) or not cells[0].strip() or shape(cells[0]) in (*usual, "9")

    def _short_ones(self) -> Iterator[Record]:
        """Yield the last short records, as errors if a line break that is not enclosed has made them of one row."""
        records, self._short = self._short, []
        is_one = len(records) > 1 and sum(len(record.cells) - 1 for record in records) + 1 == self._dialect.width
        for found in records:
            reason = (
                f"it has {len(found.cells)} of the {self._dialect.width} cells of a row: is a line break in a cell?"
            )
            yield found._replace(cells=(), kinds="", error=RowError("ragged_row", reason)) if is_one else found

    def _is_left_out(self, cell: str) -> bool:
        """Tell whether a record of one cell is a comment or a footer."""
        comment = self._dialect.comment
        if not (comment and cell.startswith(comment)) and not is_drawn(cell):
            return False
        self._notes.count("lines_not_read")
        return True

    def _is_glued(self, start: int, end: int) -> bool:
        """Tell whether each line of a record looks like a row: marks within texts were taken to enclose them all."""
        if not any(self._dialect.shapes):
            return False
        delimiter = self._dialect.delimiter
        return all(self._is_row(line.rstrip("\r\n").split(delimiter)) for line in self._between(start, end))

    def _is_row(self, cells: Sequence[str]) -> bool:
        """Tell whether cells are as many as usual, with numbers or words where all rows have them."""
        usual = self._dialect.shapes or ("",) * self._dialect.width
        if len(cells) != self._dialect.width:
            return False
        return all(not kind or shape(cell) in (kind, "9") for kind, cell in zip(usual, cells, strict=True))

    def _checked(self, end: int, cells: Sequence[str]) -> Record | None:
        """Return a record with what was kept from the csv module; an error if it may be the rest of a row.

        None: it is the mark with which COPY ends.
        """
        if self._unsure_up_to:
            if self._dialect.width > 1 and not self._is_row(cells):
                return self._error("it may belong to a row before it, of which a quotation mark is not closed")
            self._unsure_up_to = 0 if end >= self._unsure_up_to else self._unsure_up_to
        kinds = ""
        if any(map(has_shield, cells)):
            cells, kinds = unshielded(cells)
            if cells == ["\\."] and not self._dialect.quotes:
                return None
            if self._dialect.quotes and self._dialect.escape:
                self._notes.add("escapes_undone", style="backslash")
        return record((self._start + 1, cells, kinds, None))

    def _mended(self, end: int, cause: str) -> Record | None:
        """Return what becomes of the record up to this line, which the csv module cannot read; and go on behind it.

        None: it is read once more.
        """
        start, lines = self._start, self._between(self._start, end)
        may_repeat = self._times_again < _AGAIN + 4 * start
        if "new-line" in cause and self._shielded != (start, end) and may_repeat:
            self._times_again += len(lines)
            self._is_careful, self._shielded = True, (start, end)
            self._read_again(start, list(map(with_bare_crs, lines)))
            return None
        if len(lines) == 1 and "limit" in cause:
            found = Record(self._start + 1, (), "", cell_too_long(self._limits.cell_chars))
        elif (mended := self._with_nulls(lines[0])) is not None:
            self._notes.add("escapes_undone", style="quote")
            found = mended
        else:
            self._is_careful, self._unsure_up_to = True, max(end, self._unsure_up_to)
            is_open = "expected" not in cause or len(lines) > 1
            found = self._error(
                "a quotation mark opens a cell and is not closed"
                if is_open
                else "a quotation mark is followed by more of the same cell: it is neither doubled nor escaped"
            )
        self._times_again += len(lines) - 1
        may_go_on = self._dialect.width > 1 or not self._dialect.is_enclosing
        if len(lines) > 1 and may_go_on and may_repeat:
            self._read_again(start + 1, lines[1:])
        else:
            self._start = end
        return found

    def _read_again(self, start: int, lines: list[str]) -> None:
        """Go on with these lines, and then those that have not been read."""
        self._again.extendleft(reversed(lines))
        self._reader, self._before = self._dialect.read(itertools.chain(_taken(self._again), self._fresh)), start
        self._start = start

    def _with_nulls(self, line: str) -> Record | None:
        """Return the record of a line in which `"N` is NULL: MySQL with a quotation mark for its mark of an escape."""
        delimiter = self._dialect.delimiter
        edge = re.escape(delimiter) + "\r\n"
        line, nulls = re.subn(rf'(?<![^{edge}])"N(?![^{edge}])', NULL, line)
        if not nulls or not self._dialect.quotes:
            return None
        try:
            cells, kinds = unshielded(next(self._dialect.read([line])))
        except csv.Error:
            return None
        return record((self._start + 1, cells, kinds, None)) if len(cells) == self._dialect.width else None

    def _error(self, reason: str) -> Record:
        return Record(self._start + 1, (), "", RowError("misplaced_quote", reason))


def is_drawn(cell: str) -> bool:
    """Tell whether a line of one cell is a footer of psql, or a rule that is drawn below headings."""
    return _FOOTER.fullmatch(cell) is not None


def _taken(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()
