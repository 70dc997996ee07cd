"""Cuts texts into words, with a mark where a phrase ends: at signs, names and laughter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import starmap
from typing import NamedTuple

import rjieba

from sentiq.core.invisible_characters import visible
from sentiq.phrases.kinds import Kind, is_done, kind_of

WORDS_KNOWN = 100_000  #: different words whose kind is looked up once

#: Names of users, addresses, topics and emoticons in brackets, as microblogs have them: they stand in no phrase.
_NOT_WORDS = re.compile(r"https?://[!-~]+|www\.[!-~]+|[\w.+-]+@[\w-]+\.[\w.-]+|@[\w-]+|\[\w{1,8}\]|#[^#\n]{1,40}#")


class Word(NamedTuple):
    text: str
    kind: Kind
    is_done: bool = False  # with 了 after it, it says what has happened

    @property
    def is_latin(self) -> bool:
        return self.text.isascii()


END = Word("\n", Kind.BREAK)  #: of a clause


def readable(text: str) -> str:
    """Return what phrases are looked for in: the words of the visible text, in small letters."""
    return _NOT_WORDS.sub("\n", visible(text)).casefold()


def words_of(text: str) -> list[Word]:
    """Return the words of a readable text, with `END` after each clause."""
    found = list(_marked(starmap(_word, _parted(rjieba.tag(text)))))
    found.append(END)
    return found


def glue(before: str, after: str) -> str:
    """Return what stands between two words of a phrase: a blank between two of Latin letters."""
    return " " if before[-1].isascii() and after.isascii() else ""


def _parted(words: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield words with their tags; of 5天才到 the segmenter makes a genius (天才) between 5 and 到."""
    before = ""
    for word, tag in words:
        if word == "天才" and before.isdigit():
            yield from (("天", "m"), ("才", "d"))
        else:
            yield word, tag
        before = word


def _marked(words: Iterable[Word]) -> Iterator[Word]:
    """Yield words and `END`. A blank ends a clause, unless it parts two words of Latin letters."""
    before, is_after_blank = END, False
    for word in words:
        if word.text == " ":
            is_after_blank = True
            continue
        is_parted = is_after_blank and not (before.is_latin and word.is_latin)
        if before is not END and (word.kind is Kind.BREAK or is_parted):
            yield END
        before, is_after_blank = END, False
        if word.kind is not Kind.BREAK:
            yield word
            before = word


@lru_cache(WORDS_KNOWN)
def _word(written: str, tag: str) -> Word:
    kind = kind_of(written, tag)
    return Word(written, kind, is_done(written, kind))
