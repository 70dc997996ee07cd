"""Decodes an arriving file in the encoding that is declared or recognised, or refuses it with the remedy."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import NamedTuple

from api.ingest.encoding.mended_codecs import reader
from api.ingest.encoding.recognition import CODECS, LIKELY, UNKNOWN, in_which_order, is_plain, marked_as, recognised
from api.ingest.notes import Notes
from api.ingest.options import bad_file
from api.schemas.encodings import ENCODINGS, encoding_name
from sentiq.core.errors import InvalidInput

_SURE = 0.999  #: above it, the recognition is not worth a note
_PLAINLY = 40.0  #: natural logarithm of how much likelier another encoding is where a declared one is refused
_WAIT_BYTES = 4096  #: of a file that arrives slowly, before it must be decided
_NEVER_GUESSED = frozenset({UNKNOWN, "windows-1252"})  #: any western, Greek or Cyrillic text can look like Windows-1252
_ASCII = bytes(range(1, 128))


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
        self._is_first = self._begins_line = True
        self._reader = reader(CODECS[self.encoding])

    def text(self, pieces: Iterator[bytes]) -> Iterator[str]:
        """Yield the pieces of a file as text. Raises InvalidInput where its encoding is unclear or not as declared."""
        for piece in self._settled(pieces):
            yield self._unmarked(self._reader.decode(piece))
        yield self._unmarked(self._reader.decode(b"", final=True))

    def _unmarked(self, text: str) -> str:
        """Return text without the mark of the encoding, which files that were put together have before each part."""
        if not text:
            return text
        begins_line, self._begins_line, self._is_first = self._begins_line, text.endswith(("\n", "\r")), False
        if "\ufeff" not in text:
            return text
        text = text.removeprefix("\ufeff") if begins_line else text
        return text.replace("\n\ufeff", "\n").replace("\r\ufeff", "\r")

    def _settled(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces, the encoding being known before those that are not plain ASCII."""
        waiting = b""
        is_wide = self.encoding.startswith(("utf-16", "utf-32"))  # where ASCII bytes are no ASCII
        enough = 0
        for piece in pieces:
            waiting += piece
            if self._is_first and len(waiting) < 4:
                continue  # it may be half a mark
            if waiting.endswith((b"~", b"\x1b")) and len(waiting) == len(piece):
                continue  # it may be half an escape; once, lest it is held for ever
            if is_plain(waiting) and not is_wide:
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
            if is_wide or not is_plain(waiting):
                self._found(waiting, is_all=True)
            yield waiting

    def _found(self, data: bytes, *, is_all: bool) -> str | None:
        """Settle the encoding by these first bytes, and return it; None if more are needed. Raises InvalidInput."""
        name = self._name(data, is_all=is_all)
        if name is not None and name != self.encoding:
            self.encoding = name
            self._reader = reader(CODECS[name])
        return name

    def _name(self, data: bytes, *, is_all: bool) -> str | None:
        marked = marked_as(data) if self._is_first else None
        if self._said is not None:
            return self._checked(self._said, data, marked)
        if marked is not None:
            return marked
        may_wait = not is_all and len(data) < _WAIT_BYTES
        if may_wait and b"\n" not in (data.lstrip(_ASCII) or data[-1:]):
            return None  # not even a line of it is there
        name, share = recognised(data)
        if may_wait and share < _SURE:
            return None
        if name in _NEVER_GUESSED or share < LIKELY:
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
        name, scores = in_which_order(name, data)
        best = max(scores, key=lambda other: scores[other])
        if scores[best] > scores[name] + _PLAINLY:
            raise _contradicted(said, best)
        return name


def _is_swapped(name: str, data: bytes) -> bool:
    marks = {"utf-16-le": codecs.BOM_UTF16_BE, "utf-16-be": codecs.BOM_UTF16_LE}
    marks |= {"utf-32-le": codecs.BOM_UTF32_BE, "utf-32-be": codecs.BOM_UTF32_LE}
    return name in marks and data.startswith(marks[name])


def _not_certain(data: bytes, name: str, share: float) -> InvalidInput:
    if b"\0" in data:
        return bad_file("binary_file", "The file is binary. Send CSV, TSV, TXT, JSON or a workbook, plain or gzipped.")
    if name == UNKNOWN:
        detail = "The encoding is none that is recognised."
    else:
        detail = (
            f"The encoding is not certain: the bytes look most like {name}{'' if share < LIKELY else ' or its kin'}."
        )
    detail += f" Save the file as UTF-8, or name its `encoding`{'' if name == UNKNOWN else f', such as {name}'}."
    return bad_file("unknown_encoding", detail, "encoding")


def _contradicted(said: Declared, found: str) -> InvalidInput:
    what = "of no known encoding" if found == UNKNOWN else f"{found}"
    detail = f"{said.by} says {said.name}, but the bytes look like {what}. "
    remedy = "Send UTF-8" if found == UNKNOWN else f"Give encoding={found}, or none to have it recognised"
    return bad_file("encoding_contradicted", f"{detail}{remedy}.", "encoding")
