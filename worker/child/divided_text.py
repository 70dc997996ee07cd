"""A text as the aspects of its job divide it: the clauses that are classified beside it, and what all say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from sentiq.aspects.judging import aspect_probabilities
from sentiq.aspects.mentions import AROUND, clause_text, mentions
from sentiq.aspects.sets import AspectSet
from sentiq.core.invisible_characters import visible
from sentiq.jobs.types import AspectOutcome, Outcome

#: Of one aspect in one text, the first ones: a review says a thing a few times, and a book would take minutes.
CLAUSES_READ = 8

_AROUND = "".join(AROUND)


class Clause(NamedTuple):
    """A part of a text that speaks of an aspect."""

    start: int  # in characters of the text
    end: int
    read: str  # what the model reads of it: the text itself where nothing else is in that


class Spoken(NamedTuple):
    """What one text says of one aspect."""

    aspect: int  # place in the set
    clauses: tuple[Clause, ...]  # one or more, in the order of the text


@dataclass(frozen=True, slots=True)
class DividedText:
    """One text, and the clauses of it that speak of aspects."""

    text: str
    spoken: tuple[Spoken, ...] = ()  # each aspect once; none where the job has no aspects

    @classmethod
    def of(cls, text: str, aspects: AspectSet) -> DividedText:
        """Divide a text by a set of aspects."""
        found = mentions(text, aspects)
        if not found:
            return cls(text)
        all_of_it = visible(text).strip(_AROUND)
        spoken = []
        for aspect, spans in found:
            clauses = []
            for start, end in spans[:CLAUSES_READ]:
                read = clause_text(text, (start, end))
                clauses.append(Clause(start, end, text if read == all_of_it else read))
            spoken.append(Spoken(aspect, tuple(clauses)))
        return cls(text, tuple(spoken))

    def texts(self) -> Iterator[str]:
        """Yield what has to be classified: the text, and its clauses."""
        yield self.text
        for _, clauses in self.spoken:
            for clause in clauses:
                yield clause.read

    def outcome(self, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Return the answer to the text, of the answers to all of `texts`. It fails where any of those did."""
        whole = outcomes[self.text]
        if whole.error is not None or not self.spoken:
            return whole
        aspects = []
        for aspect, clauses in self.spoken:
            answers = [outcomes[clause.read] for clause in clauses]
            for answer in answers:
                if answer.error is not None:
                    return Outcome(error=answer.error)
            aspects.append(self._judged(aspect, clauses, whole, answers))
        return Outcome(whole.probabilities, whole.truncated, None, whole.given_by, tuple(aspects))

    def _judged(
        self, aspect: int, clauses: Sequence[Clause], whole: Outcome, answers: Sequence[Outcome]
    ) -> AspectOutcome:
        """Judge one aspect. The clause that is shown is the one which speaks most for its label."""
        probabilities = [answer.probabilities for answer in answers]
        found = aspect_probabilities(whole.probabilities, probabilities, mentioned=len(self.spoken))
        best = clauses[0]
        if len(clauses) > 1:
            label = found.index(max(found))
            best = max(zip(probabilities, clauses, strict=True), key=lambda pair: pair[0][label])[1]
        return AspectOutcome(aspect, found, best.start, best.end)


def divide(texts: Iterable[str], aspects: str) -> dict[str, DividedText]:
    """Return each text as a set of aspects divides it. `aspects`: as AspectSet.dumps writes them; "": none."""
    if not aspects:
        return {text: DividedText(text) for text in texts}
    found = AspectSet.loads(aspects)
    return {text: DividedText.of(text, found) for text in dict.fromkeys(texts)}


def to_classify(divided: Mapping[str, DividedText]) -> Iterator[str]:
    """Yield all that has to be classified."""
    return chain.from_iterable(text.texts() for text in divided.values())
