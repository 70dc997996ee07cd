"""Reads request lines as people type them: with characters of their language in the address.

RFC 3986 has them percent-encoded, and gunicorn refuses the others with a page of HTML. But curl sends the query of an
address as it was typed: `results?contains=物流`.
"""

from __future__ import annotations

import re

from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class _TypedRequest(Request):
    def parse_request_line(self, line_bytes: bytes) -> None:
        """Percent-encode the bytes of the address that are no ASCII; in all else gunicorn is as strict as ever."""
        method, blank, rest = line_bytes.partition(b" ")
        super().parse_request_line(method + blank + _NOT_ASCII.sub(_encoded, rest))


def _encoded(byte: re.Match[bytes]) -> bytes:
    return b"%%%02X" % ord(byte[0])


def take_typed_addresses(parser: object) -> None:
    """Let a parser of gunicorn read them."""
    if isinstance(parser, RequestParser):
        parser.mesg_class = _TypedRequest  # type: ignore[misc]  # its own alone
