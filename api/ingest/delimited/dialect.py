"""Recognises how a delimited text was written: what stands above it, its delimiter, its quotes and its escapes."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from api.ingest.delimited.escapes import BareEscapes, EnclosedEscapes, with_bare_crs
from api.ingest.delimited.quotes import encloses, quotes_between_tabs
from api.ingest.options import Reading
from api.ingest.recognition.names import Kind, meaning

SAMPLE_LINES = 1000  #: looked at, of those that the first piece of a file holds
HIVE = "\x01"  #: its delimiter; it encloses nothing
DELIMITERS = f",\t;|{HIVE}"
COPY_ENDS = "\\."  #: the last line of PostgreSQL's COPY
_RARE_DELIMITERS = "^~@，"  #: taken for one only between listed headings, and where it cuts all lines alike
NO_DELIMITER = "\x1f"  #: of one column: in no text

_CUT_OFF = 20  #: lines of a record that may go on behind the sample
_SETTING = re.compile(r'"?sep=(\\t|[^"\w\r\n\udc80])"?[,;|\s]*', re.IGNORECASE)
_ENCLOSED = re.compile(r'(?<![^\n,;\t|])"(?:[^"\\]|\\.|"")*"', re.DOTALL)
_BARE_MARK = re.compile(r'\\"')  # Python's csv module with doublequote=False: Spark would enclose its cell
_ENCLOSED_AND_ESCAPED = re.compile(r'(?:^|\t)"(?:[^"\\]|\\.)*\\"(?:[^"\\]|\\.)*"(?=\t|\r?\n|\Z)', re.MULTILINE)
_BETWEEN_BLANKS = re.compile(r'"[^"]+"(?: "[^"]+")+')  # what write.table of R has above its rows
_COMMENT = re.compile(r'\s*"?(#|--|//)')


class Reader(Protocol):
    """The csv module's."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited text was written."""

    delimiter: str
    quotes: bool = True  #: marks enclose cells
    escape: bool | None = False  #: a backslash is the mark of an escape; None: nothing has shown it yet
    escape_bare: bool = False  #: between marks or not
    width: int = 1  #: usual number of cells
    above: int = 0  #: lines above the first record: settings, comments, blank ones
    left_out: int = 0  #: those of them that are not blank
    comment: str = ""  #: what lines that are comments begin with
    is_enclosing: bool = False  #: the writer enclosed the cells that had to be
    shapes: Sequence[str] = ()  #: of the cells of each column (`shape`)
    widest: int = 0  #: number of cells that a row may have; 0: not known

    def read(self, lines: Iterable[str]) -> Reader:
        """Return the csv module's reader of lines; those of a dialect without quotes have their escapes undone before.

        It raises csv.Error for a record that is not as the dialect has it.
        """
        if self.quotes:
            undone = map(EnclosedEscapes(self.delimiter, self.escape_bare), lines) if self.escape else lines
            return csv.reader(undone, delimiter=self.delimiter, strict=True)
        escape = None if self.escape is False else "\\"
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, escapechar=escape, strict=True)


@dataclass(slots=True)
class Survey:
    """What a dialect makes of the first lines."""

    dialect: Dialect
    width: int = 0  #: of the most records
    records: list[list[str]] = field(default_factory=list)  #: that are no errors
    bad: int = 0  #: lines of records that are errors or of another width
    is_spoiled: bool = False  #: some of them have a backslash
    is_set: bool = False  #: a line above them says what the delimiter is

    @property
    def evenness(self) -> tuple[float, int]:
        """Return the share of good records, and their width; the greater, the better they are cut."""
        good = sum(len(cells) == self.width for cells in self.records)
        return (good / (good + self.bad) if self.width > 1 else 0.0), self.width


def survey(dialect: Dialect, lines: Sequence[str], *, is_whole: bool = False, width: int = 0) -> Survey:
    """Read lines as a dialect has it.

    `is_whole`: no record goes on behind them. `width`: of good records, if it is known; else that of the most.
    """
    undo = BareEscapes(dialect.delimiter) if dialect.escape and not dialect.quotes else None
    reader = dialect.read(map(undo, lines) if undo else lines)
    found = Survey(dialect, width)
    spans: list[tuple[int, int, int]] = []  # first line, line behind the last, width
    start = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if not is_whole and "unexpected end" in str(error) and reader.line_num - start < _CUT_OFF:
                break
            cells, cut = [], -1
        else:
            if cells is None:
                break
            cut = len(cells)
            if cells:
                found.records.append(cells)
        if cut:
            spans.append((start, reader.line_num, cut))
        start = reader.line_num
    counts = Counter(cut for *_, cut in spans if cut > 0)
    found.width = width or max(counts, key=lambda cut: (counts[cut], cut), default=1)
    for first, behind, cut in spans:
        if cut != found.width:
            found.bad += behind - first
            found.is_spoiled |= any("\\" in line for line in lines[first:behind])
    return found


