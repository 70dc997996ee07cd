"""The transitions of jobs: they are created, filled, sealed, held, retried, ended and erased.

The store is the truth; Celery's messages only wake workers. Each transition is one Lua script in `lua/`, so that no
reader ever sees half of one. Where a method returns chunks or a wake-up to send, a lost message loses no work: the
sweeper (`sentiq.jobs.lanes`) finds what has no live message.

Fields of the job hash: id, state, lane, model, level (message priority), options, file (JSON, see
sentiq/jobs/types.py), webhook, owner (API key), answered_by, request_id, created_at, started_at, ended_at, paused_at,
opens_at (ms), ran_ms, since (ms: when it last began to run), total, completed, failed (rows with any error),
without_text, unreadable (of those with an error: rows without a text; all whose reason is in the input), chunks
(received), issued (chunks published), done (chunks recorded), error_code, error_detail, sealed_by (id of its wake-up),
sealed_at (ms); idempotency, jobs, owners_jobs (keys that name the job and live as long).

A broken connection, or a Redis that hangs, can lose the answer to a transition that has happened; redis-py then sends
it again. So `create`, `append` and `seal` change nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    InvalidInput,
    JobEnded,
    JobNotFound,
    NotBulk,
    NothingToRetry,
)
from sentiq.core.redis import RedisFull, text
from sentiq.core.redis_clock import now_ms
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs.codec import encode_erased
from sentiq.jobs.daily_window import Outlook, outlook
from sentiq.jobs.input_codec import encode_input
from sentiq.jobs.messages import queue_keys
from sentiq.jobs.records import read_jobs
from sentiq.jobs.results import Results
from sentiq.jobs.scripts import RoundTrip, Script
from sentiq.jobs.types import (
    ChunkRef,
    FileFormat,
    InputChunk,
    Job,
    JobOptions,
    JobState,
    Lane,
    NewJob,
    RowError,
    SmallJob,
)

ISSUE_LEASE_MS = 20_000  #: a published chunk that no child claims in this time gets another message
JOBS_READ, JOBS_LOOKED_AT = 200, 2_000  #: jobs read in one round trip, and for one page of a list
WAKEUP_EXPIRY_MS = 10_000  #: a wake-up older than this no longer counts as live


class JobStore:
    """All jobs of one Redis."""

    def __init__(self, redis: Redis, settings: Settings, clock: Callable[[], int] | None = None) -> None:
        """`clock` returns Unix milliseconds, for start, window and deadline; the default is the clock of Redis."""
        self.redis = redis
        self._results = Results(redis)
        self._now_ms = clock or partial(now_ms, redis)
        self._ttl_ms = settings.job_ttl_s * 1000
        self._upload_timeout_ms = round(settings.upload_timeout_s * 1000)
        self._submit = Script(redis, "submit")
        self._create = Script(redis, "create")
        self._append = Script(redis, "append")
        self._touch = Script(redis, "touch")
        self._seal = Script(redis, "seal")
        self._end = Script(redis, "end")
        self._hold = Script(redis, "hold")
        self._retry = Script(redis, "retry")

    # -- filling ------------------------------------------------------------------------------------------------

    def submit(self, small: SmallJob) -> str | None:
        """Store a small job, which is then complete, pending, and has woken a child.

        Returns None, or the id of an earlier job, as `create` does. Raises as that does.
        """
        (answer,) = self.submit_all([small])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submit_all(self, submitted: Sequence[SmallJob]) -> list[str | Exception | None]:
        """Do what `submit` does for each, in one round trip; what it raises is in the place of its answer."""
        trip = RoundTrip(self.redis)
        for small in submitted:
            job, k = small.job, JobKeys.of(small.job.id)
            trip.add(
                self._submit,
                job=k.job,
                input=k.input,
                jobs=redis_keys.JOBS,
                owners_jobs=redis_keys.jobs_of(job.owner),
                pending=redis_keys.PENDING,
                wakeups=redis_keys.WAKEUPS,
                bell=redis_keys.BELL,
                children=LaneKeys.of(Lane.INTERACTIVE).children,
                arrived=redis_keys.ARRIVED,
                messages=queue_keys(Lane.INTERACTIVE)[0],
                idempotency=_idempotency_key(job),
                job_id=job.id,
                ttl_ms=self._ttl_ms,
                own_ttl_ms=_or_blank(small.own_ttl_ms),
                model=job.model,
                request_id=job.request_id,
                options=job.options.dumps(),
                file=job.file.dumps() if job.file else "",
                level=job.options.priority.level,
                webhook=job.options.webhook,
                owner=job.owner,
                job_key_pattern=JobKeys.of("%s").job,
                rows=len(small.rows.texts),
                blob=encode_input(small.rows),
                wakeup_id=small.wakeup_id,
                wakeup=small.wakeup,
                wakeup_expiry_ms=WAKEUP_EXPIRY_MS,
                answers_to=small.answers_to,
                payload_digest=small.payload_digest,
            )
        return [
            _submitted(answer, small.payload_digest) for answer, small in zip(trip.run_each(), submitted, strict=True)
        ]

    def create(self, job: NewJob, payload_digest: str = "") -> str | None:
        """Create a bulk job. Until it is sealed, its idempotency key counts as in progress.

        Returns None, or the id of the job that the same key and payload created before; "" equals any payload.
        Raises IdempotencyMismatch and IdempotencyInProgress.
        """
        k = JobKeys.of(job.id)
        options = job.options
        now = outlook(options, self._now_ms()) if options.is_timed else Outlook(False, None, None)
        answer = self._create(
            job=k.job,
            jobs=redis_keys.JOBS,
            receiving=redis_keys.RECEIVING,
            queued=redis_keys.QUEUED,
            schedule=redis_keys.SCHEDULE,
            owners_jobs=redis_keys.jobs_of(job.owner),
            live=redis_keys.LIVE,
            idempotency=_idempotency_key(job),
            job_id=job.id,
            ttl_ms=self._ttl_ms,
            upload_timeout_ms=self._upload_timeout_ms,
            model=job.model,
            request_id=job.request_id,
            options=options.dumps(),
            file=job.file.dumps() if job.file else "",
            level=options.priority.level,
            webhook=options.webhook,
            opens_at_ms=_or_blank(now.opens_at_ms),
            next_change_ms=_or_blank(now.next_change_ms),
            owner=job.owner,
            job_key_pattern=JobKeys.of("%s").job,
        )
        if answer[0] == b"created":
            return None
        return _check_replay(text(answer[1]), text(answer[2] or b""), payload_digest)

    def replay(self, job: NewJob, payload_digest: str) -> str | None:
        """Return the id of the job that its idempotency key created before; None when the key is free.

        Raises as `create` does.
        """
        job_id, digest = self.redis.hmget(redis_keys.idempotency(job.idempotency_key, job.owner), "job", "digest")
        return None if job_id is None else _check_replay(text(job_id), text(digest or b""), payload_digest)

    def append(self, job: NewJob, chunk_no: int, chunk: InputChunk) -> list[ChunkRef]:
        """Add a chunk. Returns the chunks for which a message must be sent. Raises JobEnded."""
        k, lane = JobKeys.of(job.id), LaneKeys.of(Lane.BULK)
        answer = self._append(
            **k.renewed,
            receiving=redis_keys.RECEIVING,
            leases=lane.leases,
            published=redis_keys.PUBLISHED,
            children=lane.children,
            job_id=job.id,
            chunk_no=chunk_no,
            rows=len(chunk.texts),
            blob=encode_input(chunk),
            ttl_ms=self._ttl_ms,
            upload_timeout_ms=self._upload_timeout_ms,
            issue_lease_ms=ISSUE_LEASE_MS,
        )
        if answer[0] == b"ended":
            raise _no_longer_receives(job.id)
        return [ChunkRef.parse(text(member)) for member in answer[1:]]

    def touch(self, job_id: str) -> None:
        """Keep a slow upload alive. Raises JobEnded."""
        receives = self._touch(
            job=JobKeys.of(job_id).job,
            receiving=redis_keys.RECEIVING,
            job_id=job_id,
            upload_timeout_ms=self._upload_timeout_ms,
        )
        if not receives:
            raise _no_longer_receives(job_id)

    def set_file(self, job_id: str, file: FileFormat) -> None:
        """Store how the file of a job was read: sometimes this is known only at its end."""
        key = JobKeys.of(job_id).job
        if self.redis.exists(key):
            self.redis.hset(key, "file", file.dumps())

    def seal(self, job: NewJob, sealing_id: str, payload_digest: str = "") -> None:
        """Declare a job complete: no chunk follows. Raises JobEnded, unless the same request has sealed it before."""
        is_sealed = self._seal(
            **JobKeys.of(job.id).renewed,
            receiving=redis_keys.RECEIVING,
            queued=redis_keys.QUEUED,
            schedule=redis_keys.SCHEDULE,
            webhooks_due=redis_keys.WEBHOOKS_DUE,
            live=redis_keys.LIVE,
            idempotency=_idempotency_key(job),
            job_id=job.id,
            ttl_ms=self._ttl_ms,
            sealing_id=sealing_id,
            payload_digest=payload_digest,
        )
        if not is_sealed:
            raise _no_longer_receives(job.id)

    # -- ending -------------------------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """Stop a job; its finished rows stay. Raises JobNotFound, JobEnded.

        A cancelled job stays as it is: a client whose first answer was lost asks again.
        """
        state = self._end_job(job_id, JobState.CANCELLED)
        if state is None:
            raise JobNotFound.named(job_id)
        if JobState(state).has_ended and state != JobState.CANCELLED:
            raise JobEnded(f"Job {job_id} is {state} and cannot be cancelled.")

    def expire(self, job_id: str) -> None:
        """End a job at its deadline; its finished rows stay. A job that has ended or is gone stays as it is."""
        self._end_job(job_id, JobState.EXPIRED)

    def interrupt(self, job_id: str, error: RowError) -> None:
        """End a job whose upload broke: it has failed, and its idempotency key is free for another try."""
        self._end_job(job_id, JobState.FAILED, error)

    def erase(self, job_id: str) -> None:
        """Remove a job and all its texts and results at once, whatever its state. Raises JobNotFound.

        This also works when Redis is full and refuses transactions: it is how users make room.
        """
        k = JobKeys.of(job_id)
        idempotency, owner, answers_to = self.redis.hmget(k.job, "idempotency", "owner", "answers_to")
        pipe = self.redis.pipeline(transaction=False)
        # Unlinked: deleting millions of texts at once would block all other clients.
        pipe.unlink(k.job, k.input, k.output, k.isolation, k.held, k.failures, k.retry, k.pace, k.exports)
        if idempotency:
            pipe.delete(idempotency)
        indexes = (
            redis_keys.JOBS,
            redis_keys.RECEIVING,
            redis_keys.QUEUED,
            redis_keys.SCHEDULE,
            redis_keys.WEBHOOKS_DUE,
            redis_keys.LIVE,
        )
        for index in (*indexes, redis_keys.jobs_of(text(owner or b""))):
            pipe.zrem(index, job_id)
        if not pipe.execute()[0]:
            raise JobNotFound.named(job_id)
        wake = self.redis.pipeline(transaction=True)
        wake.rpush(k.ended, 1)  # waiting clients find no job
        wake.expire(k.ended, 60)
        if answers_to:
            wake.publish(text(answers_to), encode_erased(job_id))
        try:
            wake.execute()
        except RedisFull:
            pass  # waiting clients time out by themselves

    # -- holding ------------------------------------------------------------------------------------------------

    def pause(self, job_id: str) -> None:
        """Start no further chunk of a job; those in flight finish. Raises JobNotFound, JobEnded, NotBulk."""
        self._hold_job(job_id, "pause")

    def resume(self, job_id: str) -> list[ChunkRef]:
        """Continue a paused job. Returns the chunks for which a message must be sent. Raises as `pause` does."""
        return self._hold_job(job_id, "resume")

    def advance(self, job_id: str) -> list[ChunkRef]:
        """Start, hold or end a job by its start, window and deadline.

        Returns the chunks for which a message must be sent.
        """
        document = self.redis.hget(JobKeys.of(job_id).job, "options")
        if document is None:
            self.redis.zrem(redis_keys.SCHEDULE, job_id)
            return []
        now = outlook(JobOptions.loads(text(document)), self._now_ms())
        if now.expired:
            self.expire(job_id)
            return []
        answer = self._change_hold(job_id, "time", _or_blank(now.opens_at_ms), _or_blank(now.next_change_ms))
        return [ChunkRef.parse(text(member)) for member in answer[2:]]

    def due(self, limit: int = 100) -> list[str]:
        """Return the ids of jobs for which `advance` should be called now."""
        return [text(i) for i in self.redis.zrangebyscore(redis_keys.SCHEDULE, "-inf", self._now_ms(), 0, limit)]

    def retry(self, job_id: str) -> list[ChunkRef]:
        """Classify the failed rows of a completed job again, but for those whose lines could not be read.

        Returns the chunks for which a message must be sent. Raises JobNotFound, and NothingToRetry when no row can be
        tried again or the job is not completed.
        """
        job = self.get(job_id)
        if job.state is not JobState.COMPLETED:
            remedy = "submit its rows again" if job.state.has_ended else "wait until it is completed"
            raise NothingToRetry(f"Job {job_id} is {job.state}, and only completed jobs are tried again: {remedy}.")
        again: list[str | int] = []
        for result in self._results.chunks(job_id, self._results.failed_chunks(job_id)):
            if result is None:
                continue
            counts = result.output.counts
            if counts.failed > counts.unreadable:
                again += [result.chunk_no, ":".join(map(str, counts))]
        if not again:
            raise NothingToRetry(
                f"No row of job {job_id} failed for a reason that another try could change. If rows of it have errors, "
                "correct those in the input and submit them as a new job."
            )
        lane = LaneKeys.of(Lane.BULK)
        answer = self._retry(
            **JobKeys.of(job_id).renewed,
            leases=lane.leases,
            published=redis_keys.PUBLISHED,
            children=lane.children,
            live=redis_keys.LIVE,
            job_id=job_id,
            ttl_ms=self._ttl_ms,
            issue_lease_ms=ISSUE_LEASE_MS,
            again=again,
        )
        if not answer or answer[0] != b"completed":
            raise NothingToRetry(f"Job {job_id} is being tried again already: wait until it is completed.")
        return [ChunkRef.parse(text(member)) for member in answer[1:]]

    def _hold_job(self, job_id: str, change: str) -> list[ChunkRef]:
        answer = self._change_hold(job_id, change)
        if not answer:
            raise JobNotFound.named(job_id)
        state, lane, *members = map(text, answer)
        if JobState(state).has_ended:
            raise JobEnded(f"Job {job_id} is {state} and cannot be {change}d.")
        if lane != Lane.BULK:
            raise NotBulk(f"Job {job_id} is on the interactive lane, where it is answered at once.")
        return [ChunkRef.parse(member) for member in members]

    def _change_hold(self, job_id: str, change: str, opens_at_ms: str = "", next_change_ms: str = "") -> list[bytes]:
        lane = LaneKeys.of(Lane.BULK)
        answer: list[bytes] = self._hold(
            **JobKeys.of(job_id).renewed,
            leases=lane.leases,
            published=redis_keys.PUBLISHED,
            children=lane.children,
            queued=redis_keys.QUEUED,
            schedule=redis_keys.SCHEDULE,
            job_id=job_id,
            change=change,
            ttl_ms=self._ttl_ms,
            issue_lease_ms=ISSUE_LEASE_MS,
            opens_at_ms=opens_at_ms,
            next_change_ms=next_change_ms,
        )
        return answer

    # -- reading ------------------------------------------------------------------------------------------------

    def get(self, job_id: str) -> Job:
        """Return a job as it is now. Raises JobNotFound."""
        job = read_jobs(self.redis, [job_id])[0]
        if job is None:
            raise JobNotFound.named(job_id)
        return job

    def owner_of(self, job_id: str) -> str | None:
        """Return the API key (its id) that created a job, "" where none was required; None when there is no job."""
        state, owner = self.redis.hmget(JobKeys.of(job_id).job, "state", "owner")
        return None if state is None else text(owner or b"")

    def list_jobs(
        self, limit: int, after: str | None = None, states: Collection[JobState] = (), owner: str = ""
    ) -> tuple[list[Job], str | None]:
        """List jobs, newest first: those older than job `after`, in one of `states` if any, of one `owner` or of all.

        Returns the jobs and the `after` of the next page, None on the last one. For a rare state a page may have fewer
        than `limit` jobs, or none, although more follow: about `JOBS_LOOKED_AT` jobs are read. Raises InvalidInput.
        """
        start, index = 0, redis_keys.jobs_of(owner)
        if after is not None:
            rank = self.redis.zrevrank(index, after)
            if not isinstance(rank, int):
                raise InvalidInput(f"`after`: there is no job {after}; start again without it.")
            start = rank + 1
        jobs: list[Job] = []
        looked_at, last = 0, None
        while looked_at < JOBS_LOOKED_AT:
            ids = [
                text(i) for i in self.redis.zrevrange(index, start, start + (JOBS_READ if states else limit + 1) - 1)
            ]
            if not ids:
                return jobs, None
            found = {job.id: job for job in read_jobs(self.redis, ids) if job is not None}
            gone = [i for i in ids if i not in found]
            if gone:  # expired: the index is cleaned when it is read
                self.redis.zrem(index, *gone)
            for job in found.values():
                if not states or job.state in states:
                    if len(jobs) == limit:
                        return jobs, last
                    jobs.append(job)
                last = job.id
            start += len(found)
            looked_at += len(found)
        return jobs, last

    def find_by_idempotency_key(self, idempotency_key: str, owner: str = "") -> Job | None:
        """Return the job that `owner` created with this key, also while it receives rows; None when there is none."""
        job_id = self.redis.hget(redis_keys.idempotency(idempotency_key, owner), "job")
        return None if job_id is None else read_jobs(self.redis, [text(job_id)])[0]

    def wait_ended(self, job_id: str, timeout_s: float) -> bool:
        """Block until the job has ended; False after the timeout. `timeout_s` must be less than the socket timeout."""
        key = JobKeys.of(job_id).ended
        # Moving the one element onto its own list leaves it there for all other waiting clients.
        return self.redis.brpoplpush(key, key, timeout_s) is not None

    def _end_job(self, job_id: str, state: JobState, error: RowError | None = None) -> str | None:
        found = self._end(
            **JobKeys.of(job_id).renewed,
            receiving=redis_keys.RECEIVING,
            queued=redis_keys.QUEUED,
            schedule=redis_keys.SCHEDULE,
            webhooks_due=redis_keys.WEBHOOKS_DUE,
            live=redis_keys.LIVE,
            job_id=job_id,
            state=state,
            ttl_ms=self._ttl_ms,
            error_code=error.code if error else "",
            error_detail=error.detail if error else "",
        )
        return None if found is None else text(found)


def _submitted(answer: Any, payload_digest: str) -> str | Exception | None:
    if isinstance(answer, Exception):
        return answer
    if answer[0] == b"created":
        return None
    try:
        return _check_replay(text(answer[1]), text(answer[2] or b""), payload_digest)
    except (IdempotencyInProgress, IdempotencyMismatch) as error:
        return error


def _idempotency_key(job: NewJob) -> str | None:
    return redis_keys.idempotency(job.idempotency_key, job.owner) if job.idempotency_key else None


def _or_blank(value: int | None) -> str:
    return "" if value is None else str(value)


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
