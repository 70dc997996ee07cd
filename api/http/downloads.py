"""Answers with files that are made while they are sent: names, entity tags, HEAD, and parts of them (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from flask import Response, request

from api.http.ranges import ByteRange, is_unchanged

Pieces = Callable[[], Iterator[bytes]]  #: makes the file, from its first byte, each time it is called


def attachment(stem: str, ending: str, plain_stem: str) -> str:
    """Return a Content-Disposition (RFC 6266); `plain_stem` names the file where `stem` is not ASCII."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", stem if stem.isascii() else plain_stem)
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(stem, safe='')}.{ending}"


def with_file(response: Response, pieces: Pieces) -> Response:
    """Add a file that still grows, so that no part of it can be named; nothing for HEAD."""
    if request.method == "HEAD":
        response.automatically_set_content_length = False  # nothing has been counted
    else:
        response.response = pieces()
    return response


def with_final_file(
    response: Response,
    pieces: Pieces,
    *,
    tag: str,
    kept_size: Callable[[], int | None],
    keep_size: Callable[[int], None],
) -> Response:
    """Add a file that no longer changes, or the part of it that is asked for, or say that the client has it.

    `tag` must differ between files that differ in a byte. `keep_size` is called with the size when the whole file has
    been made; `kept_size` returns it later, or None where the file must be made to count its bytes.
    """
    response.set_etag(tag)
    response.headers["Accept-Ranges"] = "bytes"
    if is_unchanged(response):
        response.status_code = 304
        return response
    asked = ByteRange.of(response)
    if asked is None:
        return with_file(response, lambda: _measured(pieces(), keep_size))
    size = kept_size()
    if size is None:
        size = sum(len(piece) for piece in _measured(pieces(), keep_size))
    ends = asked.ends(size)
    if ends is None:
        response.status_code = 416
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    first, last = ends
    response.status_code = 206
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    response.headers["Content-Length"] = str(last - first + 1)
    return with_file(response, lambda: _part(pieces(), first, last + 1))


def _measured(pieces: Iterator[bytes], keep_size: Callable[[int], None]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        yield piece
    keep_size(size)


def _part(pieces: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    at = 0
    for piece in pieces:
        if at + len(piece) > start and at < stop:
            yield piece[max(start - at, 0) : stop - at]
        at += len(piece)
        if at >= stop:
            return
