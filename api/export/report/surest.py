"""Finds the texts that say most surely that something is wrong with an aspect, from the stored numbers."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, Field

from api.export.matching import labeller, matches
from api.export.rows import View
from api.schemas.phrases import PhraseExample
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

KEPT = 20  #: texts of an aspect
TEXT_CHARS, CHARS_BEFORE = 120, 40  #: shown of a text, and of it before the clause


class Surest(BaseModel):
    """The surest texts, the surest first."""

    data: dict[str, list[PhraseExample]] = Field(description="by the name of the aspect, of those that have any")


class _Place(NamedTuple):
    chunk: int
    offset: int  # of the row within the chunk
    start: int  # of the clause within the text


class _Best:
    """The places with the highest numbers, one for each number: equal texts have equal ones."""

    def __init__(self) -> None:
        self.places: dict[int, _Place] = {}
        self._least = -1  # of those kept, as soon as there are enough

    def add(self, number: int, place: _Place) -> None:
        if number <= self._least or number in self.places:
            return
        if len(self.places) == KEPT:
            del self.places[self._least]
        self.places[number] = place
        if len(self.places) == KEPT:
            self._least = min(self.places)


def surest(results: Results, job: Job, view: View, label: str) -> Surest:
    """Return the texts that say so of each aspect, of the rows that the view's filter takes."""
    labelled = labeller(view.neutral_band)
    best: dict[int, _Best] = {}
    for chunk, answers, offsets in matches(results, job, view, range(job.chunks)):
        wanted = frozenset(offsets)
        for offset, aspect, numbers, start, _ in answers.mentions():
            if offset not in wanted:
                continue
            labels = answers.labels_at(offset)
            if label in labels and labelled(labels, numbers)[0] == label:
                best.setdefault(aspect, _Best()).add(numbers[labels.index(label)], _Place(chunk, offset, start))
    found = {view.aspects[aspect]: _surest_first(of_aspect) for aspect, of_aspect in sorted(best.items())}
    read = _read(results, job, {place for places in found.values() for place in places}, label)
    return Surest(data={name: _different([read[p] for p in places if p in read]) for name, places in found.items()})


def _surest_first(best: _Best) -> list[_Place]:
    return [place for _, place in sorted(best.places.items(), reverse=True)]


def _read(results: Results, job: Job, places: set[_Place], label: str) -> dict[_Place, PhraseExample]:
    """Return the texts at these places, those of a chunk that is gone excepted."""
    by_chunk: dict[int, list[_Place]] = {}
    for place in places:
        by_chunk.setdefault(place.chunk, []).append(place)
    read = {}
    for result in results.chunks(job.id, sorted(by_chunk)):
        if result is None:
            continue
        for place in by_chunk[result.chunk_no]:
            text = _around(result.input.texts[place.offset], place.start)
            read[place] = PhraseExample(index=result.answers.first + place.offset, label=label, text=text)
    results.check_job(job.id)
    return read


def _around(text: str, start: int) -> str:
    """Return the part of a text around a clause, with … where it goes on."""
    first = max(start - CHARS_BEFORE, 0)
    part = text[first : first + TEXT_CHARS]
    return ("…" if first else "") + part + ("…" if first + TEXT_CHARS < len(text) else "")


def _different(examples: list[PhraseExample]) -> list[PhraseExample]:
    return list({example.text: example for example in reversed(examples)}.values())[::-1]
