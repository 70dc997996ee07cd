"""CSV, TSV and plain text: decoded lines to cells, and cells to rows."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from api.ingest.columns import Columns
from api.ingest.faults import ID_CHARS, is_unicode, readable, text_fault
from api.ingest.limits import Limits
from api.ingest.options import Reading
from sentiq.jobs.types import Row, RowError

SAMPLE_ROWS = 50  #: looked at to tell delimiter and columns
DELIMITERS = ",\t;|"

Cells = Sequence[str] | RowError
Numbered = tuple[int, Cells]  #: line of the input, from 1, and what stands there


class TypedCells(list[str]):
    """The cells of a workbook's row as text, with the kind of each."""

    def __init__(self, cells: Iterable[str], kinds: str) -> None:
        super().__init__(cells)
        self.kinds = kinds  #: a letter each, up to the last that is no text (api/cell_kinds.py)


def delimiter_of(reading: Reading, kind: str, sample: Sequence[str], limits: Limits) -> str:
    """The one that cuts the first lines most evenly; a comma where none does."""
    if reading.delimiter:
        return reading.delimiter
    if kind == "tsv":
        return "\t"

    def evenness(delimiter: str) -> tuple[float, int]:
        records = cells_of(sample, delimiter, limits)
        widths = [len(cells) for _, cells in records if not isinstance(cells, RowError)]
        usual = max(set(widths), key=widths.count, default=1)
        return (widths.count(usual) / len(widths) if usual > 1 else 0.0), usual

    return max(DELIMITERS, key=evenness)


def cells_of(lines: Iterable[str], delimiter: str, limits: Limits, *, quotes: bool = True) -> Iterator[Numbered]:
    """Cells of each record, quotes and line breaks in them undone (RFC 4180). Blank lines are left out.

    A cell over the limit spoils its record alone; after a quote that nobody closes, that is all lines up to the limit.
    """
    csv.field_size_limit(limits.cell_chars)
    reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    while True:
        number = reader.line_num + 1
        try:
            cells: Cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            read = reader.line_num - number + 1
            reason = f"a cell has more than {limits.cell_chars:,} characters (SENTIQ_MAX_CELL_CHARS)"
            hint = f"; {read:,} lines were read as one: is a quote not closed?" if read > 1 else ""
            cells = RowError("cell_too_long", reason + hint)
        if cells:
            yield number, cells


def texts_of(lines: Iterable[str]) -> Iterator[Numbered]:
    """One text a line. Blank lines are left out."""
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text.strip():
            yield number, (text,)


def peeked(records: Iterator[Numbered]) -> tuple[list[Sequence[str]], Iterator[Numbered]]:
    """The first good records, and all of them."""
    head = list(itertools.islice(records, SAMPLE_ROWS))
    return [cells for _, cells in head if not isinstance(cells, RowError)], itertools.chain(head, records)


def rows_of(records: Iterator[Numbered], columns: Columns, limits: Limits, *, keep: bool) -> Iterator[Row]:
    """A row for each record but the header. A record that cannot be taken is a row with the reason and its line."""
    text_at, id_at, width = columns.text, columns.id, len(columns.names)
    needed = max(text_at, id_at or 0) + 1
    if columns.has_header:
        next(records, None)
    for line, cells in records:
        if isinstance(cells, RowError):
            yield _failed(cells, line)
            continue
        count = len(cells)
        if count > width or count < needed:
            hint = ": is a delimiter inside a cell not quoted?" if count > width else "."
            yield _failed(RowError("ragged_row", f"There are {count} cells instead of {width}{hint}"), line)
            continue
        text = cells[text_at]
        custom_id = (cells[id_at] or None) if id_at is not None else None
        fault = _fault(text, custom_id, limits.text_chars)
        kept = _kept(cells, text_at, width) if keep else None
        kinds = cells.kinds if keep and isinstance(cells, TypedCells) else ""
        if fault is None:
            yield Row(text, custom_id, None, kept, kinds)
        else:
            usable = custom_id if custom_id and len(custom_id) <= ID_CHARS and is_unicode(custom_id) else None
            yield replace(_failed(fault, line, usable, kept), kinds=kinds)


def _fault(text: str, custom_id: str | None, max_chars: int) -> RowError | None:
    fault = text_fault(text, max_chars)
    if fault is None and custom_id is None:
        return None
    if (fault is not None and fault.code == "invalid_unicode") or (custom_id and not is_unicode(custom_id)):
        return RowError("undecodable", "Some bytes are no characters of the file's encoding.")  # see Decoder
    if fault is None and custom_id and len(custom_id) > ID_CHARS:
        return RowError("invalid_id", f"The id has {len(custom_id):,} characters; the limit is {ID_CHARS}.")
    return fault


def _kept(cells: Sequence[str], text_at: int, width: int) -> tuple[str, ...]:
    """All cells but that of the text, as many as there are columns, of characters that can be stored."""
    other = (*cells[:text_at], *cells[text_at + 1 :], *("" for _ in range(width - len(cells))))
    return tuple(map(readable, other))


def _failed(error: RowError, line: int, custom_id: str | None = None, cells: tuple[str, ...] | None = None) -> Row:
    return Row("", custom_id, RowError(error.code, f"Line {line}: {error.detail}", line), cells)
