"""Writes NDJSON, JSON and CSV, piece by piece."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from api.export.rows import ResultRow, View, kept_columns
from api.export.tabular import cells, harmless, headings
from sentiq.core.labels import DECIMALS, LABELS_ZH
from sentiq.jobs.types import Job

ROWS_A_PIECE = 500


def ndjson(job: Job, rows: Iterable[ResultRow], view: View, labels: Sequence[str]) -> Iterator[bytes]:
    """Yield one object a line, in the form of a row of the JSON page."""
    names = kept_columns(job, view)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for piece in _pieces(rows):
        yield "".join(f"{encode(document(row, view, names))}\n" for row in piece).encode()


def json_array(job: Job, rows: Iterable[ResultRow], view: View, labels: Sequence[str]) -> Iterator[bytes]:
    """Yield one array of the same objects, one a line; a valid array even without rows."""
    before = b"[\n"
    for piece in ndjson(job, rows, view, labels):
        yield before + piece.rstrip(b"\n").replace(b"\n", b",\n")
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def document(row: ResultRow, view: View, names: Sequence[str]) -> dict[str, object]:
    """Return a row as JSON clients read it; columns as pairs, since headings may occur twice."""
    error = row.error
    found: dict[str, object] = {
        "index": row.number,
        "custom_id": row.custom_id,
        "label": row.label,
        "label_zh": None if row.label is None else LABELS_ZH.get(row.label, row.label),
        "score": row.score,
        "probabilities": None
        if error
        else {name: round(p, DECIMALS) for name, p in zip(row.labels, row.probabilities, strict=True)},
        "truncated": row.truncated,
        "model": row.model,
        "degraded": row.degraded,
        "error": {"code": error.code, "detail": error.detail, "line": error.line} if error else None,
    }
    if row.language:
        found["language"] = row.language
    if view.aspects:
        found["aspects"] = [aspect._asdict() for aspect in row.aspects]
    if view.text:
        found["text"] = row.text
    if view.columns:
        found["columns"] = [list(pair) for pair in zip(names, row.cells, strict=False)]
    return found


def csv_table(job: Job, rows: Iterable[ResultRow], view: View, labels: Sequence[str]) -> Iterator[bytes]:
    """Yield CSV (RFC 4180), with the byte order mark by which spreadsheets recognise UTF-8."""
    yield "\ufeff".encode() + _records([[harmless(name) for name in headings(job, view, labels)]])
    for piece in _pieces(rows):
        yield _records([[harmless(cell) for cell in cells(row, view, labels)] for row in piece])


def _records(records: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(records)
    return out.getvalue().encode()


def _pieces(rows: Iterable[ResultRow]) -> Iterator[list[ResultRow]]:
    piece: list[ResultRow] = []
    for row in rows:
        piece.append(row)
        if len(piece) == ROWS_A_PIECE:
            yield piece
            piece = []
    if piece:
        yield piece
