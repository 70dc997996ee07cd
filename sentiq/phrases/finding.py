"""Finds the phrases that set some texts apart from others."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest

from sentiq.phrases.candidates import Words, count_again, frequent
from sentiq.phrases.log_odds import LogOdds, least_surprise
from sentiq.phrases.occurrences import Texts
from sentiq.phrases.segmenting import words_of
from sentiq.phrases.selection import Candidate, select

MIN_ROWS = 3  #: that have a phrase
ROWS_A_PHRASE = 5_000  #: of so many rows one more must have it
LOOKED_AT = 600  #: candidates whose places are looked at


def find_phrases(here: Sequence[str], there: Sequence[str], limit: int) -> list[Candidate]:
    """Return the phrases by which the readable texts `here` differ from those `there`, the surest first."""
    ours, theirs = Words(map(words_of, here)), Words(map(words_of, there))
    log_odds = LogOdds(ours.total(), theirs.total())
    counts, sequences = frequent(ours, max(MIN_ROWS, len(here) // ROWS_A_PHRASE))
    others = count_again(theirs, counts, sequences)
    best = nlargest(LOOKED_AT, counts, key=lambda phrase: log_odds.of(counts[phrase], others[phrase]).z)
    del ours, theirs
    places, other_places = Texts(here), Texts(there)
    candidates = []
    for phrase in best:
        found, elsewhere = places.find(phrase), other_places.find(phrase)
        if found.rows:
            contrast = log_odds.of(len(found.rows), len(elsewhere.rows))
            candidates.append(Candidate(phrase, found, elsewhere, contrast))
    least = least_surprise((candidate.contrast.surprise for candidate in candidates), len(counts))
    return select(candidates, log_odds, limit, least)
