"""Reads jobs from their hashes in Redis; the fields are described in sentiq/jobs/store.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis import text
from sentiq.core.redis_clock import unix_ms
from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.types import FileFormat, Job, JobOptions, JobState, Lane, RowError


def read_jobs(redis: Redis, job_ids: Sequence[str]) -> Sequence[Job | None]:
    """Return these jobs as they are now, in one round trip; None for each that is not there."""
    pipe = redis.pipeline(transaction=False)
    pipe.time()
    for job_id in job_ids:
        key = JobKeys.of(job_id).job
        pipe.hgetall(key)
        pipe.pttl(key)
        pipe.zrank(redis_keys.QUEUED, job_id)
    time, *answers = pipe.execute()
    now_ms = unix_ms(time)
    return [
        job_of({text(f): text(v) for f, v in fields.items()}, now_ms, now_ms + ttl_ms, rank) if fields else None
        for fields, ttl_ms, rank in zip(answers[::3], answers[1::3], answers[2::3], strict=True)
    ]


def job_of(fields: Mapping[str, str], now_ms: int, expires_at_ms: int, rank: int | None) -> Job:
    """Return the job with these fields. `rank`: its place, from 0, among the jobs that wait for their start."""

    def optional_int(name: str) -> int | None:
        return int(fields[name]) if name in fields else None

    error = RowError(fields["error_code"], fields["error_detail"]) if "error_code" in fields else None
    # Of chunks that an older version recorded it is only known how many rows have an error: those count as failed.
    with_error, without_text = int(fields["failed"]), int(fields.get("without_text", 0))
    ran_ms = int(fields.get("ran_ms", 0)) + (now_ms - int(fields["since"]) if "since" in fields else 0)
    return Job(
        id=fields["id"],
        state=JobState(fields["state"]),
        lane=Lane(fields["lane"]),
        model=fields["model"],
        options=JobOptions.loads(fields.get("options", "{}")),
        answered_by=fields.get("answered_by"),
        total=int(fields["total"]),
        completed=int(fields["completed"]),
        failed=with_error - without_text,
        without_text=without_text,
        retryable=with_error - int(fields.get("unreadable", 0)),
        chunks=int(fields["chunks"]),
        created_at_ms=int(fields["created_at"]),
        started_at_ms=optional_int("started_at"),
        ended_at_ms=optional_int("ended_at"),
        expires_at_ms=expires_at_ms,
        now_ms=now_ms,
        error=error,
        ran_ms=ran_ms,
        paused_at_ms=optional_int("paused_at"),
        opens_at_ms=optional_int("opens_at"),
        queue_position=None if rank is None else rank + 1,
        file=FileFormat.loads(fields["file"]) if fields.get("file") else None,
    )
