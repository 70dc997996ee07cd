"""Turns the records of a table into rows: its text, its id, the other cells, or the reason why there is no text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from api.ingest.columns import Columns
from api.ingest.faults import ID_CHARS, is_unicode, readable, text_fault
from api.ingest.limits import Limits
from api.ingest.notes import Notes
from api.ingest.options import Reading
from api.ingest.table import Record
from sentiq.jobs.types import Row, RowError


def rows_of(
    records: Iterator[Record], columns: Columns, reading: Reading, limits: Limits, notes: Notes
) -> Iterator[Row]:
    """Yield a row for each record below the headings. A record that has no text is a row with the reason and its line.

    `notes` gets what was counted on the way.
    """
    (text_at, *_), id_at, width = columns.text, columns.id, len(columns.names)
    needed = max(text_at, id_at or 0) + 1
    keep = reading.keep_columns
    for line, cells, kinds, error in records:
        if line < columns.first_line:
            continue
        if error is not None:
            yield _failed(error, line)
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
        kept_kinds = kinds if keep else ""
        if fault is None:
            yield Row(text, custom_id, None, kept, kept_kinds)
        else:
            usable = custom_id if custom_id and len(custom_id) <= ID_CHARS and is_unicode(custom_id) else None
            yield replace(_failed(fault, line, usable, kept), kinds=kept_kinds)


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
    """Return all cells but that of the text, as many as there are columns, of characters that can be stored."""
    other = (*cells[:text_at], *cells[text_at + 1 :], *("" for _ in range(width - len(cells))))
    return tuple(map(readable, other))


def _failed(error: RowError, line: int, custom_id: str | None = None, cells: tuple[str, ...] | None = None) -> Row:
    return Row("", custom_id, RowError(error.code, f"Line {line}: {error.detail}", line), cells)
