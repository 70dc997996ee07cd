"""Finds the words of aspects in texts, and the clauses they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sentiq.aspects.clauses import Word, clauses
from sentiq.aspects.folding import ALPHABETS, folded, folded_in_place, simplified
from sentiq.aspects.sets import AspectSet
from sentiq.aspects.wording import plain
from sentiq.core.invisible_characters import visible

#: Marks and blanks that are left out at both ends of a clause: they say nothing.
AROUND = frozenset(" \t\n\r\u3000,，،.。;；؛:：、…~-—")
_LETTER = re.compile(f"[{ALPHABETS}]")
_SETS_KEPT = 64  #: compiled ones, of the jobs at work


class Mention(NamedTuple):
    """What a text says of one aspect."""

    aspect: int  #: its place in the set
    spans: tuple[tuple[int, int], ...]  #: [start, end) of the clauses that speak of it, in the order of the text


def mentions(text: str, aspects: AspectSet) -> list[Mention]:
    """Return the aspects that a text speaks of, in the order of the set.

    Positions are those of Python's characters (code points) in `text` as it is given.
    """
    seen, places = _seen(text)
    words = _finder(aspects).find(seen)
    if not words:
        return []
    spans: dict[int, list[tuple[int, int]]] = {}
    for clause in clauses(seen, words):
        start, end = _trimmed(seen, clause.start, clause.end)
        for aspect in {word.aspect for word in clause.words}:
            mine = spans.setdefault(aspect, [])
            if not mine or mine[-1][1] <= start:  # else the clause before reaches to here
                mine.append((start, end))
    if places is not None:
        spans = {
            aspect: [(places[start], places[end - 1] + 1) for start, end in mine] for aspect, mine in spans.items()
        }
    return [Mention(aspect, tuple(spans[aspect])) for aspect in sorted(spans)]


def clause_text(text: str, span: tuple[int, int]) -> str:
    """Return what the engine is given for a span of a mention: its visible characters, judgements in plain words.

    Those of a text in traditional characters are recognised in simplified ones, in which it is given then.
    """
    clause = visible(text[span[0] : span[1]])
    simple = simplified(clause)
    said = plain(simple)
    return clause if said == simple else said


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the clause without the marks and blanks around it. It holds a word, so something is left."""
    while text[start] in AROUND and start < end - 1:
        start += 1
    while text[end - 1] in AROUND and end > start + 1:
        end -= 1
    return start, end


def _seen(text: str) -> tuple[str, list[int] | None]:
    """Return the text as words are looked for, and where each of its characters is; None: where it was."""
    if visible(text) == text:
        return folded_in_place(text), None
    kept = [(at, char) for at, char in enumerate(text) if visible(char)]
    return folded_in_place("".join(char for _, char in kept)), [at for at, _ in kept]


class _Finder:
    """The words of a set as one pattern, which takes the longest word that begins at a place."""

    def __init__(self, aspects: AspectSet) -> None:
        self._aspect: dict[str, int] = {}
        self._excepted: dict[str, set[int]] = {}  # word → aspects whose words do not count in it
        for number, aspect in enumerate(aspects.aspects):
            for word in aspect.words:
                self._aspect[folded(word)] = number
            for word in aspect.excepted:
                self._excepted.setdefault(folded(word), set()).add(number)
        self._pattern = re.compile(_pattern({*self._aspect, *self._excepted}))

    def find(self, text: str) -> list[Word]:
        """Return the words that count in a folded text, in its order.

        A word within a longer one of any aspect does not count.
        """
        found = []
        covered = 0  # up to here, by words that began before
        excepted: dict[int, int] = {}  # the same for the words of one aspect
        match = self._pattern.search(text)
        while match:
            start, end = match.span()
            word = match[0]
            if not _is_inside_a_word(text, start):
                aspect = self._aspect.get(word)
                for number in self._excepted.get(word, ()):
                    excepted[number] = max(end, excepted.get(number, 0))
                if aspect is not None:
                    if end > covered and end > excepted.get(aspect, 0):
                        found.append(Word(start, end, aspect))
                    covered = max(covered, end)
            match = self._pattern.search(text, start + 1)
        return found


@lru_cache(_SETS_KEPT)
def _finder(aspects: AspectSet) -> _Finder:
    return _Finder(aspects)


def _is_inside_a_word(text: str, start: int) -> bool:
    """Tell whether a word of an alphabet or a number goes on at this place: `app` is no word of `happy`."""
    before, first = text[start - 1 : start], text[start]
    return (_is_letter(before) and _is_letter(first)) or (before.isdecimal() and first.isdecimal())


def _is_letter(char: str) -> bool:
    return _LETTER.match(char) is not None


def _pattern(words: Iterable[str]) -> str:
    """Return a regular expression that matches the longest of the words, as a tree of their characters.

    At each place of a text it looks at each of the next characters once.
    """
    tree: dict[str, Any] = {}
    for word in words:
        node = tree
        for char in word:
            node = node.setdefault(char, {})
        node[""] = _end(word[-1])
    return _branches(tree)


def _end(last: str) -> str:
    """Return what must follow a word with this last character."""
    return f"(?![{ALPHABETS}])" if _is_letter(last) else "(?![0-9])" if last.isdecimal() else ""


def _branches(node: Mapping[str, Any]) -> str:
    longer = [re.escape(char) + _branches(below) for char, below in node.items() if char]
    parts = [*longer, node[""]] if "" in node else longer
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"
