"""Finds where phrases stand in many texts."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_BETWEEN = "\0"  #: two texts; a readable text has none


class Found(NamedTuple):
    rows: tuple[int, ...]  # numbers of the texts that have the phrase, rising
    before: Counter[str]  # characters that stand before it; "" for the end of a clause
    after: Counter[str]
    times: int


class Texts:
    """Readable texts in which phrases are searched for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._joined = _BETWEEN.join(("", *texts, ""))
        self._starts: list[int] = []
        at = 1
        for text in texts:
            self._starts.append(at)
            at += len(text) + 1

    def find(self, phrase: str) -> Found:
        joined, length = self._joined, len(phrase)
        rows: dict[int, None] = {}
        before, after = Counter[str](), Counter[str]()
        at = joined.find(phrase)
        times = 0
        while at >= 0:
            times += 1
            rows[bisect_right(self._starts, at) - 1] = None
            before[_letter(joined[at - 1])] += 1
            after[_letter(joined[at + length])] += 1
            at = joined.find(phrase, at + length)
        return Found(tuple(rows), before, after, times)


def _letter(character: str) -> str:
    return character if character.isalnum() else ""
