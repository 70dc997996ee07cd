"""A text as the aspects of its job divide it: the clauses that are classified beside it, and what all say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from sentiq.aspects.judging import aspect_probabilities
from sentiq.aspects.mentions import Mention, clause_text, mentions
from sentiq.aspects.sets import AspectSet
from sentiq.jobs.types import AspectOutcome, Outcome

#: Of one aspect in one text, the first ones: a review says a thing a few times, and a book would take minutes.
CLAUSES_READ = 8


@dataclass(frozen=True, slots=True)
class DividedText:
    """One text, and the clauses of it that speak of aspects."""

    text: str
    mentions: tuple[Mention, ...] = ()  # each aspect once; none where the job has no aspects

    def texts(self) -> Iterator[str]:
        """Yield what has to be classified: the text, and its clauses. One that is the whole text comes again."""
        yield self.text
        for mention in self.mentions:
            for span in mention.spans:
                yield clause_text(self.text, span)

    def outcome(self, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Return the answer to the text, of the answers to all of `texts`. It fails where any of those did."""
        if not self.mentions:
            return outcomes[self.text]
        failed = next((found for found in map(outcomes.__getitem__, self.texts()) if found.error), None)
        if failed is not None:
            return Outcome(error=failed.error)
        whole = outcomes[self.text]
        return replace(whole, aspects=tuple(self._judged(mention, whole, outcomes) for mention in self.mentions))

    def _judged(self, mention: Mention, whole: Outcome, outcomes: Mapping[str, Outcome]) -> AspectOutcome:
        """Judge one aspect. The clause that is shown is the one which speaks most for its label."""
        clauses = [outcomes[clause_text(self.text, span)].probabilities for span in mention.spans]
        found = aspect_probabilities(whole.probabilities, clauses)
        label = found.index(max(found))
        start, end = max(zip(clauses, mention.spans, strict=True), key=lambda clause: clause[0][label])[1]
        return AspectOutcome(mention.aspect, found, start, end)


def divide(texts: Iterable[str], aspects: str) -> dict[str, DividedText]:
    """Return each text as a set of aspects divides it. `aspects`: as AspectSet.dumps writes them; "": none."""
    if not aspects:
        return {text: DividedText(text) for text in texts}
    found = AspectSet.loads(aspects)
    return {text: DividedText(text, _read(mentions(text, found))) for text in dict.fromkeys(texts)}


def to_classify(divided: Mapping[str, DividedText]) -> Iterator[str]:
    """Yield all that has to be classified."""
    return chain.from_iterable(text.texts() for text in divided.values())


def _read(found: Iterable[Mention]) -> tuple[Mention, ...]:
    return tuple(mention._replace(spans=mention.spans[:CLAUSES_READ]) for mention in found)
