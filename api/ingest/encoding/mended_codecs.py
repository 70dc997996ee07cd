"""Decodes bytes as writers meant them, where Python's codecs know less than Windows, browsers or an edition."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import Protocol

from api.ingest.encoding.plausibility import IMPOSSIBLE, plausibility

# GB 18030-2022 gives these their own characters, CPython's codec has the private-use ones of the editions before.
EDITION_2022 = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
_EDITION_2005 = tuple(map(chr, EDITION_2022))
# Python's Big5 has these where that of Hong Kong, of browsers and of Taiwan's DOS programs has others.
_OF_TWO_BIG5S = re.compile("[ぁ-ヿ①-⑩⑴-⑽Ѐ-я]")
_NO_ASCII = re.compile("[^\0-\x7f]+")
_CLEARLY = 5.5  #: natural logarithm of how much likelier one of the two must be
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")  # GB18030's emoji and what else GBK has not
_FEW, _AMONG = 8, 2048  #: of them, among how many bytes
_UTF8_WORDS = "，的。我是"  #: of which most lines of a Chinese text have some
_FIRST_CHINESE = "\u2e80"
_SMALL_BYTES = 8192  #: of a piece whose lines are looked at one by one, which takes as long as all else

FAULT = "half_a_pair"


def _mended(error: UnicodeError) -> tuple[str, int]:
    """Return half a surrogate pair for what is no character, so that only its row is refused; or what Windows reads."""
    assert isinstance(error, UnicodeDecodeError)
    start = error.start
    if error.encoding in ("gb18030", "gbk") and error.object[start] == 0x80:
        return "€", start + 1
    if error.encoding == "gbk":
        for size in (2, 4):
            with suppress(UnicodeDecodeError):
                return error.object[start : start + size].decode("gb18030").translate(EDITION_2022), start + size
    if error.encoding == "cp950":
        with suppress(UnicodeDecodeError):
            return error.object[start : start + 2].decode("big5hkscs"), start + 2
    return "\udc80", error.end


# Python's `surrogateescape` gives up on bytes below 128, of which most errors of UTF-16 have some.
codecs.register_error(FAULT, _mended)


class Reader(Protocol):
    """Decodes the bytes of a file, piece by piece."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Return what is certain of the text so far; `final`: all of it."""


class _Lines:
    """Decodes an encoding of Chinese line by line: a line that is UTF-8 in truth has no character in it.

    Files are put together of others: mojibake must not pass for a text.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        #: GBK's codec stops at what is to be mended and at emoji, at no cost for the rest. None: it is not known yet
        self._is_gbk = None if codec == "gb18030" else False
        self._decoder = codecs.getincrementaldecoder(codec)(FAULT)
        self._rest = b""
        words = (word.encode()[at : at + 2].decode(codec, FAULT) for word in _UTF8_WORDS for at in (0, 1))
        self._signs = {sign for sign in words if len(sign) == 1 and IMPOSSIBLE < plausibility(sign) < -11}

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        end = len(data) if final else data.rfind(b"\n") + 1 or len(data)
        data, self._rest = data[:end], data[end:]
        is_whole = not self._decoder.getstate()[0] and (final or data.endswith(b"\n"))
        if self._is_gbk is None and is_whole:
            self._is_gbk = len(_FOUR_BYTES.findall(data, 0, _AMONG)) <= _FEW
        if self._is_gbk and is_whole:
            text = data.decode("gbk", FAULT)
        else:
            text = self._decoder.decode(data, final)
            if self._codec == "gb18030" and any(old in text for old in _EDITION_2005):
                text = text.translate(EDITION_2022)
        is_odd = (
            len(data) <= _SMALL_BYTES
            or any(sign in text for sign in self._signs)
            or (self._codec == "cp950" and _OF_TWO_BIG5S.search(text))
        )
        return "".join(map(self._line, data.splitlines(keepends=True))) if is_odd and is_whole else text

    def _line(self, line: bytes) -> str:
        text = line.decode(self._codec, FAULT).translate(EDITION_2022)
        if self._codec == "cp950" and _OF_TWO_BIG5S.search(text):
            other = line.decode("big5hkscs", FAULT)
            gain = plausibility(other) - plausibility(text)
            return _OF_TWO_BIG5S.sub("\udc80", text) if abs(gain) < _CLEARLY else other if gain > 0 else text
        try:
            other = line.decode()
        except UnicodeDecodeError:
            return text
        is_chinese = max(other, default="") >= _FIRST_CHINESE  # two letters of UTF-8 are often a word of GBK
        return _NO_ASCII.sub("\udc80", other) if is_chinese and plausibility(other) > plausibility(text) else text


def reader(codec: str) -> Reader:
    """Return a decoder for one file."""
    is_chinese = codec in ("gb18030", "cp950", "big5hkscs")
    return _Lines(codec) if is_chinese else codecs.getincrementaldecoder(codec)(FAULT)
