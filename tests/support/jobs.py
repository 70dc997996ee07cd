"""Jobs in a store, and answers to their chunks as workers give them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from redis import Redis

from jobs.codec import decode_input
from jobs.keys import JobKeys
from jobs.lanes import BulkLane, OpenChunk
from jobs.models import ChunkRef, InputChunk, Lane, NewJob, Outcome, OutputChunk, RowError, new_job_id
from jobs.store import JobStore


class Messages:
    """A Celery producer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, tuple[object, ...]]] = []

    def send_task(self, name: str, args: tuple[object, ...] = (), **options: object) -> None:
        self.sent.append((name, tuple(args)))


def new(lane: Lane = Lane.BULK, key: str = "") -> NewJob:
    return NewJob(new_job_id(), lane, "m", idempotency_key=key)


def submitted(store: JobStore, lane: Lane, chunks: int = 1, rows: int = 2) -> NewJob:
    job = new(lane)
    store.create(job)
    for number in range(chunks):
        store.append(job, number, chunk_of(number, rows))
    store.seal(job, f"wake-{job.id}")
    return job


def chunk_of(number: int, rows: int = 2) -> InputChunk:
    return InputChunk(number * rows, tuple(f"文{number}-{i}" for i in range(rows)))


def stored_input(redis: Redis, job_id: str, number: int) -> InputChunk:
    """Return a chunk of a job as it was submitted, whether it has a result or not."""
    blob = redis.hget(JobKeys.of(job_id).input, str(number))
    assert isinstance(blob, bytes)
    return decode_input(blob)


def answer_to(opened: OpenChunk, failed: int = 0) -> tuple[ChunkRef, OutputChunk]:
    good = [Outcome((0.25, 0.75))] * (opened.ref.rows - failed)
    bad = [Outcome(error=RowError("inference_failed", "why"))] * failed
    return opened.ref, OutputChunk(opened.input.first, "m@1", ("negative", "positive"), (*good, *bad))


def claimed(lane: BulkLane, job: NewJob, number: int, task_id: str = "task", rows: int = 2) -> OpenChunk:
    opened = lane.claim(ChunkRef(job.id, number, rows), task_id)
    assert opened is not None
    return opened


def answered(opened: OpenChunk) -> tuple[ChunkRef, OutputChunk]:
    """Positive by as much as the text is long, so that each row is recognisable."""
    outcomes = []
    for offset, text in enumerate(opened.input.texts):
        if offset in opened.input.errors:
            outcomes.append(Outcome(error=opened.input.errors[offset]))
        elif "失败" in text:
            outcomes.append(Outcome(error=RowError("inference_failed", "as asked")))
        else:
            positive = 0.5 + len(text) / 2_001
            outcomes.append(Outcome((1 - positive, positive)))
    return opened.ref, OutputChunk(opened.input.first, "m@3", ("negative", "positive"), tuple(outcomes))


def closed_window() -> str:
    """A window that does not open within the next hours, whatever the time."""
    later = datetime.now(UTC) + timedelta(hours=5)
    return f"{later:%H:%M}-{later + timedelta(hours=1):%H:%M}"
