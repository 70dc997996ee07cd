"""Words of a form's headers and fields, in whatever way and encoding a program writes them."""

from __future__ import annotations

import html
import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

from api.ingest.encoding.recognition import recognised
from api.schemas.encodings import encoding_name

_TOKEN = re.compile(r'(?<=filename=)[^\s";][^";]*')  # without quotation marks
_LONE_BACKSLASH = re.compile(r'(?<!\\)\\(?!["\\])')  # of a path: browsers escape nothing
_OF_WORDS = frozenset({"utf-8", "gb18030", "big5", "big5-hkscs", "shift_jis", "euc-jp", "euc-kr"})
NAME_CHARS = 255


def decoded(data: bytes, label: str = "") -> str:
    """Return words in the encoding of this label, else in the likeliest one."""
    if data.isascii() and not label:
        return data.decode()
    for name in (encoding_name(label), recognised(data)[0], "utf-8", "gb18030"):
        if name is not None and (name in _OF_WORDS or name == encoding_name(label)):
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                continue
    return data.decode("utf-8", "replace")


def disposition(value: str) -> str:
    """Return a Content-Disposition as RFC 6266 has it: names that are not ASCII and paths in quotation marks."""
    return _LONE_BACKSLASH.sub(r"\\\\", _TOKEN.sub(lambda name: f'"{name[0].strip()}"', value))


def file_name(given: str) -> str:
    """Return the name in a header: no path, and RFC 2047, percent signs and character references undone."""
    name = given
    if name.startswith("=?") and name.endswith("?="):
        with suppress(HeaderParseError):
            parts = [(part.encode() if isinstance(part, str) else part, label) for part, label in decode_header(name)]
            name = "".join(decoded(part, label or "") for part, label in parts)
    if "%" in name:
        data = unquote_to_bytes(name)
        name = name if data.isascii() else decoded(data)
    if "&#" in name:
        name = html.unescape(name)
    return name.replace("\\", "/").rpartition("/")[2][:NAME_CHARS]
