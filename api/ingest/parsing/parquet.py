"""Parquet and Arrow: tables whose columns have names and types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from arro3.core import DataType, RecordBatch, RecordBatchReader
from arro3.io import read_ipc, read_ipc_stream, read_parquet

from api.cell_kinds import MISSING, NUMBER, TEXT, as_text, kinds_of
from api.ingest.parsing.tables import Line, Parsed

_ROWS = 1_024  #: that are Python objects at once


def parse(file: IO[bytes], _: Mapping[str, Any]) -> Sequence[Parsed]:
    """Return the one table of a Parquet file."""
    return _table(read_parquet(file))


def parse_arrow(file: IO[bytes], _: Mapping[str, Any]) -> Sequence[Parsed]:
    """Return the one table of an Arrow file (Feather of version 2) or stream."""
    is_file = file.read(6) == b"ARROW1"
    file.seek(0)
    return _table(read_ipc(file) if is_file else read_ipc_stream(file))


def _table(reader: RecordBatchReader) -> Sequence[Parsed]:
    fields = [reader.schema.field(number) for number in range(len(reader.schema.names))]
    paths = [path for number, field in enumerate(fields) for path in _paths((number, field.name), field.type)]
    return [Parsed(_lines(reader, paths), names=[".".join(map(str, path[1:])) for path in paths])]


def _paths(path: tuple[Any, ...], type_: DataType) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of a field: of a struct, those of its members."""
    members = list(type_.fields) if DataType.is_struct(type_) else []
    for member in members:
        yield from _paths((*path, member.name), member.type)
    if not members:
        yield path


def _lines(batches: Iterator[RecordBatch], paths: Sequence[tuple[Any, ...]]) -> Iterator[Line]:
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            count = min(_ROWS, batch.num_rows - start)
            columns = [batch.column(at).slice(start, count).to_pylist() for at in range(batch.num_columns)]
            for row in zip(*columns, strict=True):
                number += 1
                pairs = [_cell(_member(row[path[0]], path[2:])) for path in paths]
                cells = [cell for cell, _ in pairs]
                kinds = "".join(kind for _, kind in pairs).rstrip(TEXT)
                yield number, cells, kinds


def _member(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = None if value is None else value[name]
    return value


def _cell(value: Any) -> tuple[str, str]:
    """Return a value as people read it, and its kind."""
    if value is None:
        return "", MISSING
    if isinstance(value, str):
        return value, TEXT
    if isinstance(value, bytes):
        try:
            return value.decode(), TEXT
        except UnicodeDecodeError:
            return f"({len(value):,} bytes)", TEXT
    if isinstance(value, Decimal):
        return format(value, "f"), NUMBER
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str), TEXT
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.isoformat(" "), TEXT
    return as_text(value), kinds_of([value]) or TEXT
