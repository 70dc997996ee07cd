"""The aspects of a chunk's rows as they are stored: a column for each field, a place in it for each mention.

A mention is one aspect of one row. In the output chunk (codec.py) they are the map `aspects`: `counts` (one byte a row:
its mentions), `of` (one byte a mention: the place of the aspect in the job's set), `p` (as of the rows), `starts` and
`ends` (little-endian uint32: the clause that is shown). A version that does not know the map shows the rows alone.
"""

from __future__ import annotations

import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Self

from sentiq.jobs.stored_numbers import SCALE, packed, scaled, unpacked
from sentiq.jobs.types import AspectOutcome, Outcome


@dataclass(frozen=True, slots=True)
class AspectColumns:
    """The mentions of a chunk, row after row."""

    counts: bytes  # of each row: how many mentions it has
    aspects: bytes  # of each mention: the place of its aspect in the set of the job
    numbers: array.array[int]  # of each mention: probabilities × SCALE, in the order of the chunk's labels
    starts: array.array[int]  # of each mention: where its clause begins in the text, in characters
    ends: array.array[int]  # and where it ends

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Self | None:
        """Return the columns of answers; None where none has an aspect."""
        mentions = [mention for outcome in outcomes for mention in outcome.aspects]
        if not mentions:
            return None
        return cls(
            counts=bytes(len(outcome.aspects) for outcome in outcomes),
            aspects=bytes(mention.aspect for mention in mentions),
            numbers=scaled(chain.from_iterable(mention.probabilities for mention in mentions)),
            starts=array.array("I", [mention.start for mention in mentions]),
            ends=array.array("I", [mention.end for mention in mentions]),
        )

    def dumps(self) -> dict[str, bytes]:
        """Return the map that is stored."""
        return {
            "counts": self.counts,
            "of": self.aspects,
            "p": packed(self.numbers),
            "starts": packed(self.starts),
            "ends": packed(self.ends),
        }

    @classmethod
    def loads(cls, stored: Mapping[str, Any]) -> Self:
        """Return what `dumps` was called on."""
        return cls(
            stored["counts"],
            stored["of"],
            unpacked("H", stored["p"]),
            unpacked("I", stored["starts"]),
            unpacked("I", stored["ends"]),
        )

    def offsets(self) -> Iterator[int]:
        """Return the row of each mention, as an offset within the chunk."""
        return chain.from_iterable(map(repeat, range(len(self.counts)), self.counts))

    def predictions(self) -> list[tuple[int, ...]]:
        """Return the numbers, mention by mention."""
        width = len(self.numbers) // len(self.aspects)
        return list(zip(*[iter(self.numbers)] * width, strict=True))

    def mentions(self) -> Iterator[tuple[int, int, tuple[int, ...], int, int]]:
        """Yield each mention: offset of the row, place of the aspect, numbers, start and end of the clause."""
        return zip(self.offsets(), self.aspects, self.predictions(), self.starts, self.ends, strict=True)

    def of_rows(self) -> list[list[tuple[int, tuple[int, ...], int, int]]]:
        """Return the mentions of each row: place of the aspect, numbers, start and end of the clause."""
        mentions = iter(zip(self.aspects, self.predictions(), self.starts, self.ends, strict=True))
        return [[next(mentions) for _ in range(count)] for count in self.counts]

    def outcomes(self) -> list[tuple[AspectOutcome, ...]]:
        """Return the same as objects."""
        return [
            tuple(
                AspectOutcome(aspect, tuple(n / SCALE for n in numbers), start, end)
                for aspect, numbers, start, end in mentions
            )
            for mentions in self.of_rows()
        ]
