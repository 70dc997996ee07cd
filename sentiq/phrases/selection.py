"""Chooses phrases that say different things: none is a half, a part of another, or the same in other words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sentiq.phrases.log_odds import Contrast, LogOdds
from sentiq.phrases.occurrences import Found
from sentiq.phrases.word_lists import simplified

HALF = 0.6  #: share of the places of a phrase with the same character beside them, from which it is a half
NEGATED = 0.3  #: the same for a negation before it, which turns its meaning round
FRAGMENT = 0.6  #: share of the rows of a phrase that have a longer one, from which the longer one is meant
ALIKE = 0.5  #: rows that two phrases share, of those that have either, from which they say the same
FORMS = 3  #: longer phrases that are shown with one

#: Characters that make no other phrase of one they stand beside: particles, adverbs of degree, pronouns, helping verbs.
_JOINING = frozenset(
    "的了着过得地吗呢吧啊呀哦嘛啦是很太挺真好最更都也就还又才再我你他她它们这那有在和与说一个让令使人被把给会要能只"
)
_NEGATING = frozenset("不没无未非别")
_LIGHT = str.maketrans("", "", "很太挺真最更了的是都也就还得再又才会 ")


@dataclass(slots=True)
class Candidate:
    """A phrase with where it was found, and the longer phrases that have it."""

    phrase: str
    here: Found
    there: Found
    contrast: Contrast
    forms: list[Candidate] = field(default_factory=list)


class _Rows(NamedTuple):
    here: frozenset[int]
    there: frozenset[int]


def is_half(found: Found) -> bool:
    """Tell whether nearly the same character always stands before or after a phrase: it is not all of what is said."""
    before, after = found.before, found.after
    negated = sum(count for character, count in before.items() if simplified(character) in _NEGATING)
    return negated >= NEGATED * found.times or _most(before) >= HALF * found.times or _most(after) >= HALF * found.times


def select(candidates: Sequence[Candidate], log_odds: LogOdds, limit: int, least: float) -> list[Candidate]:
    """Return the phrases that are surest, at most `limit`, with a surprise of at least `least`.

    Those they stand for are their `forms`.
    """
    sure = [c for c in candidates if c.contrast.surprise >= least and not is_half(c.here)]
    sure.sort(key=lambda c: (-c.contrast.z, c.phrase))
    rows = {c.phrase: _Rows(frozenset(c.here.rows), frozenset(c.there.rows)) for c in sure}
    whole = [c for c in sure if not _is_fragment(c, sure, rows, log_odds, least)]
    chosen: list[Candidate] = []
    for candidate in whole:
        same = next((c for c in chosen if _is_same(candidate, c, rows)), None)
        if same is None:
            chosen.append(candidate)
        elif same.phrase in candidate.phrase:
            same.forms.append(candidate)
    chosen = chosen[:limit]
    for candidate in chosen:
        candidate.forms = _different(candidate.forms)[:FORMS]
    return chosen


def _different(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the first of those that differ by particles alone."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(_core(candidate.phrase), candidate)
    return list(first.values())


def _is_fragment(
    candidate: Candidate, others: Sequence[Candidate], rows: dict[str, _Rows], log_odds: LogOdds, least: float
) -> bool:
    """Tell whether a phrase is rare, or sets nothing apart, where a certain longer one is not meant."""
    here, there = rows[candidate.phrase]
    for longer in others:
        if candidate.phrase in longer.phrase and candidate.phrase != longer.phrase:
            rest, rest_there = here - rows[longer.phrase].here, there - rows[longer.phrase].there
            if len(rest) <= (1 - FRAGMENT) * len(here) or log_odds.of(len(rest), len(rest_there)).surprise < least:
                return True
    return False


def _is_same(candidate: Candidate, chosen: Candidate, rows: dict[str, _Rows]) -> bool:
    """Tell whether two phrases say the same: one is in the other, both differ by particles, or share their rows."""
    a, b = candidate.phrase, chosen.phrase
    if a in b or b in a or _core(a) == _core(b):
        return True
    here, other = rows[a].here, rows[b].here
    shared = len(here & other)
    return shared >= ALIKE * (len(here) + len(other) - shared)


def _core(phrase: str) -> str:
    """Return a phrase without particles and adverbs of degree, as our lists would write it."""
    return simplified(phrase).translate(_LIGHT)


def _most(characters: Counter[str]) -> int:
    """Return how often the most frequent character that makes another phrase is there."""
    others = (count for character, count in characters.items() if character and simplified(character) not in _JOINING)
    return max(others, default=0)
