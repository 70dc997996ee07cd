"""The job store as its users see it: jobs are created, filled, sealed, read, ended and erased.

The store is the truth; Celery's messages only wake workers. Each transition is one Lua script in `lua/`, so that no
reader ever sees half of one. Wherever a method returns messages to send, losing them loses nothing: the sweeper
(`jobs.lanes`) finds what has no live message.

Fields of the job hash: id, state, lane, model, long_texts, neutral_band ("" for none), answered_by, request_id,
created_at, started_at, ended_at (ms), total, completed, failed (rows), chunks (received), issued (chunks published),
done (chunks recorded), error_code, error_detail, idempotency (the key of the client's idempotency record).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from jobs import keys
from jobs.codec import decode_input, decode_output, encode_input
from jobs.connection import script, text
from jobs.errors import IdempotencyInProgress, IdempotencyMismatch, InvalidInput, JobEnded, JobNotFound
from jobs.keys import JobKeys, LaneKeys
from jobs.models import (
    ChunkRef,
    InputChunk,
    Job,
    JobOptions,
    JobState,
    Lane,
    LongTexts,
    NewJob,
    OutputChunk,
    RowError,
)
from jobs.settings import Settings

ISSUE_LEASE_MS = 20_000  #: a published chunk that nobody claimed in this time gets a second message
WAKEUP_EXPIRY_MS = 10_000  #: a wake-up older than this no longer counts as live


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """One finished chunk with its input."""

    chunk_no: int
    input: InputChunk
    output: OutputChunk


class JobStore:
    """All jobs of one Redis."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self.redis = redis
        self._ttl_ms = settings.job_ttl_s * 1000
        self._upload_timeout_ms = round(settings.upload_timeout_s * 1000)
        self._create = script(redis, "create")
        self._append = script(redis, "append")
        self._touch = script(redis, "touch")
        self._seal = script(redis, "seal")
        self._end = script(redis, "end")

    # -- filling ------------------------------------------------------------------------------------------------

    def create(self, job: NewJob, payload_digest: str = "") -> str | None:
        """Begin a job. Until it is sealed, its idempotency key counts as in progress.

        Returns None, or the id of the job that the same key and payload made before; "" compares with any payload.
        Raises IdempotencyMismatch and IdempotencyInProgress.
        """
        k = JobKeys.of(job.id)
        answer = self._create(
            keys=[k.job, keys.JOBS, keys.RECEIVING, *self._idempotency(job)],
            args=[
                *(job.id, self._ttl_ms, self._upload_timeout_ms, job.lane, job.model, job.request_id),
                job.options.long_texts,
                "" if job.options.neutral_band is None else job.options.neutral_band,
            ],
        )
        if answer[0] == b"created":
            return None
        return _check_replay(text(answer[1]), text(answer[2] or b""), payload_digest)

    def replay(self, idempotency_key: str, payload_digest: str) -> str | None:
        """The job that this key made before, or None when the key is free. Raises as `create` does."""
        job_id, digest = self.redis.hmget(keys.idempotency(idempotency_key), "job", "digest")
        return None if job_id is None else _check_replay(text(job_id), text(digest or b""), payload_digest)

    def append(self, job: NewJob, chunk_no: int, chunk: InputChunk) -> list[ChunkRef]:
        """Add a chunk. Returns the chunks for which a message must be sent. Raises JobEnded."""
        k, lane = JobKeys.of(job.id), LaneKeys.of(job.lane)
        answer = self._append(
            keys=[k.job, k.input, keys.RECEIVING, lane.leases, keys.ISSUES, lane.children],
            args=[
                job.id,
                chunk_no,
                len(chunk.texts),
                encode_input(chunk),
                self._ttl_ms,
                self._upload_timeout_ms,
                ISSUE_LEASE_MS,
            ],
        )
        if answer[0] == b"ended":
            raise _no_longer_receives(job.id)
        return [ChunkRef.parse(text(member)) for member in answer[1:]]

    def touch(self, job_id: str) -> None:
        """A sign of life of a slow upload. Raises JobEnded."""
        if not self._touch(keys=[JobKeys.of(job_id).job, keys.RECEIVING], args=[job_id, self._upload_timeout_ms]):
            raise _no_longer_receives(job_id)

    def seal(self, job: NewJob, wakeup_id: str, payload_digest: str = "") -> bool:
        """No chunk follows. True when a `drain` with task id `wakeup_id` must be sent. Raises JobEnded."""
        k = JobKeys.of(job.id)
        children = LaneKeys.of(Lane.INTERACTIVE).children
        answer = self._seal(
            keys=[k.job, keys.RECEIVING, keys.PENDING, keys.WAKEUPS, children, k.ended, *self._idempotency(job)],
            args=[job.id, self._ttl_ms, WAKEUP_EXPIRY_MS, wakeup_id, payload_digest],
        )
        if answer == -1:
            raise _no_longer_receives(job.id)
        return bool(answer)

    # -- ending -------------------------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """Stop a job; its finished rows stay. Raises JobNotFound, JobEnded."""
        state = self._end_job(job_id, JobState.CANCELLED)
        if state is None:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        if JobState(state).ended:
            raise JobEnded(f"Job {job_id} is {state} and cannot be cancelled.")

    def interrupt(self, job_id: str, error: RowError) -> None:
        """The upload broke: the job fails, and its idempotency key is free for another try."""
        self._end_job(job_id, JobState.FAILED, error)

    def erase(self, job_id: str) -> None:
        """Remove a job and all its texts and results at once, whatever its state. Raises JobNotFound."""
        k = JobKeys.of(job_id)
        idempotency = self.redis.hget(k.job, "idempotency")
        pipe = self.redis.pipeline(transaction=True)
        pipe.delete(k.job)
        pipe.delete(k.input, k.output, k.isolation, *([idempotency] if idempotency else []))
        pipe.rpush(k.ended, 1)  # wakes those who wait; they find no job
        pipe.expire(k.ended, 60)
        pipe.zrem(keys.JOBS, job_id)
        pipe.zrem(keys.RECEIVING, job_id)
        if not pipe.execute()[0]:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, job_id: str) -> Job:
        """Raises JobNotFound."""
        job = self._read([job_id])[0]
        if job is None:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        return job

    def newest(self, limit: int, after: str | None = None) -> tuple[list[Job], bool]:
        """Jobs, newest first, older than job `after`; and whether there are more. Raises InvalidInput."""
        start = 0
        if after is not None:
            rank = self.redis.zrevrank(keys.JOBS, after)
            if not isinstance(rank, int):
                raise InvalidInput(f"`after`: there is no job {after}; start again without it.")
            start = rank + 1
        jobs: list[Job] = []
        while len(jobs) <= limit:
            ids = [text(i) for i in self.redis.zrevrange(keys.JOBS, start, start + limit)]
            if not ids:
                break
            found = self._read(ids)
            gone = [i for i, job in zip(ids, found, strict=True) if job is None]
            if gone:  # expired: the index forgets them when somebody looks
                self.redis.zrem(keys.JOBS, *gone)
            jobs += [job for job in found if job is not None]
            start += len(ids) - len(gone)
        return jobs[:limit], len(jobs) > limit

    def chunk_results(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterator[ChunkResult | None]:
        """The finished ones of these chunks, None for each that has no result (yet)."""
        if not chunk_numbers:
            return
        k = JobKeys.of(job_id)
        pipe = self.redis.pipeline(transaction=False)
        pipe.hmget(k.input, list(map(str, chunk_numbers)))
        pipe.hmget(k.output, list(map(str, chunk_numbers)))
        inputs, outputs = pipe.execute()
        for chunk_no, given, answered in zip(chunk_numbers, inputs, outputs, strict=True):
            if given is None or answered is None:
                yield None
            else:
                yield ChunkResult(chunk_no, decode_input(given), decode_output(answered))

    def wait_ended(self, job_id: str, timeout_s: float) -> bool:
        """Block until the job has ended; False when the time is over first. Needs `timeout_s` < socket timeout."""
        key = JobKeys.of(job_id).ended
        # Moving the one element onto its own list leaves it there for everybody else who waits.
        return self.redis.brpoplpush(key, key, timeout_s) is not None

    def _read(self, job_ids: Sequence[str]) -> Sequence[Job | None]:
        pipe = self.redis.pipeline(transaction=False)
        pipe.time()
        for job_id in job_ids:
            key = JobKeys.of(job_id).job
            pipe.hgetall(key)
            pipe.pttl(key)
        (seconds, micros), *answers = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return [
            _job({text(f): text(v) for f, v in fields.items()}, now_ms, now_ms + ttl_ms) if fields else None
            for fields, ttl_ms in zip(answers[::2], answers[1::2], strict=True)
        ]

    def _end_job(self, job_id: str, state: JobState, error: RowError | None = None) -> str | None:
        k = JobKeys.of(job_id)
        found = self._end(
            keys=[k.job, k.ended, keys.RECEIVING],
            args=[job_id, state, self._ttl_ms, error.code if error else "", error.detail if error else ""],
        )
        return None if found is None else text(found)

    @staticmethod
    def _idempotency(job: NewJob) -> list[str]:
        return [keys.idempotency(job.idempotency_key)] if job.idempotency_key else []


def _job(fields: dict[str, str], now_ms: int, expires_at_ms: int) -> Job:
    def optional_int(name: str) -> int | None:
        return int(fields[name]) if name in fields else None

    error = RowError(fields["error_code"], fields["error_detail"]) if "error_code" in fields else None
    return Job(
        id=fields["id"],
        state=JobState(fields["state"]),
        lane=Lane(fields["lane"]),
        model=fields["model"],
        options=JobOptions(
            long_texts=cast(LongTexts, fields["long_texts"]),
            neutral_band=float(fields["neutral_band"]) if fields["neutral_band"] else None,
        ),
        answered_by=fields.get("answered_by"),
        total=int(fields["total"]),
        completed=int(fields["completed"]),
        failed=int(fields["failed"]),
        chunks=int(fields["chunks"]),
        created_at_ms=int(fields["created_at"]),
        started_at_ms=optional_int("started_at"),
        ended_at_ms=optional_int("ended_at"),
        expires_at_ms=expires_at_ms,
        now_ms=now_ms,
        error=error,
    )


def _check_replay(job_id: str, digest: str, payload_digest: str) -> str:
    if digest == "":
        raise IdempotencyInProgress(
            "The first request with this Idempotency-Key is still being received; ask again shortly.", retry_after_s=2
        )
    if payload_digest and payload_digest != digest:
        raise IdempotencyMismatch(
            "This Idempotency-Key was used with another payload; use a new key for a new submission."
        )
    return job_id


def _no_longer_receives(job_id: str) -> JobEnded:
    return JobEnded(f"Job {job_id} no longer takes rows: it was cancelled, deleted, or its upload stalled.")
