"""How the rows of a chunk are stored as they were submitted.

A small chunk is a map of `first`, `texts` and, where present, `custom_ids`, `errors`, `languages`, `cells` (row by
row), `kinds`, `labels` and `when`. A larger one has two parts, so that rows can be counted by a column or by their
dates without a look at the texts:

    a Zstandard frame: the map without `cells`, `kinds`, `labels` and `when`
    a Zstandard frame: a map of `rows` (their number) and, where present, `cells` (a list for each column), `kinds` and
        `labels`, each list packed by itself, and `when` (little-endian int32, minutes; NO_DATE where there is none)
    the length of the second frame, little-endian uint32, and MARK

A version that does not know the second part reads the first one alone, since a frame says where it ends: workers need
no more. Both parts together are smaller than one map, as cells of one column are alike.
"""

from __future__ import annotations

import array
import struct
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgpack
import zstandard

from sentiq.jobs.dates import DateOrder, resolved
from sentiq.jobs.packing import COMPRESS_FROM, LEVEL, ZSTD_MAGIC, pack, pack_errors, unpack, unpack_errors
from sentiq.jobs.stored_numbers import packed, unpacked
from sentiq.jobs.types import InputChunk

NO_DATE = -(1 << 31)
MARK = b"cols"

_END = struct.Struct("<I4s")


def encode_input(chunk: InputChunk) -> bytes:
    """Return a chunk as it is stored."""
    head: dict[str, Any] = {"first": chunk.first, "texts": chunk.texts}
    if chunk.custom_ids is not None:
        head["custom_ids"] = chunk.custom_ids
    if chunk.errors:
        head["errors"] = pack_errors(chunk.errors)
    if chunk.languages is not None:
        head["languages"] = chunk.languages
    beside = {"cells": chunk.cells, "kinds": chunk.kinds, "labels": chunk.labels, "when": chunk.when}
    beside = {name: values for name, values in beside.items() if values is not None}
    raw: bytes = msgpack.packb(head)
    if not beside or len(raw) < COMPRESS_FROM or not _is_even(chunk):
        return pack(head | beside)
    columns = zstandard.compress(msgpack.packb(_columns(chunk)), LEVEL)
    return zstandard.compress(raw, LEVEL) + columns + _END.pack(len(columns), MARK)


def decode_input(blob: bytes) -> InputChunk:
    """Return a chunk as it was submitted."""
    return InputColumns(blob).decoded()


class InputColumns:
    """The rows of a chunk as they were submitted. Each part is decoded when it is asked for."""

    def __init__(self, blob: bytes) -> None:
        at = _second_part(blob)
        self._blob = blob
        self._columns: dict[str, Any] = {} if at is None else unpack(blob[at : -_END.size])

    @cached_property
    def _head(self) -> dict[str, Any]:
        return unpack(self._blob)

    @property
    def first(self) -> int:
        return int(self._head["first"])

    @cached_property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._head["texts"])

    @property
    def custom_ids(self) -> tuple[str | None, ...] | None:
        found = self._head.get("custom_ids")
        return None if found is None else tuple(found)

    @cached_property
    def cells(self) -> tuple[tuple[str, ...], ...] | None:
        """The cells of each row, without its text; None where they are not stored."""
        if "cells" not in self._columns:
            rows = self._head.get("cells")
            return None if rows is None else tuple(map(tuple, rows))
        columns = self._columns["cells"]
        return tuple(zip(*map(msgpack.unpackb, columns), strict=True)) if columns else ((),) * self.rows

    @property
    def languages(self) -> tuple[str, ...] | None:
        """The language of each row; None where none was given."""
        found = self._head.get("languages")
        return None if found is None else tuple(found)

    @property
    def kinds(self) -> tuple[str, ...] | None:
        return self._texts_of("kinds")

    @property
    def labels(self) -> tuple[str, ...] | None:
        return self._texts_of("labels")

    @property
    def when(self) -> tuple[int | None, ...] | None:
        """The date of each row, which may still be unclear (dates.py); None where no row has one."""
        if "when" not in self._columns:
            found = self._head.get("when") if not self._columns else None
            return None if found is None else tuple(found)
        return tuple(None if when == NO_DATE else when for when in unpacked("i", self._columns["when"]))

    @property
    def rows(self) -> int:
        """Their number."""
        return self._columns["rows"] if self._columns else len(self.texts)

    def column(self, at: int) -> Sequence[str]:
        """Return the cell of each row at place `at` among its cells; "" where there is none."""
        columns = self._columns.get("cells")
        if columns is not None:
            return msgpack.unpackb(columns[at]) if at < len(columns) else ("",) * self.rows
        return self.decoded().column(at)

    def dates(self, order: DateOrder | None) -> Sequence[int | None]:
        """Return the date of each row as far as it is clear; `order` is that of the file."""
        found = self.when
        return (None,) * self.rows if found is None else resolved(found, order)

    def decoded(self) -> InputChunk:
        """Return all of it."""
        errors = unpack_errors(self._head)
        return InputChunk(
            self.first,
            self.texts,
            self.custom_ids,
            errors,
            self.cells,
            self.kinds,
            self.labels,
            self.when,
            self.languages,
        )

    def _texts_of(self, name: str) -> tuple[str, ...] | None:
        if not self._columns:
            found = self._head.get(name)
        else:
            found = msgpack.unpackb(self._columns[name]) if name in self._columns else None
        return None if found is None else tuple(found)


def _is_even(chunk: InputChunk) -> bool:
    """Tell whether all rows have the same number of cells, as those of a file have."""
    return chunk.cells is None or len(set(map(len, chunk.cells))) == 1


def _columns(chunk: InputChunk) -> dict[str, Any]:
    found: dict[str, Any] = {"rows": len(chunk.texts)}
    if chunk.cells is not None:
        found["cells"] = [msgpack.packb(column) for column in zip(*chunk.cells, strict=True)]
    if chunk.kinds is not None:
        found["kinds"] = msgpack.packb(chunk.kinds)
    if chunk.labels is not None:
        found["labels"] = msgpack.packb(chunk.labels)
    if chunk.when is not None:
        found["when"] = packed(array.array("i", [NO_DATE if when is None else when for when in chunk.when]))
    return found


def _second_part(blob: bytes) -> int | None:
    """Return where the second part begins; None where there is none."""
    if len(blob) < _END.size or not blob.startswith(ZSTD_MAGIC):
        return None
    length, mark = _END.unpack_from(blob, len(blob) - _END.size)
    at = len(blob) - _END.size - length
    return at if mark == MARK and at > 0 and blob.startswith(ZSTD_MAGIC, at) else None
