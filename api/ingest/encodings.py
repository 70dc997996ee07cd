"""Recognises the encoding of a text by what its bytes would say in each, and decodes it.

That bytes can be decoded proves nothing: each Big5 text is GB18030 too, of characters that nobody writes.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from api.ingest.notes import Notes
from api.ingest.options import bad_file
from api.ingest.plausibility import ASCII, IMPOSSIBLE, NUL, kana, plausibility
from api.schemas.encodings import ENCODINGS, encoding_name
from sentiq.core.errors import InvalidInput

_SURE = 0.999  #: above it, the recognition is not worth a note
_LIKELY = 0.95  #: below it, the sender must say the encoding
_PLAINLY = 40.0  #: natural logarithm of how much likelier another encoding is where a declared one is refused
_SAMPLE_BYTES = 2048  #: looked at, of the first that are not ASCII
_WAIT_BYTES = 4096  #: of a file that arrives slowly, before it must be decided

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
_SEVEN_BITS = frozenset({"utf-8", "hz", "iso-2022-jp"})
_UNKNOWN = "unknown"  #: another encoding than these, or no text at all
_NEVER_GUESSED = frozenset(
    {_UNKNOWN, "windows-1252"}
)  #: any western, Greek or Cyrillic text can look like Windows-1252
_UNKNOWN_SHARE = 0.003
_UNKNOWN_BYTE = -5.3  #: of 128 that are about equally likely
_ASCII = bytes(range(1, 128))
_NO_ASCII_TEXT = bytes((*range(9), *range(14, 32), *range(127, 256)))
_KANA_COST = 3.0  #: of a Japanese letter where Chinese or Korean is written
_UTF8_RUN = re.compile(rb"(?:[\xe2-\xef][\x80-\xbf]{2}){5}")  # in other encodings, once in 10,000,000,000 bytes

# GB 18030-2022 gives these their own characters, CPython's codec has the private-use ones of the editions before.
_EDITION_2022 = str.maketrans(
    "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
    "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
)
_EDITION_2005 = tuple(map(chr, _EDITION_2022))
# Python's Big5 has these where that of Hong Kong, of browsers and of Taiwan's DOS programs has others.
_OF_TWO_BIG5S = re.compile("[ぁ-ヿ①-⑩⑴-⑽Ѐ-я]")
_BIG5S = ("big5", "big5-hkscs")
_NO_ASCII = re.compile("[^\0-\x7f]+")
_CLEARLY = 5.5  #: natural logarithm of how much likelier one of the two must be
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")  # GB18030's emoji and what else GBK has not
_FEW = 8  #: of them in the bytes looked at
_UTF8_WORDS = "，的"  # of which each piece of a Chinese text has some

_FAULT = "half_a_pair"


def _mended(error: UnicodeError) -> tuple[str, int]:
    """Return half a surrogate pair for what is no character, so that only its row is refused; or what Windows reads."""
    assert isinstance(error, UnicodeDecodeError)
    start = error.start
    if error.encoding in ("gb18030", "gbk") and error.object[start] == 0x80:
        return "€", start + 1
    if error.encoding == "gbk":
        for size in (2, 4):
            with suppress(UnicodeDecodeError):
                return error.object[start : start + size].decode("gb18030").translate(_EDITION_2022), start + size
    if error.encoding == "cp950":
        try:
            return error.object[start : start + 2].decode("big5hkscs"), start + 2
        except UnicodeDecodeError:
            pass
    return "\udc80", error.end


# Python's `surrogateescape` gives up on bytes below 128, of which most errors of UTF-16 have some.
codecs.register_error(_FAULT, _mended)


class Declared(NamedTuple):
    """An encoding that the sender or the file names."""

    name: str  #: of ENCODINGS (api/schemas/encodings.py)
    by: str  #: what names it, such as "The content type"


def declared(label: str, by: str) -> Declared:
    """Return the encoding that a label stands for. Raises InvalidInput for one that cannot be read."""
    if (name := encoding_name(label)) is None:
        detail = f"{by} says {label[:40]!r}, which is none of {', '.join(ENCODINGS)}. Name the true one as `encoding`."
        raise bad_file("unknown_encoding", detail, "encoding")
    return Declared(name, by)


class Decoder:
    """Bytes to text. What is no character becomes half a surrogate pair, so that only its row is refused.

    A file that is ASCII so far may yet be anything: the first other byte decides.
    """

    def __init__(self, said: Declared | None, notes: Notes) -> None:
        self.encoding = said.name if said else "utf-8"
        self._said = said
        self._notes = notes
        self._is_first = True
        self._reader: _Lines | codecs.IncrementalDecoder = _reader(self.encoding)

    def text(self, pieces: Iterator[bytes]) -> Iterator[str]:
        """Yield the pieces of a file as text. Raises InvalidInput where its encoding is unclear or not as declared."""
        for piece in self._settled(pieces):
            yield self._unmarked(self._reader.decode(piece))
        yield self._unmarked(self._reader.decode(b"", final=True))

    def _unmarked(self, text: str) -> str:
        if self._is_first and text:
            self._is_first = False
            return text.removeprefix("\ufeff")
        return text

    def _settled(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces, the encoding being known before those that are not plain ASCII."""
        waiting = b""
        is_wide = self.encoding.startswith(("utf-16", "utf-32"))  # where ASCII bytes are no ASCII
        enough = 0
        for piece in pieces:
            waiting += piece
            if (self._is_first and len(waiting) < 4) or waiting.endswith((b"~", b"\x1b")):
                continue  # a mark, or the beginning of an escape, may follow
            if _is_plain(waiting) and not is_wide:
                yield waiting
                waiting = b""
                continue
            if len(waiting) < enough:
                continue
            found = self._found(waiting, is_all=False)
            if found is None:
                enough = len(waiting) * 5 // 4  # they may come one by one, and a look at them takes a millisecond
                continue
            data, waiting = waiting, b""
            yield data
            if found != "utf-8" or not data.isascii():
                yield from pieces
        if waiting:
            if is_wide or not _is_plain(waiting):
                self._found(waiting, is_all=True)
            yield waiting

    def _found(self, data: bytes, *, is_all: bool) -> str | None:
        """Settle the encoding by these first bytes, and return it; None if more are needed. Raises InvalidInput."""
        name = self._name(data, is_all=is_all)
        if name is not None and name != self.encoding:
            self.encoding = name
            self._reader = _reader(name)
        return name

    def _name(self, data: bytes, *, is_all: bool) -> str | None:
        marked = _marked(data) if self._is_first else None
        if self._said is not None:
            return self._checked(self._said, data, marked)
        if marked is not None:
            return marked
        may_wait = not is_all and len(data) < _WAIT_BYTES
        if may_wait and b"\n" not in data[-1:] + data[len(data) - len(data.lstrip(_ASCII)) :]:
            return None  # not even a line of it is there
        name, share = recognised(data)
        if may_wait and share < _SURE:
            return None
        if name in _NEVER_GUESSED or share < _LIKELY:
            raise _not_certain(data, name, share)
        if share < _SURE:
            self._notes.add("encoding_recognised", encoding=name, share=int(share * 100))
        return name

    def _checked(self, said: Declared, data: bytes, marked: str | None) -> str:
        """Return the declared encoding, more exactly. Raises InvalidInput if the bytes plainly are of another one."""
        name = said.name
        if marked is not None:
            if name[:6].removesuffix("-") != marked[:6].removesuffix("-") or _is_swapped(name, data):
                raise _contradicted(said, marked)
            return marked
        name, scores = _in_which_order(name, data)
        best = max(scores, key=lambda other: scores[other])
        if scores[best] > scores[name] + _PLAINLY:
            raise _contradicted(said, best)
        return name


