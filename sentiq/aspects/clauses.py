"""Cuts texts into clauses, each of which judges one thing or several alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from sentiq.aspects.folding import DIVIDED
from sentiq.aspects.wording import is_judgement

_EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff"
_ENDS = rf"。！？!?；;…~؟؛।{_EMOJI}"  # of sentences, in folded texts or not
#: A clause ends behind these. A dot or comma within a number does not end one, nor a blank between words of scripts
#: that always divide words, nor the mark of lists (、): what is listed is judged together.
_MARKS = (
    rf"(?:[{_ENDS}，،\n\r]|(?<![0-9])[,.]|[,.](?![0-9])|(?<![{DIVIDED}0-9])\s|\s(?![{DIVIDED}0-9]))[{_ENDS}，،,.\s]*"
)
#: And before these, which turn to something else.
_TURNS = (
    "(?<!不)但(?!愿|凡)|(?<![比超只敌瞒难])不过(?!如此|分|瘾|去|来|关|敏)|可是|然而|只是|(?<![点题也这那不说因的处色憾觉])就是|"
    "除了|而且|另外|其次|虽然|尽管|同时"
)
#: And before headings and numbers of a list: 【环境】, ②, 3、
_HEADS = "[【①-⑳]|(?<![0-9a-z.])[0-9]{1,2}[、.)](?![0-9])"
_CUT = re.compile(rf"{_MARKS}|(?<=.)(?={_TURNS}|{_HEADS})")
_ENDS_SENTENCE = re.compile(rf"[{_ENDS}]|\.\s*$")
#: Behind the words of one aspect and before those of the next: a judgement of the first.
_JUDGED = re.compile(
    "(?:好|差|棒|赞|烂|弱|强|高|低|贵|大|小|多|少|快|慢|足|不错|还行|可以|一般|不行|给力|满意|便宜|实惠|干净|热情|舒服|舒适|漂亮|美味|新鲜|"
    "好吃|难吃|方便|周到|到位|吵|脏|乱|硬|软|咸|淡|腻)(?:极|些|点|得很|了|的|啊|哦|呢)*、?$"
)
#: Characters that judge nothing: a clause that holds only these beside words of aspects is about what follows it.
_EMPTY = frozenset(
    "的地得上了着过都也还就和与及跟并且而是有在方面等呢吗啊吧呀嘛哦这那个其他各种主要尤其特别说到至于关对比如例像包括以论先再来谈讲除外、"
)
_REACH = 3  #: clauses that are taken as one at the most


class Word(NamedTuple):
    """A word of an aspect in a text."""

    start: int
    end: int
    aspect: int


class Clause(NamedTuple):
    """A part of a text, with the words of aspects that begin in it."""

    start: int
    end: int
    words: list[Word]


def clauses(text: str, words: Sequence[Word]) -> list[Clause]:
    """Return the clauses of a text in which words of aspects begin, in their order.

    `words` are in the order of the text. A clause that has words of aspects and says nothing about them reaches to the
    end of the first one behind it in the same sentence that does: 空间，内饰，都不错 is one list, judged once.
    """
    parts = _parts(text, words)
    found = []
    for at, part in enumerate(parts):
        if part.words:
            last = at
            while last + 1 < min(at + _REACH, len(parts)) and _is_open(text, parts[at : last + 1]):
                last += 1
            found.append(Clause(part.start, parts[last].end, part.words))
    return found


def _parts(text: str, words: Sequence[Word]) -> list[Clause]:
    """Cut the text without a gap; marks belong to the part before them."""
    cuts = {match.end() for match in _CUT.finditer(text)}
    for word, following in pairwise(words):
        if word.aspect != following.aspect and _JUDGED.search(text, word.end, following.start):
            cuts.add(following.start)
    cuts.discard(0)
    cuts.add(len(text))
    parts, start, at = [], 0, 0
    for end in sorted(cuts):
        first = at
        while at < len(words) and words[at].start < end:
            at += 1
        parts.append(Clause(start, end, list(words[first:at])))
        start = end
    return parts


def _is_open(text: str, parts: Sequence[Clause]) -> bool:
    """Tell whether these parts say nothing of what they name, and the sentence goes on."""
    if _ENDS_SENTENCE.search(text, parts[-1].start, parts[-1].end):
        return False
    at = parts[0].start
    for word in (word for part in parts for word in part.words):
        if not _is_empty(text[at : word.start]) or is_judgement(text[word.start : word.end]):
            return False
        at = max(at, word.end)
    return _is_empty(text[at : parts[-1].end])


def _is_empty(text: str) -> bool:
    return all(char in _EMPTY or not char.isalnum() for char in text)
