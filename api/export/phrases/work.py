"""Finds phrases and writes their document, in a process of its own: the only one with the segmenter's dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from api.export.phrases.question import Question
from api.export.phrases.sides import Row, Side, gather
from api.export.rows import View
from api.schemas.evaluation import Figure
from api.schemas.phrases import PhraseDocument, PhraseExample, PhraseForm, PhraseRows, Phrases
from sentiq.core.documents import load
from sentiq.evaluation.intervals import wilson
from sentiq.jobs.chunk_result import ChunkResult, Stored
from sentiq.jobs.types import Job
from sentiq.phrases.finding import find_phrases
from sentiq.phrases.occurrences import Found
from sentiq.phrases.segmenting import readable
from sentiq.phrases.selection import Candidate

EXAMPLES = 3
EXAMPLE_CHARS, CHARS_BEFORE = 120, 40  #: of an example, and of it before the phrase
GOOD_EXAMPLE_CHARS = 40  #: a text of about this length says what is meant at one glance
NEGATIVE = "negative"
DECIMALS = 4


def work(asked: Sequence[Any], chunks: Iterable[Stored]) -> str:
    """Return the documents that are asked for, as a JSON list of their JSON."""
    packed_job, packed_questions = asked
    job = load(Job, packed_job)
    questions = [Question(load(View, view), against, limit) for view, against, limit in packed_questions]
    found, labels = gather((ChunkResult.decoded(*chunk) for chunk in chunks), job, questions)
    documents = []
    for question in questions:
        sides = found.pop(0)  # so that its rows go before those of the next one are looked at
        made = document(job.id, sides.here, sides.there, question.limit, has_negative=NEGATIVE in labels)
        documents.append(made.model_dump_json())
    return json.dumps(documents, ensure_ascii=False)


def document(job_id: str, here: Side, there: Side, limit: int, *, has_negative: bool) -> Phrases:
    """Return the phrases of `here` against `there`."""
    sides = _Looked(here), _Looked(there)
    ours, theirs = ([readable(row.text) for row in side.rows] for side in sides)
    shown: set[int] = set()
    return Phrases(
        job_id=job_id,
        here=sides[0].document(),
        against=sides[1].document(),
        data=[
            _phrase(candidate, sides, shown, has_negative=has_negative)
            for candidate in find_phrases(ours, theirs, limit)
        ],
    )


class _Looked:
    """The rows of a side that are looked at, and what they stand for."""

    def __init__(self, side: Side) -> None:
        self.total, self.rows = side.total, side.rows()
        self.weight = side.total / max(len(self.rows), 1)  # rows that each of them stands for

    def document(self) -> PhraseRows:
        return PhraseRows(rows=self.total, looked_at=len(self.rows))

    def estimate(self, found: Found) -> int:
        return round(len(found.rows) * self.weight)

    def share(self, found: Found) -> Figure:
        return _figure(len(found.rows), len(self.rows))


def _phrase(
    candidate: Candidate, sides: tuple[_Looked, _Looked], shown: set[int], *, has_negative: bool
) -> PhraseDocument:
    here, there = sides
    return PhraseDocument(
        phrase=candidate.phrase,
        rows=here.estimate(candidate.here),
        share=here.share(candidate.here),
        rows_against=there.estimate(candidate.there),
        share_against=there.share(candidate.there),
        log_odds=round(candidate.contrast.log_odds, DECIMALS),
        z=round(candidate.contrast.z, 2),
        negative=_negative(candidate, sides) if has_negative else None,
        forms=[PhraseForm(phrase=form.phrase, rows=here.estimate(form.here)) for form in candidate.forms],
        examples=_examples(candidate, here.rows, shown),
    )


def _negative(candidate: Candidate, sides: tuple[_Looked, _Looked]) -> Figure:
    """Return the share of negative rows among those with a phrase.

    Where rows of the sides stand for different numbers of rows, the interval is that of as many rows as would be as
    good without weights: L. Kish, Survey Sampling (1965), 8.2.
    """
    weights = weights_squared = negative = 0.0
    for side, found in zip(sides, (candidate.here, candidate.there), strict=True):
        weights += side.weight * len(found.rows)
        weights_squared += side.weight**2 * len(found.rows)
        negative += side.weight * sum(side.rows[at].label == NEGATIVE for at in found.rows)
    rows = weights**2 / weights_squared
    return _figure(negative / weights * rows, rows)


def _figure(hits: float, rows: float) -> Figure:
    figure = wilson(hits, rows)
    return Figure(**{name: round(getattr(figure, name), DECIMALS) for name in ("value", "low", "high")})


def _examples(candidate: Candidate, rows: Sequence[Row], shown: set[int]) -> list[PhraseExample]:
    """Return rows with a phrase: texts of a good length, all different, if possible none of another phrase."""
    having = [rows[at] for at in candidate.here.rows]
    having.sort(key=lambda row: (row.number in shown, abs(len(row.text) - GOOD_EXAMPLE_CHARS), row.number))
    chosen: dict[str, Row] = {}
    for row in having:
        chosen.setdefault(readable(row.text), row)
        if len(chosen) == EXAMPLES:
            break
    shown.update(row.number for row in chosen.values())
    return [
        PhraseExample(index=row.number, label=row.label, text=_around(row.text, candidate.phrase))
        for row in chosen.values()
    ]


def _around(text: str, phrase: str) -> str:
    """Return the part of a text around a phrase, with … where it goes on."""
    at = max(text.casefold().find(phrase), 0)
    start = max(at - CHARS_BEFORE, 0)
    part = text[start : start + EXAMPLE_CHARS]
    return ("…" if start else "") + part + ("…" if start + EXAMPLE_CHARS < len(text) else "")
