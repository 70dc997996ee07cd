"""Jobs in a store, and answers to their chunks as workers give them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis

from sentiq.core.redis import text
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs.input_codec import decode_input
from sentiq.jobs.lanes import BulkLane, OpenChunk
from sentiq.jobs.store import ISSUE_LEASE_MS, JobStore
from sentiq.jobs.types import (
    ChunkRef,
    FileFormat,
    InputChunk,
    JobOptions,
    Lane,
    NewJob,
    Outcome,
    OutputChunk,
    RowError,
    SmallJob,
    new_job_id,
)

LABELS = ("negative", "positive")
POSITIVE = Outcome((0.25, 0.75))
FAILED = Outcome(error=RowError("inference_failed", "why"))


class Messages:
    """A Celery producer that sends nothing: it keeps each message as (task name, arguments)."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[object, ...]]] = []

    def send_task(self, name: str, args: tuple[object, ...] = (), **options: object) -> None:
        self.sent.append((name, tuple(args)))


def new(lane: Lane = Lane.BULK, key: str = "") -> NewJob:
    """Describe a job that is not stored yet."""
    return NewJob(new_job_id(), lane, "m", idempotency_key=key)


def create_job(
    store: JobStore,
    *chunks: InputChunk,
    lane: Lane = Lane.BULK,
    options: JobOptions | None = None,
    file: FileFormat | None = None,
    seal: bool = True,
) -> tuple[NewJob, list[ChunkRef]]:
    """Create a job of these chunks; return it, and the chunks that were issued."""
    job = NewJob(new_job_id(), lane, "", options=options or JobOptions(), file=file)
    if lane is Lane.INTERACTIVE:
        store.submit(small_job(job, chunks[0]))
        return job, []
    store.create(job)
    issued = [ref for number, chunk in enumerate(chunks) for ref in store.append(job, number, chunk)]
    if seal:
        store.seal(job, f"wake-{job.id}")
    return job, issued


def small_job(job: NewJob, rows: InputChunk | None = None, wakeup_id: str = "", **options: Any) -> SmallJob:
    """Describe a small job; its wake-up is no message that a worker could read."""
    wakeup_id = wakeup_id or f"wake-{job.id}"
    return SmallJob(job, rows or chunk_of(0), wakeup_id, f"message {wakeup_id}", **options)


def submitted(store: JobStore, lane: Lane, chunks: int = 1, rows: int = 2) -> NewJob:
    """Create a sealed job of equal chunks."""
    return create_job(store, *(chunk_of(number, rows) for number in range(chunks)), lane=lane)[0]


def chunk_of(number: int, rows: int = 2) -> InputChunk:
    """Make the texts of one chunk of a job whose chunks all have so many rows."""
    return InputChunk(number * rows, tuple(f"文{number}-{i}" for i in range(rows)))


def stored_input(redis: Redis, job_id: str, number: int) -> InputChunk:
    """Return a chunk of a job as it was submitted, whether it has a result or not."""
    blob = redis.hget(JobKeys.of(job_id).input, str(number))
    assert isinstance(blob, bytes)
    return decode_input(blob)


def let_leases_pass(redis: Redis, lane: Lane, ms: float) -> None:
    """Let so much time pass for the deadlines of a lane's chunks, and for nothing else."""
    leases = LaneKeys.of(lane).leases
    for member in redis.zrange(leases, 0, -1):
        redis.zincrby(leases, -ms, text(member))


def send_in_vain(lane: BulkLane, times: int) -> None:
    """Let a sweeper send so many messages for each published chunk, the last one just now; no worker gets them."""
    for _ in range(times):
        let_leases_pass(lane.redis, Lane.BULK, 1_100 * ISSUE_LEASE_MS)  # more than the longest time between two
        lane.sweep(Messages())


def claim(lane: BulkLane, ref: ChunkRef, task_id: str = "task") -> OpenChunk:
    """Claim a chunk; fail when it cannot be claimed."""
    opened = lane.claim(ref, task_id)
    assert opened is not None
    return opened


def claimed(lane: BulkLane, job: NewJob, number: int, task_id: str = "task", rows: int = 2) -> OpenChunk:
    """Claim a chunk by its number; fail when it cannot be claimed."""
    return claim(lane, ChunkRef(job.id, number, rows), task_id)


def answer_with(
    opened: OpenChunk,
    outcomes: Iterable[Outcome],
    labels: Sequence[str] = LABELS,
    model: str = "m@1",
    parts: Sequence[str] = (),
) -> tuple[ChunkRef, OutputChunk]:
    """Return an answer that gives the rows of a chunk these outcomes."""
    return opened.ref, OutputChunk(opened.input.first, model, tuple(labels), tuple(outcomes), parts=tuple(parts))


def answer_to(opened: OpenChunk, failed: int = 0) -> tuple[ChunkRef, OutputChunk]:
    """Return an answer in which the last `failed` rows failed."""
    return answer_with(opened, [*[POSITIVE] * (opened.ref.rows - failed), *[FAILED] * failed])


def answer_chunk(
    lane: BulkLane,
    ref: ChunkRef,
    outcomes: Iterable[Outcome],
    labels: Sequence[str] = LABELS,
    model: str = "m@1",
    parts: Sequence[str] = (),
    part_labels: Sequence[tuple[str, ...]] = (),
    **options: Any,
) -> list[ChunkRef]:
    """Claim a chunk and record these outcomes of its rows; return the chunks that this issued."""
    opened = claim(lane, ref, f"task-{ref.chunk_no}")
    ref, output = answer_with(opened, outcomes, labels, model, parts)
    return lane.record([(ref, replace(output, part_labels=tuple(part_labels)))], **options)


def answered(opened: OpenChunk) -> tuple[ChunkRef, OutputChunk]:
    """Return an answer in which p(positive) grows with the length of the text, so that each row can be recognised.

    A text with 失败 in it fails.
    """
    outcomes = []
    for offset, row in enumerate(opened.input.texts):
        if offset in opened.input.errors:
            outcomes.append(Outcome(error=opened.input.errors[offset]))
        elif "失败" in row:
            outcomes.append(Outcome(error=RowError("inference_failed", "as asked")))
        else:
            positive = 0.5 + len(row) / 2_001
            outcomes.append(Outcome((1 - positive, positive)))
    return answer_with(opened, outcomes, model="m@3")


def closed_window() -> str:
    """Return the opening hours of a job that cannot start within the next five hours, as `HH:MM-HH:MM`."""
    later = datetime.now(UTC) + timedelta(hours=5)
    return f"{later:%H:%M}-{later + timedelta(hours=1):%H:%M}"