def recognised(data: bytes) -> tuple[str, float]:
    """Return the likeliest encoding of the first bytes of a file that has no mark, and how likely it is, to 1."""
    if _UTF8_RUN.search(data):
        return "utf-8", 1.0
    scores, texts = _scores(data)
    best = max(scores, key=lambda name: scores[name])
    chances = {name: math.exp(score - scores[best]) for name, score in scores.items()}
    total = sum(chances.values())
    alike = sum(chance for name, chance in chances.items() if name == best or texts.get(name) == texts.get(best))
    if best in _BIG5S and alike / total < _LIKELY:
        return "big5", sum(chances.get(name, 0) for name in _BIG5S) / total  # each line may tell which
    return best, alike / total


def _marked(data: bytes) -> str | None:
    return next((name for mark, name in _BOMS.items() if data.startswith(mark)), None)


def _in_which_order(name: str, data: bytes) -> tuple[str, dict[str, float]]:
    """Return an encoding with the order of its bytes, if it has one, and the scores of all there may be."""
    ways = (f"{name}-le", f"{name}-be") if name in ("utf-16", "utf-32") else (name,)
    scores, _ = _scores(data, also=ways)
    return max(ways, key=lambda way: scores[way]), scores


def begun(head: bytes, label: str = "") -> tuple[str, str]:
    """Return the encoding of the first bytes of a file, `label` if that names one, and their text.

    Where the encoding is not certain, only ASCII is right in the text.
    """
    name = _marked(head) or encoding_name(label) or ""
    if name in ("utf-16", "utf-32") and not _marked(head):
        name, _ = _in_which_order(name, head)
    if not name:
        name, share = ("utf-8", 1.0) if _is_plain(head) else recognised(head)
        name = name if share >= _LIKELY else _UNKNOWN
    codec = "latin-1" if name == _UNKNOWN else _ENCODINGS[name].codec
    return name, codecs.getincrementaldecoder(codec)(_FAULT).decode(head).removeprefix("\ufeff")


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
        _UNKNOWN: math.log(_UNKNOWN_SHARE)
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
        text = codecs.getincrementaldecoder(codec)(_FAULT).decode(wide if is_wide else sample).translate(_EDITION_2022)
        text = "\n".join(dict.fromkeys(text.split("\n")))  # a line that comes again proves nothing more
        score = plausibility(text, rarest) + math.log(share or 0.5)
        texts[name], scores[name] = text, score if is_kana_likely else score - _KANA_COST * kana(text)
    return scores, texts


