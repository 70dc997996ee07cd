"""How the answers to a chunk are stored, and predictions in the result cache.

The answers are a map of `first`, `model`, `labels`, `flags` (one byte a row, `TRUNCATED`), `errors` and `degraded`
where there are any, and `p`: per row and label a little-endian uint16, the probability in units of 1/65,535 (an error
of at most 8e-6). Where `model` is a pair, also its `parts` and `given_by`: one byte a row, 0 for a row with an error, n
for the n-th of the parts; a version that does not know them shows the pair. Where it is routes, also `part_labels`, the
places among `labels` of those of each part (of its other labels a row has zeros), and `sent_to` where rows failed: the
offsets of those that were sent to each model, which may be a pair and so none of the parts. Where languages of rows are
known, also `languages` with `language_of`, one byte a row: 0 for none, n for the n-th of them. A binary prediction
takes five bytes before compression. Where rows speak of aspects, also `aspects`: see aspect_columns.py. In the result
cache a prediction is its flags, with who gave it above TRUNCATED, and its numbers: the same five bytes.
"""

from __future__ import annotations

import array
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from typing import Any

import msgpack

from sentiq.core.routes import ROUTE
from sentiq.jobs.aspect_columns import AspectColumns
from sentiq.jobs.packing import pack, pack_errors, unpack, unpack_errors
from sentiq.jobs.stored_numbers import SCALE as SCALE
from sentiq.jobs.stored_numbers import packed, scaled, unpacked
from sentiq.jobs.types import Outcome, OutputChunk, RowError

TRUNCATED = 1  #: flag: the text had more tokens than the model reads


@cache
def _prediction(columns: int) -> struct.Struct:
    return struct.Struct(f"<B{columns}H")


def encode_prediction(outcome: Outcome) -> bytes:
    numbers = [round(p * SCALE) for p in outcome.probabilities]
    return _prediction(len(numbers)).pack(outcome.given_by << 1 | outcome.truncated, *numbers)


def decode_prediction(blob: bytes, columns: int, parts: int = 0) -> Outcome | None:
    """Return a prediction of a model, or of a pair with so many parts.

    None for bytes that are not a valid one with this number of labels.
    """
    form = _prediction(columns)
    if len(blob) != form.size or not min(parts, 1) <= blob[0] >> 1 <= parts:
        return None
    flags, *numbers = form.unpack(blob)
    if abs(sum(numbers) - SCALE) > columns:
        return None
    return Outcome(tuple(n / SCALE for n in numbers), bool(flags & TRUNCATED), given_by=flags >> 1)


def encode_erased(job_id: str) -> bytes:
    """Encode the end of a small job that was erased: it has neither fields nor a result."""
    packed: bytes = msgpack.packb((job_id, [], None))
    return packed


def decode_end(blob: bytes) -> tuple[str, dict[str, str], bytes | None]:
    """Return the id, the fields and the result of a small job; `tell_of_the_end` in lua/shared/job.lua encodes them."""
    job_id, words, result = msgpack.unpackb(blob, raw=True)
    fields = iter([word.decode() for word in words])
    return job_id.decode(), dict(zip(fields, fields, strict=True)), result or None


def encode_output(chunk: OutputChunk) -> bytes:
    columns = len(chunk.labels)
    blank = (0.0,) * columns
    numbers = scaled(p for outcome in chunk.outcomes for p in outcome.probabilities or blank)
    errors = {i: outcome.error for i, outcome in enumerate(chunk.outcomes) if outcome.error is not None}
    document: dict[str, Any] = {
        "first": chunk.first,
        "model": chunk.model,
        "labels": chunk.labels,
        "flags": bytes(TRUNCATED if outcome.truncated else 0 for outcome in chunk.outcomes),
        "p": packed(numbers),
    }
    if errors:
        document["errors"] = pack_errors(errors)
    if chunk.degraded:
        document["degraded"] = True
    if chunk.parts:
        document |= {"parts": chunk.parts, "given_by": bytes(outcome.given_by for outcome in chunk.outcomes)}
    if chunk.part_labels:
        places = {label: at for at, label in enumerate(chunk.labels)}
        document["part_labels"] = [[places[label] for label in labels] for labels in chunk.part_labels]
    if chunk.part_labels or any(outcome.language for outcome in chunk.outcomes):
        document |= _languages(chunk.outcomes)
    sent_to = _sent_to(chunk.outcomes)
    if sent_to:
        document["sent_to"] = sent_to
    aspects = AspectColumns.of(chunk.outcomes)
    if aspects is not None:
        document["aspects"] = aspects.dumps()
    return pack(document)


