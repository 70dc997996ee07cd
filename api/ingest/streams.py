"""Bytes on their way to a reader: a look ahead, unpacking, lines. All work piece by piece."""

from __future__ import annotations

import io
import itertools
import re
import zlib
from collections.abc import Iterator

from api.ingest.limits import Limits
from sentiq.core.errors import BodyTooLarge, UploadInterrupted

HEAD_BYTES = 65_536  #: enough to tell an encoding and the columns
PIECE_BYTES = 65_536  #: what is decoded at once
SAMPLE_CHARS = 16_384  #: looked at to tell how lines end
LINE_CHARS = 4_000_000
RATIO_FROM_BYTES = 1 << 20  #: below this nothing is said about how well a file may be packed

_ENCLOSED = re.compile(r'"[^"]*"')


def gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in larger pieces: a body arrives in small ones, which are dear to decode one by one."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def with_head(pieces: Iterator[bytes], until: bytes | None = None) -> tuple[bytes, Iterator[bytes]]:
    """The first `HEAD_BYTES` at least, less if there are no more or one of them is `until`; and all bytes."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES or (until is not None and until in piece):
            break

    def everything() -> Iterator[bytes]:
        if head:
            yield head
        yield from pieces

    return head, everything()


def gunzipped(pieces: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    """Unpack gzip, also of several members (RFC 1952). Raises BodyTooLarge and UploadInterrupted."""
    unpacker = zlib.decompressobj(wbits=31)
    packed = unpacked = 0
    for piece in pieces:
        packed += len(piece)
        data = piece
        while data:
            try:
                out = unpacker.decompress(data, PIECE_BYTES)
            except zlib.error as error:
                raise UploadInterrupted(f"The gzip data is damaged ({error}).") from None
            unpacked += len(out)
            if unpacked > limits.inflated_bytes:
                raise BodyTooLarge(
                    f"The file unpacks to more than {limits.inflated_bytes:,} bytes, which is the limit "
                    "(SENTIQ_MAX_INFLATED_BYTES). Send it in parts."
                )
            if unpacked > max(RATIO_FROM_BYTES, packed * limits.inflate_ratio):
                raise BodyTooLarge(
                    f"The file unpacks to more than {limits.inflate_ratio} times its size, which is the limit "
                    "(SENTIQ_MAX_INFLATE_RATIO). Send it unpacked."
                )
            if out:
                yield out
            data = unpacker.unconsumed_tail
            if unpacker.eof:
                data = unpacker.unused_data.lstrip(b"\0")  # padding between members
                if data:
                    unpacker = zlib.decompressobj(wbits=31)
    if not unpacker.eof:
        raise UploadInterrupted(f"The gzip data ends too early, after {unpacked:,} unpacked bytes.")


def line_lists(texts: Iterator[str]) -> Iterator[list[str]]:
    """Yield the lines with their ends, those of a piece together; the first list holds `SAMPLE_CHARS` or all there is.

    Lines end with LF or CR LF, or with CR in a file without LF (old Macs); no other character that Unicode calls a
    line break ends one. A line of more than `LINE_CHARS` characters is cut, so that it is never held whole; nobody
    takes so long a row.
    """
    rest = ""
    for text in texts:
        rest += text
        if len(rest) >= SAMPLE_CHARS:
            break
    texts = itertools.chain((rest,), texts)
    newline = "" if _ends_with_cr(rest) else "\n"  # of StringIO: "" ends lines at all three
    rest = ""
    for text in texts:
        found = io.StringIO(rest + text, newline=newline).readlines()
        # A CR at the end may be half of CR LF.
        rest = found.pop() if found and not found[-1].endswith("\n") and len(found[-1]) <= LINE_CHARS else ""
        if found:
            yield found
    if rest:
        yield [rest]


def _ends_with_cr(text: str) -> bool:
    """Tell whether lines end with CR alone: some do, and a LF is at most in cells between quotation marks."""
    if "\r" not in text:
        return False
    return "\n" not in text or "\n" not in _ENCLOSED.sub("", text)
