"""What tests of readers give them."""

from __future__ import annotations

from collections.abc import Iterator

from api.ingest.limits import Limits

LIMITS = Limits(
    inflated_bytes=10**9,
    inflate_ratio=10**6,
    rows=10**6,
    columns=100,
    cell_chars=10_000,
    text_chars=10_000,
)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Yield the bytes in pieces of this size, as a network might."""
    yield from (data[start : start + size] for start in range(0, len(data), size))