def dialect_of(reading: Reading, kind: str, sample: Sequence[str], *, is_whole: bool) -> Survey:
    """Recognise the dialect by the first lines of a file, and return it with what it makes of them.

    `is_whole`: the file has no more lines.
    """
    is_whole, sample = is_whole and len(sample) <= SAMPLE_LINES, list(map(with_bare_crs, sample[:SAMPLE_LINES]))
    delimiter = reading.delimiter
    above, left_out = _blank(sample, 0), 0
    setting = None
    if above < len(sample) and (setting := _SETTING.fullmatch(sample[above])):
        delimiter = delimiter or ("\t" if setting[1] == "\\t" else setting[1])
        above, left_out = _blank(sample, above + 1), 1
    table = above
    while table < len(sample) and _COMMENT.match(sample[table]):
        table = _blank(sample, table + 1)
    lines = sample[table:] or sample[above:]
    if lines[-1:] and lines[-1].rstrip() == COPY_ENDS:
        lines = lines[:-1]
    if delimiter is None:
        delimiter = _delimiter_of(reading, kind, lines, is_whole=is_whole)
    found = _quoting_of(reading, delimiter, lines, is_whole=is_whole)
    if reading.delimiter is None and setting is None and delimiter != "\t" and _cuts_texts(found):
        delimiter = NO_DELIMITER
        found = _quoting_of(reading, delimiter, lines, is_whole=is_whole)
    comment = ""
    while above < table and (mark := _comment(found, sample[above], lines)):
        comment = mark if found.width > 1 else ""
        above, left_out = _blank(sample, above + 1), left_out + 1
    found.is_set = setting is not None
    found.dialect = replace(
        found.dialect,
        width=found.width,
        above=above,
        left_out=left_out,
        comment=comment,
        is_enclosing=found.dialect.quotes and encloses(lines, found.records, delimiter),
        shapes=_shapes(found),
        widest=_widest(found),
    )
    return found


def has_listed_heading(line: Sequence[str]) -> bool:
    """Tell whether one of the cells is a heading under which texts are usually found."""
    return any(
        meaning(cell).kind is Kind.TEXT and meaning(cell).is_whole
        for cell in line
        if not any(delimiter in cell for delimiter in DELIMITERS)  # else they are several, uncut
    )


def are_headings(line: Sequence[str]) -> bool:
    """Tell whether cells are headings, of which one is listed for texts and no more than half are unknown."""
    known = sum(meaning(cell).kind is not Kind.UNKNOWN for cell in line)
    return has_listed_heading(line) and known * 2 >= len(line) and all(0 < len(cell.strip()) <= 30 for cell in line)


def bare_escape(delimiter: str, lines: Sequence[str], width: int = 0) -> bool | None:
    """Tell whether a backslash is the mark of an escape where marks enclose no cells; None: the lines do not show it.

    Before a delimiter or a line end it is, where this makes records of one width, and is not otherwise.
    """
    text = "".join(lines)
    if "\\" not in text:
        return None
    escapes = BareEscapes(delimiter)
    shown = escapes.shown(text)
    if shown is not False and escapes.escapes_ends(text):
        literal = survey(Dialect(delimiter, quotes=False), lines, width=width)
        return literal.bad > 0 and not survey(replace(literal.dialect, escape=True), lines, width=width).is_spoiled
    return shown


def shape(cell: str) -> str:
    """Return what a cell is: "9" a number, "a" one ASCII word or a time, "" a text or nothing."""
    if cell.isascii() and cell.isdigit():
        return "9"
    return "a" if re.fullmatch(r"[\w.:/+-]+(?: [\d:.]+)?", cell, re.ASCII) else ""


