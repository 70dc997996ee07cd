"""Which model answers each row of a chunk: the one that serves or, where that is routes, the one of its language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import Outcome, RowError

if TYPE_CHECKING:
    from sentiq.engine import Cascade, Classifier, Engine
    from sentiq.engine.routing import Branch


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a chunk that one model answers."""

    model: Engine | Cascade
    offsets: tuple[int, ...]  # within the chunk
    branch: Branch | None = None  # None: there is nothing to choose
    languages: tuple[str, ...] = ()  # of each, "" where none is known; empty: none of all is

    def finished(self, at: int, outcome: Outcome) -> Outcome:
        """Return what the model says of its row at place `at` as the chunk has it."""
        if self.languages:
            outcome = replace(outcome, language=self.languages[at])
        if self.branch is None:
            return outcome
        if outcome.error is not None:
            return replace(outcome, model=self.model.manifest.name)
        widened = self.branch.widened
        return replace(
            outcome,
            probabilities=widened(outcome.probabilities),
            given_by=self.branch.part(outcome.given_by),
            aspects=tuple(aspect._replace(probabilities=widened(aspect.probabilities)) for aspect in outcome.aspects),
        )


def branched(engine: Classifier, chunk: OpenChunk, offsets: Iterable[int]) -> list[Rows]:
    """Divide the rows at these offsets by the models that answer them.

    A row has the language that was given with it, else that of its job, else the one that is detected, where there is a
    choice.
    """
    from sentiq.engine import Router
    from sentiq.engine.detecting import detect

    rows = tuple(offsets)
    known = [chunk.told_language(offset) for offset in rows]
    if not isinstance(engine, Router):
        return [Rows(engine, rows, languages=tuple(known) if any(known) else ())]
    found: dict[Branch, list[tuple[int, str]]] = {}
    for offset, told in zip(rows, known, strict=True):
        language = told or detect(chunk.input.texts[offset])
        found.setdefault(engine.branch(language), []).append((offset, language))
    return [
        Rows(branch.model, tuple(offset for offset, _ in some), branch, tuple(language for _, language in some))
        for branch, some in found.items()
    ]


def failed_unread(engine: Classifier, chunk: OpenChunk, offset: int, error: RowError) -> Outcome:
    """Return the outcome of a row whose text is not read: there is none, or whoever reads it dies.

    So its language is not detected. Where there is a choice, a text whose language was given has a model.
    """
    from sentiq.engine import Router

    told = chunk.told_language(offset)
    outcome = Outcome(error=error, language=told)
    if not told or offset in chunk.input.errors or not isinstance(engine, Router):
        return outcome
    return replace(outcome, model=engine.branch(told).model.manifest.name)