def numbers_of_pair(pair: int) -> tuple[int, ...]:
    """Return the two numbers that stand for one in `OutputColumns.pairs`."""
    return tuple(memoryview(pair.to_bytes(4, sys.byteorder)).cast("H"))


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """The answers to one chunk as they are stored."""

    first: int  # index of the first row within the job, from 0
    model: str
    labels: tuple[str, ...]
    flags: bytes  # one for each row
    numbers: array.array[int]  # probabilities × SCALE, row after row; zeros for a row with an error
    errors: Mapping[int, RowError]  # by offset within the chunk
    degraded: bool
    parts: tuple[str, ...] = ()
    given_by: bytes = b""  # one for each row; empty where there are no parts
    aspects: AspectColumns | None = None  # None: no row speaks of one
    part_places: tuple[tuple[int, ...], ...] = ()  # of routes: of each part, the places of its labels
    languages: tuple[str, ...] = ()  # of each row, "" for none; empty: none is known
    sent_to: Mapping[int, str] = field(default_factory=dict)  # of routes: the models of failed rows, by their offset

    def models(self) -> Iterable[str | None]:
        """Return the name of the model that gave each answer, without an end where one gave all.

        Of a row that failed: the model that was to answer it; None where routes sent it to none.
        """
        names: tuple[str | None, ...] = (self.model, *self.parts)
        found = map(names.__getitem__, self.given_by) if self.parts else repeat(names[0])
        if ROUTE not in self.model or not self.errors:
            return found
        return [
            self.sent_to.get(offset) if offset in self.errors else name
            for offset, name in zip(range(len(self.flags)), found, strict=False)
        ]

    @property
    def is_routed(self) -> bool:
        """Tell whether rows may have different labels: their models were chosen by language."""
        return bool(self.part_places)

    def labels_at(self, offset: int) -> tuple[str, ...]:
        """Return the labels of a row: those of the model that answered it."""
        return tuple(self.labels[place] for place in self._places(offset)) if self.part_places else self.labels

    def row_labels(self) -> Iterable[tuple[str, ...]]:
        """Return the labels of each row, without an end where all rows have the same."""
        return map(self.labels_at, range(len(self.flags))) if self.part_places else repeat(self.labels)

    def predictions(self) -> list[tuple[int, ...]]:
        """Return the numbers, row by row, in the order of the row's labels."""
        rows = self._for_all_labels()
        return [self._of_row(*row) for row in enumerate(rows)] if self.part_places else rows

    def pairs(self) -> memoryview[int]:
        """Return both numbers of each row as one, where there are two labels: see `numbers_of_pair`.

        To look these up takes half the time that tuples take.
        """
        return memoryview(self.numbers).cast("B").cast("I")

    def mentions(self) -> Iterable[tuple[int, int, tuple[int, ...], int, int]]:
        """Return each mention of an aspect: offset of the row, place of the aspect, numbers, start and end."""
        if self.aspects is None:
            return ()
        found = self.aspects.mentions()
        if not self.part_places:
            return found
        return ((at, of, self._of_row(at, numbers), start, end) for at, of, numbers, start, end in found)

    def mentions_of_rows(self) -> list[list[tuple[int, tuple[int, ...], int, int]]]:
        """Return the mentions of each row: place of the aspect, numbers, start and end of the clause."""
        found = [] if self.aspects is None else self.aspects.of_rows()
        if not self.part_places:
            return found
        return [
            [(aspect, self._of_row(offset, numbers), start, end) for aspect, numbers, start, end in of_row]
            for offset, of_row in enumerate(found)
        ]

    def judged(self, aspect: int | None) -> list[tuple[int, ...]]:
        """Return the numbers of each row, or those of one aspect: () where the row does not speak of it."""
        if aspect is None:
            return self.predictions()
        found: list[tuple[int, ...]] = [()] * len(self.flags)
        for offset, of, numbers, _, _ in self.mentions():
            if of == aspect:
                found[offset] = numbers
        return found

    def _for_all_labels(self) -> list[tuple[int, ...]]:
        """Return the numbers, row by row, in the order of the chunk's labels."""
        width = len(self.labels)
        return list(zip(*[iter(self.numbers)] * width, strict=True)) if width else [()] * len(self.flags)

    def _places(self, offset: int) -> Sequence[int]:
        given_by = self.given_by[offset]
        return self.part_places[given_by - 1] if given_by else range(len(self.labels))

    def _of_row(self, offset: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return numbers for all labels as those for the labels of this row."""
        return tuple(numbers[place] for place in self._places(offset)) if self.part_places else numbers

    def decoded(self) -> OutputChunk:
        """Return the answers as an object for each row."""
        rows = len(self.flags)
        aspects = [()] * rows if self.aspects is None else self.aspects.outcomes()
        outcomes = [
            Outcome(error=self.errors[offset], language=language, model=self.sent_to.get(offset, ""))
            if offset in self.errors
            else Outcome(tuple(n / SCALE for n in numbers), bool(flag & TRUNCATED), None, given_by, mentioned, language)
            for offset, (numbers, flag, given_by, mentioned, language) in enumerate(
                zip(
                    self._for_all_labels(),
                    self.flags,
                    self.given_by or bytes(rows),
                    aspects,
                    self.languages or ("",) * rows,
                    strict=True,
                )
            )
        ]
        part_labels = tuple(tuple(self.labels[place] for place in places) for places in self.part_places)
        return OutputChunk(self.first, self.model, self.labels, tuple(outcomes), self.degraded, self.parts, part_labels)


def _languages(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the languages of rows as they are stored; those beyond the 255th are left out."""
    codes = list(dict.fromkeys(outcome.language for outcome in outcomes if outcome.language))[:255]
    places = {code: at for at, code in enumerate(codes, start=1)}
    return {"languages": codes, "language_of": bytes(places.get(outcome.language, 0) for outcome in outcomes)}


def _sent_to(outcomes: Sequence[Outcome]) -> dict[str, list[int]]:
    """Return the offsets of the rows that failed after they were sent to each model."""
    found: dict[str, list[int]] = {}
    for offset, outcome in enumerate(outcomes):
        if outcome.model:
            found.setdefault(outcome.model, []).append(offset)
    return found


def decode_columns(blob: bytes) -> OutputColumns:
    document = unpack(blob)
    aspects = document.get("aspects")
    return OutputColumns(
        document["first"],
        document["model"],
        tuple(document["labels"]),
        document["flags"],
        unpacked("H", document["p"]),
        unpack_errors(document),
        document.get("degraded", False),
        tuple(document.get("parts", ())),
        document.get("given_by", b""),
        None if aspects is None else AspectColumns.loads(aspects),
        tuple(map(tuple, document.get("part_labels", ()))),
        tuple(("", *document.get("languages", ()))[n] for n in document.get("language_of", b"")),
        {offset: model for model, offsets in document.get("sent_to", {}).items() for offset in offsets},
    )


def decode_output(blob: bytes) -> OutputChunk:
    return decode_columns(blob).decoded()
