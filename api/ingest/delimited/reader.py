"""CSV, TSV and plain text: decoded lines to records."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from api.ingest.delimited.chats import is_chat, messages
from api.ingest.delimited.dialect import HIVE, NO_DELIMITER, Survey, are_headings, dialect_of, has_listed_heading
from api.ingest.delimited.labelled_lines import NAMES, are_labelled, labelled_records
from api.ingest.delimited.records import DelimitedRecords, is_drawn, record
from api.ingest.options import Reading, refuse_options
from api.ingest.source import Source
from api.ingest.streams import line_lists
from api.ingest.table import Table

LINES_ABOVE = 5  #: titles, at most, above the headings of a text that is a table in truth
LINE_OPTIONS = frozenset({"encoding"})  #: that a text of one text a line obeys


def read_delimited(source: Source) -> list[Table]:
    """Return the one table of a CSV or TSV file."""
    pieces = line_lists(source.text())
    sample, pieces, is_whole = _with_sample(pieces)
    if _is_labelled(source.reading, sample):
        return [Table(labelled_records(_filled(pieces)), NAMES)]
    return [_table(source, dialect_of(source.reading, source.kind, sample, is_whole=is_whole), pieces)]


def read_lines(source: Source) -> list[Table]:
    """Return the one table of a plain text: one text a line, blank lines left out; or the cells that it has in truth.

    Raises InvalidInput for an option that a text of one text a line cannot obey.
    """
    pieces = line_lists(source.text())
    sample, pieces, is_whole = _with_sample(pieces)
    is_open = source.reading.format != "txt"
    if is_open and _is_labelled(source.reading, sample):
        return [Table(labelled_records(_filled(pieces)), NAMES)]
    if is_open and (found := _table_of(source.reading, sample, is_whole=is_whole)):
        source.describe(format="tsv" if found.dialect.delimiter == "\t" else "csv")
        return [_table(source, found, pieces)]
    refuse_options(source.reading, "a text of one text a line", LINE_OPTIONS)
    lines = messages(_filled(pieces), source.notes) if is_chat(sample) else _filled(pieces)
    records = (record((number, (line.rstrip("\r\n"),), "", None)) for number, line in lines)
    has_heading = has_listed_heading(next(([line.strip()] for line in sample if line.strip()), []))
    return [Table(records, None if has_heading else ("text",))]


def _filled(pieces: Iterator[list[str]]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    numbered = enumerate(itertools.chain.from_iterable(pieces), start=1)
    return ((number, line) for number, line in numbered if not line.isspace())


def _is_labelled(reading: Reading, sample: list[str]) -> bool:
    """Tell whether lines begin with labels, where the sender says nothing of how they are cut, and of headings."""
    said = (reading.delimiter, reading.quotes, reading.escape, reading.has_header, reading.header_row)
    return not any(option is not None for option in said) and are_labelled(sample)


def _with_sample(pieces: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]], bool]:
    """Return the lines of the first piece, all pieces, and whether there is no other."""
    first = next(pieces, [])
    second = next(pieces, None)
    ahead = [first] if second is None else [first, second]
    return first, itertools.chain(ahead, pieces), second is None


def _table(source: Source, found: Survey, pieces: Iterator[list[str]]) -> Table:
    dialect = found.dialect
    delimiter = None if dialect.delimiter == NO_DELIMITER else dialect.delimiter
    source.describe(delimiter=delimiter, quotes=dialect.quotes)
    if dialect.left_out:
        source.notes.count("lines_not_read", dialect.left_out)
    return Table(iter(DelimitedRecords(pieces, dialect, source.limits, source.notes)))


def _table_of(reading: Reading, sample: list[str], *, is_whole: bool) -> Survey | None:
    """Return how to read a text that is a table in truth; None for one of one text a line.

    It is one if its sender says how to read it, if all lines have as many cells, cut by tabs or by Hive's mark or with
    a column of numbers, or under listed headings.
    """
    found = dialect_of(reading, "txt", sample, is_whole=is_whole)
    asked = (reading.delimiter, reading.quotes, reading.escape, reading.text_column, reading.id_column)
    if any(option not in (None, ()) for option in asked) or found.is_set:
        return found
    if any(option is not None for option in (reading.has_header, reading.header_row)):
        return found
    if found.width < 2:
        return None
    is_cut = found.dialect.delimiter in ("\t", HIVE) or "9" in found.dialect.shapes
    if is_cut and not found.bad and len(found.records) > 1:
        return found
    for at, cells in enumerate(found.records[:LINES_ABOVE]):
        rows = found.records[at + 1 :]
        if (
            found.dialect.delimiter == "\t"
            and are_headings(cells)
            and sum(len(row) > 1 for row in rows) * 2 > len(rows)
        ):
            return found  # there are few tabs in texts: rows may be cut short
        missing = found.width - len(cells)  # one where rows have names, which R writes without a heading
        if missing in (0, found.dialect.delimiter == " ") and are_headings([cell for cell in cells if cell.strip()]):
            drawn = sum(len(other) == 1 and is_drawn(other[0]) for other in found.records[at:])
            bad = found.bad - at - drawn
            return found if bad * (10 if at else 2) <= len(rows) or bad == 1 < len(rows) else None
    return None
