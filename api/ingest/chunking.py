"""Cuts a stream of rows into chunks: the slices one message, one claim and one result stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sentiq.jobs.types import InputChunk, Row


def chunked(rows: Iterable[Row], *, max_texts: int, max_chars: int) -> Iterator[InputChunk]:
    """Yield chunks of at most `max_texts` rows and, unless one row alone is longer, `max_chars` characters.

    Kept cells count too. A chunk is yielded as soon as it is full, so memory stays flat however long the stream is.
    """
    first = 0
    pending: list[Row] = []
    chars = 0
    for row in rows:
        length = len(row.text) + (sum(map(len, row.cells)) if row.cells else 0)
        if pending and (len(pending) == max_texts or chars + length > max_chars):
            yield _chunk(first, pending)
            first += len(pending)
            pending, chars = [], 0
        pending.append(row)
        chars += length
    if pending:
        yield _chunk(first, pending)


def _chunk(first: int, rows: list[Row]) -> InputChunk:
    custom_ids = tuple(row.custom_id for row in rows)
    keeps_cells = any(row.cells is not None for row in rows)
    return InputChunk(
        first=first,
        texts=tuple(row.text for row in rows),
        custom_ids=custom_ids if any(i is not None for i in custom_ids) else None,
        errors={offset: row.error for offset, row in enumerate(rows) if row.error is not None},
        cells=tuple(row.cells or () for row in rows) if keeps_cells else None,
        kinds=tuple(row.kinds for row in rows) if any(row.kinds for row in rows) else None,
        labels=tuple(row.label for row in rows) if any(row.label for row in rows) else None,
        when=tuple(row.when for row in rows) if any(row.when is not None for row in rows) else None,
        languages=tuple(row.language for row in rows) if any(row.language for row in rows) else None,
    )
