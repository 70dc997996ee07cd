"""Tells what to mend first, from the aspects, the phrases and the timelines of a job."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from api.export.aspect_counts import MOST, NEGATIVE
from api.export.shares import share
from api.schemas.aspect_sets import AspectCounts
from api.schemas.findings import Finding, Rise
from api.schemas.phrases import PhraseDocument, PhraseExample, PhraseForm, Phrases
from api.schemas.timeline import Timeline

PHRASES, EXAMPLES = 5, 3


def of_aspect(
    aspect: AspectCounts, rows: int, phrases: Phrases, surest: Sequence[PhraseExample], timeline: Timeline | None
) -> Finding:
    """Return what is found of an aspect that negative texts speak of.

    `rows`: all with a label. Of the negative texts about the aspect: `phrases` that set them apart, and the `surest`.
    `timeline`: of the aspect; None where rows have no dates.
    """
    negative = aspect.counts[NEGATIVE]
    return Finding(
        kind="aspect",
        name=aspect.aspect,
        rows=aspect.rows,
        negative=negative,
        share=aspect.shares[NEGATIVE],
        of_all=share(negative, rows),
        rise=_last_rise(timeline) if timeline else None,
        phrases=[PhraseForm(phrase=phrase.phrase, rows=phrase.rows) for phrase in phrases.data[:PHRASES]],
        examples=_examples(phrases.data, surest),
        parameters={"aspect": aspect.aspect, "label": NEGATIVE},
    )


def of_phrases(phrases: Phrases) -> list[Finding]:
    """Return what is found where there are no aspects: the phrases that most negative texts have, at most three.

    `phrases`: of the negative texts against all others.
    """
    having = [phrase for phrase in phrases.data if phrase.negative is not None]
    having.sort(key=lambda phrase: -phrase.rows)
    return [_of_phrase(phrase, phrases.here.rows + phrases.against.rows) for phrase in having[:MOST]]


def _of_phrase(phrase: PhraseDocument, rows: int) -> Finding:
    assert phrase.negative is not None
    return Finding(
        kind="phrase",
        name=phrase.phrase,
        rows=phrase.rows + phrase.rows_against,
        negative=phrase.rows,
        share=phrase.negative,
        of_all=share(phrase.rows, rows),
        rise=None,
        phrases=phrase.forms[:PHRASES],
        examples=phrase.examples[:EXAMPLES],
        parameters={"contains": phrase.phrase, "label": NEGATIVE},
    )


def _last_rise(timeline: Timeline) -> Rise | None:
    for point in reversed(timeline.points):
        for change in point.changes:
            if change.label == NEGATIVE and change.difference > 0:
                return Rise(start=point.start, end=point.end, difference=change.difference, p_value=change.p_value)
    return None


def _examples(phrases: Sequence[PhraseDocument], surest: Sequence[PhraseExample]) -> list[PhraseExample]:
    """Return the surest text with each phrase, the first phrase first, and where they are too few the surest ones."""
    chosen: dict[int, PhraseExample] = {}
    for phrase in phrases:
        having = (example for example in surest if phrase.phrase in example.text.casefold())
        chosen |= {example.index: example for example in islice(having, 1)}
    for example in surest:
        chosen.setdefault(example.index, example)
    return list(chosen.values())[:EXAMPLES]