def _blank(lines: Sequence[str], at: int) -> int:
    """Return the place of the first line from here that is not blank."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _delimiter_of(reading: Reading, kind: str, lines: Sequence[str], *, is_whole: bool) -> str:
    """Return the one that cuts the lines most evenly; a comma where none does."""
    if kind == "tsv" and any("\t" in line for line in lines):
        return "\t"
    first = lines[0] if lines else ""
    if _BETWEEN_BLANKS.fullmatch(first.strip()) and are_headings(first.strip()[1:-1].split('" "')):
        return " "
    commas = survey(Dialect(","), lines, is_whole=is_whole)
    for mark in _RARE_DELIMITERS:
        if (
            mark in first
            and are_headings(first.split(mark))
            and not survey(Dialect(mark), lines, is_whole=is_whole).bad
        ):
            return mark
    if has_listed_heading([first.strip().strip('"')]) and not commas.is_spoiled:
        return "," if (commas.width, commas.bad) == (1, 0) else NO_DELIMITER
    text = "".join(lines)
    best, most = ",", (0.0, 0)
    for quotes in (True, False) if reading.quotes is None else (reading.quotes,):
        if most[0] == 1:
            break  # by marks that enclose cells: else there are more cells, with single marks in them
        for delimiter in DELIMITERS:
            if delimiter in text:
                evenness = survey(Dialect(delimiter, quotes), lines, is_whole=is_whole).evenness
                if evenness > most:
                    best, most = delimiter, evenness
    return best


def _quoting_of(reading: Reading, delimiter: str, lines: Sequence[str], *, is_whole: bool) -> Survey:
    """Return the reading that makes even records of the lines: the plainest that does, by RFC 4180 if none does."""
    recognised = (False,) if delimiter == HIVE else (True, False)
    quotes = recognised if reading.quotes is None else (reading.quotes,)
    escapes = (False, True) if any("\\" in line for line in lines) else (False,)
    if reading.escape is not None:
        escapes = (reading.escape == "backslash",)
    if delimiter == "\t":
        quotes = (quotes_between_tabs(lines),) if reading.quotes is None else quotes
        if not quotes[0] and reading.quotes is None and True in escapes:
            spark = survey(Dialect(delimiter, True, True), lines, is_whole=is_whole)
            if not spark.bad and _ENCLOSED_AND_ESCAPED.search("".join(lines)):
                return spark  # which doubles no marks
        if not quotes[0]:
            escape = bare_escape(delimiter, lines) if reading.escape is None else escapes[0]
            return survey(Dialect(delimiter, False, escape), lines, is_whole=is_whole)
    best, *others = [Dialect(delimiter, quote, escape) for escape in escapes for quote in quotes]
    found = survey(best, lines, is_whole=is_whole)
    for dialect in others:
        if not found.bad:
            break
        other = survey(dialect, lines, is_whole=is_whole)
        enclosed = 0 if dialect.quotes else sum(map(_has_enclosed, other.records))
        if enclosed and not (dialect.escape and not other.bad and enclosed * 2 < len(other.records)):
            continue
        if other.bad < found.bad and not (other.is_spoiled if dialect.escape else other.bad):
            found = other
    if found.dialect.quotes and found.dialect.escape and _BARE_MARK.search(_ENCLOSED.sub("", "".join(lines))):
        return survey(replace(found.dialect, escape_bare=True), lines, is_whole=is_whole)
    return found


def _has_enclosed(cells: Sequence[str]) -> bool:
    """Tell whether marks enclose a cell, though they are taken for characters."""
    return any(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def _comment(found: Survey, line: str, lines: Sequence[str]) -> str:
    """Return the mark of a line that is certainly a comment: none of its cells but the first has a value."""
    match = _COMMENT.match(line)
    if match is None:
        return ""
    if found.width > 1:
        is_comment = not any(any(cells[1:]) for cells in survey(found.dialect, [line]).records)
    else:  # #…# is a topic, and a list may begin with dashes
        is_comment = line[match.end() :].startswith(" ") and not any(map(_COMMENT.match, lines))
    return match[1] if is_comment else ""


def _cuts_texts(found: Survey) -> bool:
    """Tell whether a delimiter is but a mark in texts of one column: many have none, and no column of others."""
    alone = sum(len(cells) == 1 for cells in found.records)
    if found.width == 1 or alone * 10 < len(found.records) or any(_shapes(found)):
        return False
    return not any(len(cells) == found.width and has_listed_heading(cells) for cells in found.records[:20])


def _widest(found: Survey) -> int:
    """Return how many cells a row may have: as many as usual, or as what stands above the rows."""
    usual = _shapes(found)[:1]
    if usual in ((), ("",)):
        return 0
    others = (len(cells) for cells in found.records if shape(cells[0]) not in (*usual, "9"))
    return max(found.width, *others, 0)


def _shapes(found: Survey) -> tuple[str, ...]:
    rows = [cells for cells in found.records[1:] if len(cells) == found.width]
    if len(rows) < 2:
        return ()
    return tuple(
        "9" if shapes == {"9"} else "a" if "" not in shapes else ""
        for shapes in ({shape(cell) for cell in column} for column in zip(*rows, strict=True))
    )
