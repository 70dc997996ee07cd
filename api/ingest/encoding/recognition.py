"""Recognises the encoding of a text by what its bytes would say in each.

That bytes can be decoded proves nothing: each Big5 text is GB18030 too, of characters that nobody writes.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Collection
from typing import NamedTuple

from api.ingest.encoding.mended_codecs import EDITION_2022, FAULT
from api.ingest.encoding.plausibility import ASCII, IMPOSSIBLE, NUL, kana, plausibility
from api.schemas.encodings import encoding_name

LIKELY = 0.95  #: below it, the sender must say the encoding
_SAMPLE_BYTES = 2048  #: looked at, of the first that are not ASCII

_BOMS = {  # UTF-32's begins as UTF-16's
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"\x84\x31\x95\x33": "gb18030",
}


class _Encoding(NamedTuple):
    codec: str
    share: float = 0.0  #: of the files that have no mark and no declaration; 0: never guessed
    is_kana_likely: bool = True
    rarest: float = IMPOSSIBLE  #: least logarithm that a possible character counts with


_ENCODINGS = {
    "utf-8": _Encoding("utf-8", 0.5, rarest=-8.0),  # bytes are rarely UTF-8 by chance
    "utf-8-sig": _Encoding("utf-8-sig"),
    "utf-16": _Encoding("utf-16"),
    "utf-16-le": _Encoding("utf-16-le", 0.01),
    "utf-16-be": _Encoding("utf-16-be", 0.003),
    "utf-32": _Encoding("utf-32"),
    "utf-32-le": _Encoding("utf-32-le", 0.001),
    "utf-32-be": _Encoding("utf-32-be", 0.001),
    "gb18030": _Encoding("gb18030", 0.4, is_kana_likely=False),
    "hz": _Encoding("hz", 0.0005),
    "big5": _Encoding("cp950", 0.04, is_kana_likely=False),
    "big5-hkscs": _Encoding("big5hkscs", 0.01, is_kana_likely=False),
    "shift_jis": _Encoding("cp932", 0.003),
    "euc-jp": _Encoding("euc_jp", 0.003),
    "iso-2022-jp": _Encoding("iso2022_jp_2", 0.0005),
    "euc-kr": _Encoding("cp949", 0.003, is_kana_likely=False),
    "windows-1252": _Encoding("cp1252", 0.03),
}
CODECS = {name: encoding.codec for name, encoding in _ENCODINGS.items()}
_SEVEN_BITS = frozenset({"utf-8", "hz", "iso-2022-jp"})
UNKNOWN = "unknown"  #: another encoding than these, or no text at all
_UNKNOWN_SHARE = 0.003
_UNKNOWN_BYTE = -5.3  #: of 128 that are about equally likely
_NO_ASCII_TEXT = bytes((*range(9), *range(14, 32), *range(127, 256)))
_KANA_COST = 3.0  #: of a Japanese letter where Chinese or Korean is written
_UTF8_RUN = re.compile(rb"(?:[\xe2-\xef][\x80-\xbf]{2}){5}")  # in other encodings, once in 10,000,000,000 bytes

_BIG5S = ("big5", "big5-hkscs")


def recognised(data: bytes) -> tuple[str, float]:
    """Return the likeliest encoding of the first bytes of a file that has no mark, and how likely it is, to 1."""
    if _UTF8_RUN.search(data):
        return "utf-8", 1.0
    scores, texts = _scores(data)
    best = max(scores, key=lambda name: scores[name])
    chances = {name: math.exp(score - scores[best]) for name, score in scores.items()}
    total = sum(chances.values())
    alike = sum(chance for name, chance in chances.items() if name == best or texts.get(name) == texts.get(best))
    if best in _BIG5S and alike / total < LIKELY:
        return "big5", sum(chances.get(name, 0) for name in _BIG5S) / total  # each line may tell which
    return best, alike / total


def marked_as(data: bytes) -> str | None:
    """Return the encoding whose mark these first bytes are."""
    return next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)


def in_which_order(name: str, data: bytes) -> tuple[str, dict[str, float]]:
    """Return an encoding with the order of its bytes, if it has one, and the scores of all there may be."""
    ways = (f"{name}-le", f"{name}-be") if name in ("utf-16", "utf-32") else (name,)
    scores, _ = _scores(data, also=ways)
    return max(ways, key=lambda way: scores[way]), scores


def begun(head: bytes, label: str = "") -> tuple[str, str]:
    """Return the encoding of the first bytes of a file, `label` if that names one, and their text.

    Where the encoding is not certain, only ASCII is right in the text.
    """
    name = marked_as(head) or encoding_name(label) or ""
    if name in ("utf-16", "utf-32") and not marked_as(head):
        name, _ = in_which_order(name, head)
    if not name:
        name, share = ("utf-8", 1.0) if is_plain(head) else recognised(head)
        name = name if share >= LIKELY else UNKNOWN
    codec = "latin-1" if name == UNKNOWN else _ENCODINGS[name].codec
    return name, codecs.getincrementaldecoder(codec)(FAULT).decode(head).removeprefix("\ufeff")


def _scores(data: bytes, also: Collection[str] = ()) -> tuple[dict[str, float], dict[str, str]]:
    """Return for each encoding the logarithm of the chance of these bytes, and what they say in it.

    The chance is that of the encoding times that of the text; `also` are encodings that else may not be among them.
    """
    start = 0
    if not data.isascii() and b"\0" not in data:
        first = next(at for at, byte in enumerate(data) if byte > 127)
        start = data.rfind(b"\n", 0, first) + 1
    sample = data[start : start + _SAMPLE_BYTES]
    wide = data[start & ~3 : start + _SAMPLE_BYTES]  # characters of two or four bytes begin here
    lines = b"\n".join(dict.fromkeys(sample.split(b"\n")))
    is_ascii = sample.isascii() and b"\0" not in sample
    ascii_ = len(lines.translate(None, _NO_ASCII_TEXT))
    scores = {
        UNKNOWN: math.log(_UNKNOWN_SHARE)
        + (len(lines) - ascii_) * _UNKNOWN_BYTE
        + ascii_ * ASCII
        + lines.count(0) * (NUL - _UNKNOWN_BYTE)
    }
    texts: dict[str, str] = {}
    for name, (codec, share, is_kana_likely, rarest) in _ENCODINGS.items():
        is_wide = name.startswith(("utf-16", "utf-32"))
        if name not in also:
            if share == 0 or (name not in _SEVEN_BITS if is_ascii else name in _SEVEN_BITS - {"utf-8"}):
                continue
            if name.startswith("utf-32") and sample.count(0) * 4 < len(sample):
                continue
        text = codecs.getincrementaldecoder(codec)(FAULT).decode(wide if is_wide else sample).translate(EDITION_2022)
        text = "\n".join(dict.fromkeys(text.split("\n")))  # a line that comes again proves nothing more
        score = plausibility(text, rarest) + math.log(share or 0.5)
        texts[name], scores[name] = text, score if is_kana_likely else score - _KANA_COST * kana(text)
    return scores, texts


def is_plain(data: bytes) -> bool:
    """Whether bytes are ASCII that says nothing else in an encoding of seven or sixteen bits."""
    return data.isascii() and b"\0" not in data and b"~{" not in data and b"\x1b$" not in data
