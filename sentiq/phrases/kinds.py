"""Tells what a word may be in a phrase: a part that can stand at its ends, or one that only joins others."""

from __future__ import annotations

from enum import IntEnum

from sentiq.phrases.word_lists import (
    ADVERBS_THAT_SAY_SOMETHING,
    DEGREES,
    FUNCTION_WORDS,
    LIGHT_VERBS,
    NOT_NAMES,
    OPENINGS,
    PRONOUNS,
    VERDICTS,
    WEAK_WORDS,
)


class Kind(IntEnum):
    """From what may stand nowhere in a phrase to what may be one by itself."""

    BREAK = 0  # a name, a sign, laughter: phrases end before it
    INNER = 1  # function words and numbers: only between others
    DEGREE = 2  # very, too: only before one character
    OPENING = 3  # negations and 有: begin phrases, never end them
    VERDICT = 4  # good, bad: at either end, beside what it is said of
    PART = 5  # at either end, not alone
    WHOLE = 6  # alone too


#: Tags of the dictionary (those of ICTCLAS), by their first letters, of words that say something.
_CONTENT = ("n", "v", "a", "i", "l", "j", "b", "z", "s", "eng", "g")
_NAMES = "nr"
_LAUGHTER = {"e", "o", "y"}


def kind_of(word: str, tag: str) -> Kind:
    """Return the kind of a word, in small letters, by its tag in the dictionary."""
    if not word[0].isalnum() or _is_one_character(word) or tag in _LAUGHTER:
        return Kind.BREAK
    if word in OPENINGS:
        return Kind.OPENING
    if word in DEGREES:
        return Kind.DEGREE
    if word in VERDICTS:
        return Kind.VERDICT
    if word in FUNCTION_WORDS or word[0] in PRONOUNS or (any(map(str.isdigit, word)) and not word.isascii()):
        return Kind.INNER
    if tag.startswith(_NAMES) and word not in NOT_NAMES and word[0] != "太":
        return Kind.BREAK
    if word in WEAK_WORDS:
        return Kind.PART
    if word in ADVERBS_THAT_SAY_SOMETHING:
        return Kind.WHOLE
    if word.isascii():
        return Kind.WHOLE if len(word) > 1 and word.isalpha() else Kind.INNER if word.isdigit() else Kind.PART
    if not tag.startswith(_CONTENT):
        return Kind.INNER
    return Kind.WHOLE if len(word) > 1 else Kind.PART


def _is_one_character(word: str) -> bool:
    return len(word) > 2 and len(set(word)) == 1


def is_done(word: str, kind: Kind) -> bool:
    """Tell whether the word with 了 after it says what has happened: 坏了, 凉了; 买了 and 来了 say little."""
    return kind is Kind.PART and len(word) == 1 and word not in LIGHT_VERBS
