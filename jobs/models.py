"""The values that travel between the API, the job store and the workers. All are immutable."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple, Self

#: How a text longer than the model reads is read; the engine says what each means (engine/long_texts.py).
LongTexts = Literal["truncate", "head_tail", "windows"]


class Lane(StrEnum):
    """The two ways through the cluster."""

    INTERACTIVE = "interactive"  # small jobs, batched across jobs, answered in milliseconds
    BULK = "bulk"  # large jobs, one Celery task per chunk, at low OS priority


class JobState(StrEnum):
    """States of a job; the letters are those of the diagram in docs/architecture.md."""

    RECEIVING = "receiving"  # A: chunks arrive (and may already run)
    QUEUED = "queued"  # B: complete, nothing claimed yet
    RUNNING = "running"  # C: complete, some chunk was claimed
    COMPLETED = "completed"  # D: every row has a result or an error of its own
    FAILED = "failed"  # E: the upload broke; finished rows stay readable
    CANCELLED = "cancelled"  # F: stopped by its owner; finished rows stay readable

    @property
    def ended(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


def new_job_id() -> str:
    """A job id nobody can guess (96 random bits)."""
    return f"job_{secrets.token_hex(12)}"


class ChunkRef(NamedTuple):
    """Names one chunk. As text, `job:chunk:rows`, it is the member of the lanes' lists, sets and hashes."""

    job_id: str
    chunk_no: int  # from 0
    rows: int  # rows in the chunk, at least 1

    def __str__(self) -> str:
        return f"{self.job_id}:{self.chunk_no}:{self.rows}"

    @classmethod
    def parse(cls, member: str) -> Self:
        job_id, chunk_no, rows = member.rsplit(":", 2)
        return cls(job_id, int(chunk_no), int(rows))


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row has no prediction."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One input row: a text to classify, or the reason why its line cannot be."""

    text: str
    custom_id: str | None = None
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class InputChunk:
    """The rows of one chunk as they were submitted."""

    first: int  # index of the first row within the job, from 0
    texts: tuple[str, ...]  # "" where `errors` has the row
    custom_ids: tuple[str | None, ...] | None = None  # None when no row of the chunk has one
    errors: Mapping[int, RowError] = field(default_factory=dict)  # by offset within the chunk


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one row: probabilities in the order of the model's labels, or an error."""

    probabilities: tuple[float, ...] = ()  # sum to 1; empty when there is an error
    truncated: bool = False
    error: RowError | None = None


@dataclass(frozen=True, slots=True)
class OutputChunk:
    """The answers to one chunk, in row order."""

    first: int  # index of the first row within the job, from 0
    model: str  # `id@version` of the model that answered
    labels: tuple[str, ...]  # names of the columns of `probabilities`
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a job asks for beside its texts and its model."""

    long_texts: LongTexts = "truncate"
    neutral_band: float | None = None  # from 0 to 0.5; None leaves it to the setting at the time of reading


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A prepared model that a worker found on its disk."""

    id: str
    version: str
    labels: tuple[str, ...]  # in the order of the network's outputs
    max_tokens: int
    precision: str  # of the backend that the worker uses
    source: str  # where the weights come from

    @property
    def name(self) -> str:
        """`id@version`."""
        return f"{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is known of a job when it is created."""

    id: str
    lane: Lane
    model: str  # requested model id; "" for the active one
    request_id: str = ""
    idempotency_key: str = ""  # "" when the client sent none
    options: JobOptions = JobOptions()


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the store knows it at one moment. Times are Unix milliseconds of the Redis clock."""

    id: str
    state: JobState
    lane: Lane
    model: str  # requested model id; "" for the active one
    options: JobOptions
    answered_by: str | None  # `id@version` of the model that answered last; None before the first answer
    total: int  # rows received so far
    completed: int  # rows with a prediction
    failed: int  # rows with an error
    chunks: int  # chunks received so far
    created_at_ms: int
    started_at_ms: int | None
    ended_at_ms: int | None
    expires_at_ms: int
    now_ms: int  # when this was read
    error: RowError | None  # why a failed job failed

    @property
    def texts_per_second(self) -> float | None:
        """Mean speed since the first chunk was claimed; None before."""
        if self.started_at_ms is None:
            return None
        elapsed_s = max((self.ended_at_ms or self.now_ms) - self.started_at_ms, 1) / 1000
        return (self.completed + self.failed) / elapsed_s

    @property
    def eta_s(self) -> float | None:
        """Seconds until the last row at the mean speed so far; None when unknown, 0 when ended."""
        if self.state.ended:
            return 0.0
        speed = self.texts_per_second
        return (self.total - self.completed - self.failed) / speed if speed else None
