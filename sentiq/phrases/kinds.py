"""Tells what a word may be in a phrase: a part that can stand at its ends, or one that only joins others."""

from __future__ import annotations

import re
from enum import IntEnum

from sentiq.phrases import word_lists as lists


class Kind(IntEnum):
    """From what may stand nowhere in a phrase to what may be one by itself."""

    BREAK = 0  # a name, a sign, laughter: phrases end before it
    INNER = 1  # function words and numbers: only between others
    DEGREE = 2  # very, too: only before one character
    OPENING = 3  # negations and 有: begin phrases, never end them
    WEAK = 4  # says little by itself: ends phrases, never begins them
    VERDICT = 5  # good, bad: at either end, beside what it is said of
    PART = 6  # at either end, not alone
    WHOLE = 7  # alone too


#: Of a word in two lists the later one counts.
_LISTED: dict[str, Kind] = {
    word: kind
    for kind, words in (
        (Kind.WHOLE, lists.ADVERBS_THAT_SAY_SOMETHING),
        (Kind.PART, lists.PARTS),
        (Kind.WEAK, lists.WEAK_WORDS),
        (Kind.INNER, lists.FUNCTION_WORDS),
        (Kind.VERDICT, lists.VERDICTS),
        (Kind.DEGREE, lists.DEGREES),
        (Kind.OPENING, lists.OPENINGS),
    )
    for word in words
}
#: Tags of the dictionary (those of ICTCLAS), by their first letters, of words that say something.
_CONTENT = ("n", "v", "a", "i", "l", "j", "b", "z", "s", "g")
_NAMES = "nr"
_LAUGHTER = {"e", "o", "y"}
#: Of a verb that stands before it: 放不出来, 打不开.
_COMPLEMENT = re.compile("[不得]([了到起上下出完掉得动清]|出来|下去|起来|进去|上去|过来)")


def kind_of(word: str, tag: str) -> Kind:
    """Return the kind of a word, in small letters, by our lists and by its tag in the dictionary."""
    if not word[0].isalnum() or _is_one_character(word) or tag in _LAUGHTER:
        return Kind.BREAK
    word = lists.simplified(word)
    if word in _LISTED:
        return _LISTED[word]
    if word.isascii():
        return _kind_of_latin(word)
    if word[0] in lists.PRONOUNS or word[-1] in lists.PARTICLES or _COMPLEMENT.fullmatch(word):
        return Kind.INNER
    if tag.startswith(_NAMES) and word not in lists.NOT_NAMES and word[0] != "太":
        return Kind.BREAK
    if not tag.startswith(_CONTENT) or any(map(str.isdigit, word)):
        return Kind.INNER
    return Kind.WHOLE if len(word) > 1 else Kind.PART


def _kind_of_latin(word: str) -> Kind:
    if word.isdigit():
        return Kind.INNER
    return Kind.WHOLE if len(word) > 1 and word.isalpha() else Kind.PART


def _is_one_character(word: str) -> bool:
    return len(word) > 2 and len(set(word)) == 1


def is_done(word: str, kind: Kind) -> bool:
    """Tell whether the word with 了 after it says what has happened: 坏了, 凉了; 买了 and 来了 say little."""
    return kind is Kind.PART and len(word) == 1 and lists.simplified(word) not in lists.LIGHT_VERBS
