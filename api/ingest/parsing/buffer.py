"""Rows that wait, packed: of a document in which the tables' ends are known only at its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgpack

from api.ingest.parsing.tables import Line

_PACKER = msgpack.Packer(unicode_errors="surrogatepass")


class Rows:
    """Rows in the order of the document, in about as many bytes as their texts have in UTF-8."""

    def __init__(self) -> None:
        self.count = 0
        self._packed = bytearray()

    def add(self, number: int, cells: Sequence[str], kinds: str = "") -> None:
        """Add a row, if a cell has a value. The number counts the rows of the table from 1."""
        if not any(cells) and not kinds.strip("s"):
            return
        self.count += 1
        self._packed += _PACKER.pack((number, cells, kinds.rstrip("s")))

    def __iter__(self) -> Iterator[Line]:
        """Give the rows, once: their bytes go with them."""
        unpacker = msgpack.Unpacker(unicode_errors="surrogatepass", max_buffer_size=0)
        view, self._packed = self._packed, bytearray()
        for start in range(0, len(view), 1 << 20):
            unpacker.feed(view[start : start + (1 << 20)])
            yield from unpacker