def _is_plain(data: bytes) -> bool:
    """Whether bytes are ASCII that says nothing else in an encoding of seven or sixteen bits."""
    return data.isascii() and b"\0" not in data and b"~{" not in data and b"\x1b$" not in data


def _is_swapped(name: str, data: bytes) -> bool:
    marks = {"utf-16-le": codecs.BOM_UTF16_BE, "utf-16-be": codecs.BOM_UTF16_LE}
    marks |= {"utf-32-le": codecs.BOM_UTF32_BE, "utf-32-be": codecs.BOM_UTF32_LE}
    return name in marks and data.startswith(marks[name])


class _Lines:
    """Decodes an encoding of Chinese line by line: a line that is UTF-8 in truth has no character in it.

    Files are put together of others: mojibake must not pass for a text.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        #: GBK's codec stops at what is to be mended and at emoji, at no cost for the rest. None: it is not known yet
        self._is_gbk = None if codec == "gb18030" else False
        self._decoder = codecs.getincrementaldecoder(codec)(_FAULT)
        self._rest = b""
        words = (word.encode()[at : at + 2].decode(codec, _FAULT) for word in _UTF8_WORDS for at in (0, 1))
        self._signs = {sign for sign in words if len(sign) == 1 and IMPOSSIBLE < plausibility(sign) < -11}

    def decode(self, data: bytes, final: bool = False) -> str:
        data = self._rest + data
        end = len(data) if final else data.rfind(b"\n") + 1 or len(data)
        data, self._rest = data[:end], data[end:]
        is_whole = not self._decoder.getstate()[0] and (final or data.endswith(b"\n"))
        if self._is_gbk is None and is_whole:
            self._is_gbk = len(_FOUR_BYTES.findall(data, 0, _SAMPLE_BYTES)) <= _FEW
        if self._is_gbk and is_whole:
            text = data.decode("gbk", _FAULT)
        else:
            text = self._decoder.decode(data, final)
            if self._codec == "gb18030" and any(old in text for old in _EDITION_2005):
                text = text.translate(_EDITION_2022)
        is_odd = any(sign in text for sign in self._signs) or (self._codec == "cp950" and _OF_TWO_BIG5S.search(text))
        return "".join(map(self._line, data.splitlines(keepends=True))) if is_odd and is_whole else text

    def _line(self, line: bytes) -> str:
        text = line.decode(self._codec, _FAULT).translate(_EDITION_2022)
        if self._codec == "cp950" and _OF_TWO_BIG5S.search(text):
            other = line.decode("big5hkscs", _FAULT)
            gain = plausibility(other) - plausibility(text)
            return _OF_TWO_BIG5S.sub("\udc80", text) if abs(gain) < _CLEARLY else other if gain > 0 else text
        try:
            other = line.decode()
        except UnicodeDecodeError:
            return text
        return _NO_ASCII.sub("\udc80", other) if plausibility(other) > plausibility(text) else text


def _reader(name: str) -> _Lines | codecs.IncrementalDecoder:
    codec = _ENCODINGS[name].codec
    return _Lines(codec) if name in ("gb18030", "big5", "big5-hkscs") else codecs.getincrementaldecoder(codec)(_FAULT)


def _not_certain(data: bytes, name: str, share: float) -> InvalidInput:
    if b"\0" in data:
        return bad_file("binary_file", "The file is binary. Send CSV, TSV, TXT, JSON or a workbook, plain or gzipped.")
    if name == _UNKNOWN:
        detail = "The encoding is none that is recognised."
    else:
        detail = (
            f"The encoding is not certain: the bytes look most like {name}{'' if share < _LIKELY else ' or its kin'}."
        )
    detail += f" Save the file as UTF-8, or name its `encoding`{'' if name == _UNKNOWN else f', such as {name}'}."
    return bad_file("unknown_encoding", detail, "encoding")


def _contradicted(said: Declared, found: str) -> InvalidInput:
    what = "of no known encoding" if found == _UNKNOWN else f"{found}"
    detail = f"{said.by} says {said.name}, but the bytes look like {what}. "
    remedy = "Send UTF-8" if found == _UNKNOWN else f"Give encoding={found}, or none to have it recognised"
    return bad_file("encoding_contradicted", f"{detail}{remedy}.", "encoding")
