"""Reads conditional and partial requests (RFC 9110, 13 and 14) for a file that has a strong entity tag."""

from __future__ import annotations

import re

from flask import Response, request

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def is_unchanged(response: Response) -> bool:
    """Tell whether the client has it already, by its If-None-Match.

    Compared weakly, as 13.1.2 asks: a proxy that packs what it passes on makes our tag a weak one.
    """
    tag, _ = response.get_etag()
    return tag is not None and request.if_none_match.contains_weak(tag)


class ByteRange:
    """The one range of bytes that a request asks for."""

    def __init__(self, first: str, last: str) -> None:
        self._first, self._last = first, last

    @classmethod
    def of(cls, response: Response) -> ByteRange | None:
        """Return the range, or None if the answer is the whole file: no single range is asked for, or the file changed.

        If-Range is compared strongly, as 13.1.5 asks: bytes of a packed file do not continue those of a plain one.
        """
        # Only GET has ranges (14.2).
        wanted = _RANGE.fullmatch(request.headers.get("Range", "")) if request.method == "GET" else None
        if wanted is None or wanted.groups() == ("", ""):
            return None
        tag = response.headers["ETag"]
        return cls(*wanted.groups()) if request.headers.get("If-Range", tag) == tag else None

    def ends(self, size: int) -> tuple[int, int] | None:
        """Return the first and the last byte (14.1.2), or None if a file of `size` bytes has none of them."""
        if self._first == "":
            first, last = max(size - int(self._last), 0), size - 1
        else:
            first, last = int(self._first), min(int(self._last), size - 1) if self._last else size - 1
        return None if first >= size or first > last else (first, last)
