"""A place in JSON that arrives piece by piece: values are decoded one after another, and none but the last is held."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from api.http.json import DuplicateName
from api.ingest.json_files.values import BLANKS, is_cut_off, pass_over, scan
from api.ingest.options import bad_file
from api.ingest.streams import LINE_CHARS
from sentiq.core.errors import InvalidInput
from sentiq.jobs.types import RowError

SETTINGS = "(SENTIQ_MAX_TEXT_CHARS, SENTIQ_MAX_CELL_CHARS)"  #: from which `max_chars` follows
_BLANK = re.compile(f"[{BLANKS}]*")


class TooLong(Exception):
    """A value has more characters than are taken."""


def too_long(max_chars: int) -> RowError:
    """Return the error of a row with more than so many characters of JSON."""
    return RowError("line_too_long", f"The JSON of the row is longer than {max_chars:,} characters {SETTINGS}.")


class Cursor:
    """Reads values and the signs between them. Raises InvalidInput where the text is no JSON, with the line."""

    def __init__(self, texts: Iterator[str], max_chars: int) -> None:
        self.text = ""  #: what has arrived, from a place before `at`
        self.at = 0  #: of the next character
        self.begin = 0  #: of the last value
        self._texts = texts
        self._max_chars = max_chars
        self._line = 1  # of the first character of `text`
        self._bytes = 0  # before `text`
        self._is_ended = False

    @property
    def offset(self) -> int:
        """Return the number of bytes before this place, in UTF-8."""
        return self._bytes + len(encoded(self.text[: self.at]))

    def peek(self) -> str:
        """Return the next character that is no blank, without going past it; "" at the end."""
        while True:
            self.at = _BLANK.match(self.text, self.at).end()  # type: ignore[union-attr]  # matches nothing at least
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def ahead(self, chars: int) -> str:
        """Return so many of the next characters, less if there are no more."""
        while len(self.text) - self.at < chars and self._more():
            pass
        return self.text[self.at : self.at + chars]

    def has(self, sign: str) -> bool:
        """Go past this sign if it comes next; say whether it did."""
        if self.peek() != sign:
            return False
        self.at += 1
        return True

    def pass_by(self, *signs: str) -> str:
        """Go past the next sign, which must be one of these, and return it."""
        for sign in signs:
            if self.has(sign):
                return sign
        raise self.broken(self.at)

    def value(self, most: int) -> Any:
        """Decode the next value and go past it; a RowError stands for one that names a member twice.

        Raises TooLong if it has more than `most` characters.
        """
        self.peek()
        while True:
            try:
                value, end = self._scanned()
            except RecursionError:
                raise bad_file("nested_too_deeply", "The file is JSON that is nested too deeply for a table.") from None
            except (StopIteration, ValueError) as error:
                is_whole = not is_cut_off(error, self.text)
                if is_whole or self._is_ended:
                    raise self.broken(getattr(error, "pos", self.at) if is_whole else len(self.text)) from None
            else:
                if end < len(self.text) or self._is_ended:  # a number may go on
                    if end - self.at > most:
                        raise TooLong
                    self.begin, self.at = self.at, end
                    return value
            if len(self.text) - self.at > most:
                raise TooLong
            self._more()

    def _scanned(self) -> tuple[Any, int]:
        try:
            return scan(self.text, self.at)
        except DuplicateName as error:
            return RowError("duplicate_name", f"{error}."), pass_over(self.text, self.at)[1]

    def row(self) -> Any:
        """Decode the next value and go past it; a RowError stands for one that no row can be. Raises InvalidInput."""
        value = self._member()
        return value if self.at - self.begin <= self._max_chars else too_long(self._max_chars)

    def _member(self) -> Any:
        try:
            return self.value(LINE_CHARS)
        except TooLong:
            detail = f"In line {self._line:,}, the file is JSON with a value of more than {LINE_CHARS:,} characters."
            raise bad_file("row_too_long", detail) from None

    def values(self) -> Iterator[Any]:
        """Yield the values up to the end, as rows; of each list, its items."""
        while sign := self.peek():
            if sign == "[":
                yield from self.items()
            else:
                yield self.row()
            self.has(",")

    def items(self) -> Iterator[Any]:
        """Yield the items of the list that comes next."""
        self.pass_by("[")
        while not self.has("]"):
            yield self.row()
            if self.pass_by(",", "]") == "]":
                return

    def names(self) -> Iterator[str]:
        """Yield the names of the members of the object that comes next; go past the value before the next one."""
        self.pass_by("{")
        while not self.has("}"):
            if self.peek() != '"':
                raise self.broken(self.at)
            name = self._member()
            self.pass_by(":")
            yield name
            if self.pass_by(",", "}") == "}":
                return

    def rest(self) -> Iterator[str]:
        """Yield the text from here on. The cursor is of no use then."""
        yield self.text[self.at :]
        yield from self._texts

    def broken(self, at: int) -> InvalidInput:
        """Return the error for a text that is no JSON from this place on."""
        line = self._line + self.text.count("\n", 0, at)
        if self._is_ended and not self.text[at:].strip(BLANKS):
            return bad_file("damaged_json", f"The file is JSON that ends too early, in line {line:,}: is it complete?")
        detail = f"The file is JSON with a mistake in line {line:,}. Mend it, or write JSON lines."
        if "'" in self.text[at : at + 2]:
            detail = f"In line {line:,}, the file has ' where JSON has \". If Python wrote it, let json.dumps write it."
        return bad_file("damaged_json", detail)

    def _more(self) -> bool:
        """Take the next pieces, half as long as what is left at least; say whether there were any."""
        left = self.text[self.at :]
        pieces: list[str] = []
        wanted = len(left) // 2
        while wanted >= 0:
            piece = next(self._texts, None)
            if piece is None:
                self._is_ended = True
                break
            pieces.append(piece)
            wanted -= len(piece)
        if not pieces:
            return False
        passed = self.text[: self.at]
        self._line += passed.count("\n")
        self._bytes += len(encoded(passed))
        self.text = left + "".join(pieces)
        self.at = 0
        return True


def encoded(text: str) -> bytes:
    """Return a text as UTF-8, with halves of surrogate pairs."""
    return text.encode("utf-8", "surrogatepass")
