"""Packs documents for Redis: msgpack, compressed by Zstandard where that pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgpack
import zstandard

from sentiq.jobs.types import RowError

COMPRESS_FROM = 512  #: bytes; below this the frame costs more than it saves
LEVEL = 3  #: the default of Zstandard: level 9 saves a tenth of the bytes and takes four times as long
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  #: RFC 8878, 3.1.1; none of our msgpack maps starts with it


def pack(document: Mapping[str, Any]) -> bytes:
    """Return a document as `unpack` reads it."""
    raw: bytes = msgpack.packb(document)
    return zstandard.compress(raw, LEVEL) if len(raw) >= COMPRESS_FROM else raw


def unpack(blob: bytes) -> dict[str, Any]:
    """Return a document. What stands behind the end of its Zstandard frame is not looked at."""
    raw = zstandard.decompress(blob) if blob.startswith(ZSTD_MAGIC) else blob
    document: dict[str, Any] = msgpack.unpackb(raw, strict_map_key=False)
    return document


def pack_errors(errors: Mapping[int, RowError]) -> dict[int, tuple[str, str, int | None]]:
    """Return errors by the offset of their row as a document can hold them."""
    return {offset: (error.code, error.detail, error.line) for offset, error in errors.items()}


def unpack_errors(document: Mapping[str, Any]) -> dict[int, RowError]:
    """Return the errors of a document; none where it has none."""
    return {offset: RowError(*error[:3]) for offset, error in document.get("errors", {}).items()}
