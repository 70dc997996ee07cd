"""A finished chunk of a job, decoded. Nothing here asks Redis: processes that only write results import it, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sentiq.jobs.codec import OutputColumns, decode_columns
from sentiq.jobs.input_codec import decode_input
from sentiq.jobs.types import InputChunk, OutputChunk

Stored = tuple[int, bytes, bytes]  #: what `ChunkResult.decoded` takes


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """One finished chunk with its input."""

    chunk_no: int
    input: InputChunk
    answers: OutputColumns

    @classmethod
    def decoded(cls, chunk_no: int, given: bytes, answered: bytes) -> Self:
        """Decode a chunk and its answers as they are stored."""
        return cls(chunk_no, decode_input(given), decode_columns(answered))

    @property
    def output(self) -> OutputChunk:
        """Its answers as an object for each row."""
        return self.answers.decoded()
