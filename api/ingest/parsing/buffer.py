"""Rows that wait, packed: of a document in which the tables' ends are known only at its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgpack

from api.ingest.parsing.tables import Line

CELL_TOO_LONG = "a cell has more than {:,} characters (SENTIQ_MAX_CELL_CHARS)"
_PACKER = msgpack.Packer(unicode_errors="surrogatepass")


class Rows:
    """Rows in the order of the document, in about as many bytes as their texts have in UTF-8."""

    def __init__(self, cell_chars: int) -> None:
        self.count = 0
        self._cell_chars = cell_chars
        self._packed = bytearray()

    def add(self, number: int, cells: Sequence[str], kinds: str = "") -> None:
        """Add a row, if a cell has a value. The number counts the rows of the table from 1."""
        if not any(cells) and not kinds.strip("s"):
            return
        self.count += 1
        line: list[object] = [number, cells, kinds.rstrip("s")]
        if any(len(cell) > self._cell_chars for cell in cells):
            line += ["cell_too_long", CELL_TOO_LONG.format(self._cell_chars)]
        self._packed += _PACKER.pack(line)

    def __iter__(self) -> Iterator[Line]:
        """Give the rows, once: their bytes go with them."""
        unpacker = msgpack.Unpacker(unicode_errors="surrogatepass", max_buffer_size=0)
        view, self._packed = self._packed, bytearray()
        for start in range(0, len(view), 1 << 20):
            unpacker.feed(view[start : start + (1 << 20)])
            yield from unpacker
