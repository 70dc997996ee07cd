"""Recognises the encoding of a text by its first bytes, and decodes it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from api.ingest.options import Reading, bad_file

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def recognised(reading: Reading, head: bytes) -> str:
    """Return the encoding of the first bytes; `ascii` where they leave open which it will be. Raises InvalidInput."""
    if reading.encoding == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _utf16(head) or "utf-16-le"  # as Windows writes it
    if reading.encoding is not None:
        return reading.encoding
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            return name
    if found := _utf16(head):
        return found
    if head.isascii():
        return "ascii"
    for name in ("utf-8", "gb18030"):
        if decodes(head, name):
            return name
    if b"\0" in head:
        raise bad_file("binary_file", "The file is binary. Send CSV, TSV, TXT, JSONL or XLSX, plain or gzipped.")
    raise bad_file(
        "unknown_encoding",
        "The file is neither UTF-8 nor GB18030 nor UTF-16. Save it as UTF-8, or name its `encoding`.",
        "encoding",
    )


def decodes(head: bytes, name: str) -> bool:
    """Whether bytes are of this encoding; a character cut off at their end is no fault."""
    try:
        codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _utf16(head: bytes) -> str | None:
    """UTF-16 without a mark: of its ASCII characters, delimiters and line ends at least, one byte of two is NUL."""
    sample = head[: len(head) // 2 * 2]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    most, least = max(even, odd), min(even, odd)
    return name if most * 20 > len(sample) and least * 10 <= most and decodes(sample, name) else None


# Python's `surrogateescape` gives up on bytes below 128, of which most errors of UTF-16 have some.
codecs.register_error("half_a_pair", lambda error: ("\udc80", error.end))  # type: ignore[attr-defined]


class Decoder:
    """Bytes to text. What is no character becomes half a surrogate pair, so that only its row is refused.

    A file that is ASCII so far is UTF-8 or GB18030: the first other byte decides.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = "utf-8" if encoding == "ascii" else encoding
        self._open = encoding == "ascii"
        self._decoder = self._make()

    def _make(self) -> codecs.IncrementalDecoder:
        return codecs.getincrementaldecoder(self.encoding)("half_a_pair")

    def text(self, pieces: Iterator[bytes]) -> Iterator[str]:
        for piece in pieces:
            if self._open and not piece.isascii():
                self._open = False
                if not decodes(piece, "utf-8") and decodes(piece, "gb18030"):
                    self.encoding = "gb18030"
                    self._decoder = self._make()
            yield self._decoder.decode(piece)
        yield self._decoder.decode(b"", final=True)
