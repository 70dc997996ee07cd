"""Reads the records of a delimited text by the csv module; what it cannot read fails alone."""

from __future__ import annotations

import csv
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import cast

from api.ingest.dialect import Dialect, bare_escape, shape
from api.ingest.escapes import NULL, BareEscapes, has_shield, unshielded, with_backslashes, with_bare_crs
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.table import Record
from sentiq.jobs.types import RowError

_AGAIN = 10_000  #: lines that may be read once more in any file, besides a few for each line it has
_FOOTER = re.compile(r"\([0-9]+ (?:rows?|行.*)\)|\\\.")  # of psql; the end of COPY

# In half the time of Record(…): this is done for each row of a file.
_record = cast("Callable[[tuple[int, Sequence[str], str, RowError | None]], Record]", partial(tuple.__new__, Record))


class DelimitedRecords:
    """Yields the records of lines. Blank lines, comments and footers are left out; notes get what was decided.

    A record that cannot be read fails; a mark that nobody closes costs its own line, not those up to the next mark.
    """

    def __init__(self, pieces: Iterator[list[str]], dialect: Dialect, limits: Limits, notes: Notes) -> None:
        csv.field_size_limit(limits.cell_chars)
        self._dialect, self._limits, self._notes = dialect, limits, notes
        self._escape = dialect.escape
        self._start = dialect.above  # lines before the record that is being read
        self._held: deque[tuple[int, list[str]]] = deque()  # pieces from there on, and how many lines are before each
        self._again: deque[str] = deque()  # lines to be read once more, before the fresh ones
        self._times_again = 0
        self._shielded = -1  # start of the record that was read once more for a CR in it
        self._is_careful = dialect.quotes and bool(dialect.escape)  # cells may have shields, or be a part of a row
        self._unsure_up_to = 0  # line up to which, and on to the next that does, a record must look like a row
        self._fresh = itertools.chain.from_iterable(self._lines(pieces))
        self._reader, self._before = dialect.read(self._fresh), self._start

    def __iter__(self) -> Iterator[Record]:
        is_enclosing = self._dialect.is_enclosing
        narrow = 1 if self._dialect.width > 1 else 0  # a record of so few cells may be none
        while True:
            reader, before, start = self._reader, self._before, self._start
            try:
                for cells in reader:
                    end = before + reader.line_num
                    if end > start + 1 and not is_enclosing and self._is_glued(start, end):
                        raise csv.Error("unexpected end")
                    if len(cells) <= narrow and self._is_left_out(cells):
                        pass
                    elif self._is_careful:
                        yield self._checked(end, cells)
                    else:
                        yield _record((start + 1, cells, "", None))
                    self._start = start = end
            except csv.Error as error:
                if record := self._mended(before + reader.line_num, str(error)):
                    yield record
            else:
                return

    def _lines(self, pieces: Iterator[list[str]]) -> Iterator[list[str]]:
        fetched, above = 0, self._dialect.above
        for piece in pieces:
            lines = piece if self._dialect.quotes or self._escape is False else self._unescaped(piece)
            while self._held and self._held[0][0] + len(self._held[0][1]) <= self._start:
                self._held.popleft()
            self._held.append((fetched, lines))
            fetched += len(lines)
            yield lines[above:] if above else lines
            above = max(above - len(lines), 0)

    def _unescaped(self, lines: list[str]) -> list[str]:
        """Undo escapes where no marks enclose cells, once some lines have shown that they are."""
        if "\\" not in "".join(lines):
            return lines
        if self._escape is None:
            self._escape = bare_escape(self._dialect.delimiter, lines, self._dialect.width)
        self._is_careful = True
        if not self._escape:
            return list(map(with_backslashes, lines))
        self._notes.add("escapes_undone", style="backslash")
        return list(map(BareEscapes(self._dialect.delimiter), lines))

    def _between(self, start: int, end: int) -> list[str]:
        """Return the lines of the record that is being read."""
        return [line for at, lines in self._held for line in lines[max(start - at, 0) : max(end - at, 0)]]

    def _is_left_out(self, cells: Sequence[str]) -> bool:
        """Tell whether a record of one cell, or none, is a blank line, a comment or a footer."""
        if not cells:
            return True
        comment = self._dialect.comment
        if not (comment and cells[0].startswith(comment)) and not _FOOTER.fullmatch(cells[0]):
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

    def _checked(self, end: int, cells: Sequence[str]) -> Record:
        """Return a record with what was kept from the csv module; an error if it may be the rest of a row."""
        if self._unsure_up_to and self._dialect.width > 1:
            if not self._is_row(cells):
                return self._error("it may belong to a row before it, of which a quotation mark is not closed")
            self._unsure_up_to = 0 if end >= self._unsure_up_to else self._unsure_up_to
        kinds = ""
        if any(map(has_shield, cells)):
            cells, kinds = unshielded(cells)
            if self._dialect.quotes and self._dialect.escape:
                self._notes.add("escapes_undone", style="backslash")
        return _record((self._start + 1, cells, kinds, None))

    def _mended(self, end: int, cause: str) -> Record | None:
        """Return what becomes of the record up to this line, which the csv module cannot read; and go on behind it.

        None: it is read once more.
        """
        start, lines = self._start, self._between(self._start, end)
        if "new-line" in cause and self._shielded != start:
            self._is_careful, self._shielded = True, start
            self._read_again(start, list(map(with_bare_crs, lines)))
            return None
        if len(lines) == 1 and "limit" in cause:
            record = self._error(
                f"a cell has more than {self._limits.cell_chars:,} characters (SENTIQ_MAX_CELL_CHARS)", "cell_too_long"
            )
        elif (mended := self._with_nulls(lines[0])) is not None:
            self._notes.add("escapes_undone", style="quote")
            record = mended
        else:
            self._is_careful, self._unsure_up_to = True, max(end, self._unsure_up_to)
            is_open = "expected" not in cause or len(lines) > 1
            record = self._error(
                "a quotation mark opens a cell and is not closed"
                if is_open
                else "a quotation mark is followed by more of the same cell: it is neither doubled nor escaped"
            )
        self._times_again += len(lines) - 1
        may_go_on = self._dialect.width > 1 or not self._dialect.is_enclosing
        if len(lines) > 1 and may_go_on and self._times_again < _AGAIN + 4 * start:
            self._read_again(start + 1, lines[1:])
        else:
            self._start = end
        return record

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
        return _record((self._start + 1, cells, kinds, None)) if len(cells) == self._dialect.width else None

    def _error(self, reason: str, code: str = "misplaced_quote") -> Record:
        return Record(self._start + 1, (), "", RowError(code, reason))


def _taken(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()
