"""The job store as its users see it: jobs are created, filled, sealed, read, ended and erased.

The store is the truth; Celery's messages only wake workers. Each transition is one Lua script in `lua/`, so that no
reader ever sees half of one. Wherever a method returns messages to send, losing them loses nothing: the sweeper
(`jobs.lanes`) finds what has no live message.

Fields of the job hash: id, state, lane, model, level (message priority), options, file (JSON, see jobs/models.py),
webhook, owner (API key), answered_by, request_id, created_at, started_at, ended_at, paused_at, opens_at (ms), ran_ms,
since (ms: it runs since then), total, completed, failed (rows with any error), without_text, unreadable (of those with
an error: rows without a text; all whose reason is in the input), chunks (received), issued (chunks published), done
(chunks recorded), error_code, error_detail, sealed_by (id of its wake-up), sealed_at (ms); idempotency, jobs,
owners_jobs (keys that name the job and live as long).

A connection that breaks, or a Redis that stands still, can lose the answer to a transition that has happened; redis-py
then sends it again. So `create`, `append` and `seal` change nothing the second time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from jobs import keys
from jobs.codec import OutputColumns, decode_columns, decode_input, decode_output, encode_input
from jobs.connection import REDIS_AWAY, RedisFull, text
from jobs.errors import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    InvalidInput,
    JobEnded,
    JobNotFound,
    NotBulk,
    NothingToRetry,
)
from jobs.keys import JobKeys, LaneKeys
from jobs.models import (
    ChunkRef,
    FileFormat,
    InputChunk,
    Job,
    JobOptions,
    JobState,
    Lane,
    NewJob,
    OutputChunk,
    RowError,
)
from jobs.scripts import Script
from jobs.settings import Settings
from jobs.windows import Outlook, outlook

ISSUE_LEASE_MS = 20_000  #: a published chunk that nobody claimed in this time gets a second message
CHUNKS_READ = 16  #: chunks that are read in one round trip
JOBS_READ, JOBS_LOOKED_AT = 200, 2_000  #: jobs that are read in one round trip, and for one page of a list
VALUES_CACHED, VALUE_CHARS = 64, 65_536  #: of one job: values computed from its results, and the length of each
WAKEUP_EXPIRY_MS = 10_000  #: a wake-up older than this no longer counts as live


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """One finished chunk with its input."""

    chunk_no: int
    input: InputChunk
    output: OutputChunk


@dataclass(frozen=True, slots=True)
class Pace:
    """How many rows were recorded when."""

    step_ms: int
    start_ms: int  # of the first step, Unix time of the Redis clock
    rows: tuple[int, ...]  # in each step from the first to the last that has any; tried again, they count again


class JobStore:
    """All jobs of one Redis."""

    def __init__(self, redis: Redis, settings: Settings, clock: Callable[[], int] | None = None) -> None:
        """`clock` gives Unix milliseconds, to tell what start, window and deadline mean now; the default is Redis's."""
        self.redis = redis
        self._now_ms = clock or self._redis_ms
        self._ttl_ms = settings.job_ttl_s * 1000
        self._upload_timeout_ms = round(settings.upload_timeout_s * 1000)
        self._create = Script(redis, "create")
        self._append = Script(redis, "append")
        self._touch = Script(redis, "touch")
        self._seal = Script(redis, "seal")
        self._end = Script(redis, "end")
        self._hold = Script(redis, "hold")
        self._retry = Script(redis, "retry")
        self._cache_value = Script(redis, "cache_value")

    # -- filling ------------------------------------------------------------------------------------------------

    def create(self, job: NewJob, payload_digest: str = "") -> str | None:
        """Begin a job. Until it is sealed, its idempotency key counts as in progress.

        Returns None, or the id of the job that the same key and payload made before; "" compares with any payload.
        Raises IdempotencyMismatch and IdempotencyInProgress.
        """
        k = JobKeys.of(job.id)
        options = job.options
        now = outlook(options, self._now_ms()) if options.timed else Outlook(False, None, None)
        answer = self._create(
            job=k.job,
            jobs=keys.JOBS,
            receiving=keys.RECEIVING,
            queued=keys.QUEUED,
            schedule=keys.SCHEDULE,
            owners_jobs=keys.jobs_of(job.owner),
            live=keys.LIVE,
            idempotency=_idempotency_key(job),
            job_id=job.id,
            ttl_ms=self._ttl_ms,
            upload_timeout_ms=self._upload_timeout_ms,
            lane=job.lane,
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
        """The job that its idempotency key made before, or None when the key is free. Raises as `create` does."""
        job_id, digest = self.redis.hmget(keys.idempotency(job.idempotency_key, job.owner), "job", "digest")
        return None if job_id is None else _check_replay(text(job_id), text(digest or b""), payload_digest)

    def append(self, job: NewJob, chunk_no: int, chunk: InputChunk) -> list[ChunkRef]:
        """Add a chunk. Returns the chunks for which a message must be sent. Raises JobEnded."""
        k, lane = JobKeys.of(job.id), LaneKeys.of(job.lane)
        answer = self._append(
            **k.renewed,
            receiving=keys.RECEIVING,
            leases=lane.leases,
            published=keys.PUBLISHED,
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
        """A sign of life of a slow upload. Raises JobEnded."""
        receives = self._touch(
            job=JobKeys.of(job_id).job,
            receiving=keys.RECEIVING,
            job_id=job_id,
            upload_timeout_ms=self._upload_timeout_ms,
        )
        if not receives:
            raise _no_longer_receives(job_id)

    def set_file(self, job_id: str, file: FileFormat) -> None:
        """What a file was is sometimes known only at its end."""
        key = JobKeys.of(job_id).job
        if self.redis.exists(key):
            self.redis.hset(key, "file", file.dumps())

    def seal(self, job: NewJob, wakeup_id: str, payload_digest: str = "") -> bool:
        """No chunk follows. True when a `drain` with task id `wakeup_id` must be sent. Raises JobEnded."""
        answer = self._seal(
            **JobKeys.of(job.id).renewed,
            receiving=keys.RECEIVING,
            queued=keys.QUEUED,
            schedule=keys.SCHEDULE,
            webhooks_due=keys.WEBHOOKS_DUE,
            live=keys.LIVE,
            pending=keys.PENDING,
            wakeups=keys.WAKEUPS,
            children=LaneKeys.of(Lane.INTERACTIVE).children,
            arrived=keys.ARRIVED,
            idempotency=_idempotency_key(job),
            job_id=job.id,
            ttl_ms=self._ttl_ms,
            wakeup_expiry_ms=WAKEUP_EXPIRY_MS,
            wakeup_id=wakeup_id,
            payload_digest=payload_digest,
        )
        if answer == -1:
            raise _no_longer_receives(job.id)
        return bool(answer)

    # -- ending -------------------------------------------------------------------------------------------------

    def cancel(self, job_id: str) -> None:
        """Stop a job; its finished rows stay. Nothing happens to one that is cancelled: a client whose first answer was
        lost asks again. Raises JobNotFound, JobEnded."""
        state = self._end_job(job_id, JobState.CANCELLED)
        if state is None:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        if JobState(state).ended and state != JobState.CANCELLED:
            raise JobEnded(f"Job {job_id} is {state} and cannot be cancelled.")

    def expire(self, job_id: str) -> None:
        """Its deadline has come: what is done stays. Nothing happens to a job that has ended or is gone."""
        self._end_job(job_id, JobState.EXPIRED)

    def interrupt(self, job_id: str, error: RowError) -> None:
        """The upload broke: the job fails, and its idempotency key is free for another try."""
        self._end_job(job_id, JobState.FAILED, error)

    def erase(self, job_id: str) -> None:
        """Remove a job and all its texts and results at once, whatever its state. Raises JobNotFound.

        It works also when Redis is full, which then refuses transactions: this is how room is made.
        """
        k = JobKeys.of(job_id)
        idempotency, owner = self.redis.hmget(k.job, "idempotency", "owner")
        pipe = self.redis.pipeline(transaction=False)
        # Unlinked: to free the rows of millions of texts at once would keep everybody else waiting.
        pipe.unlink(k.job, k.input, k.output, k.isolation, k.held, k.failures, k.retry, k.pace, k.exports)
        if idempotency:
            pipe.delete(idempotency)
        indexes = (keys.JOBS, keys.RECEIVING, keys.QUEUED, keys.SCHEDULE, keys.WEBHOOKS_DUE, keys.LIVE)
        for index in (*indexes, keys.jobs_of(text(owner or b""))):
            pipe.zrem(index, job_id)
        if not pipe.execute()[0]:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        wake = self.redis.pipeline(transaction=True)
        wake.rpush(k.ended, 1)  # those who wait find no job
        wake.expire(k.ended, 60)
        try:
            wake.execute()
        except RedisFull:
            pass  # they give up by themselves

    # -- holding ------------------------------------------------------------------------------------------------

    def pause(self, job_id: str) -> None:
        """Start no further chunk; those in flight end. Raises JobNotFound, JobEnded, NotBulk."""
        self._hold_job(job_id, "pause")

    def resume(self, job_id: str) -> list[ChunkRef]:
        """Returns the chunks for which a message must be sent. Raises as `pause` does."""
        return self._hold_job(job_id, "resume")

    def advance(self, job_id: str) -> list[ChunkRef]:
        """Do what the time asks for: start, stop or end a job. Returns the chunks for which a message must be sent."""
        document = self.redis.hget(JobKeys.of(job_id).job, "options")
        if document is None:
            self.redis.zrem(keys.SCHEDULE, job_id)
            return []
        now = outlook(JobOptions.loads(text(document)), self._now_ms())
        if now.expired:
            self.expire(job_id)
            return []
        answer = self._change_hold(job_id, "time", _or_blank(now.opens_at_ms), _or_blank(now.next_change_ms))
        return [ChunkRef.parse(text(member)) for member in answer[2:]]

    def due(self, limit: int = 100) -> list[str]:
        """Jobs that `advance` should be called for now."""
        return [text(i) for i in self.redis.zrangebyscore(keys.SCHEDULE, "-inf", self._now_ms(), 0, limit)]

    def retry(self, job_id: str) -> list[ChunkRef]:
        """Classify the failed rows of a completed job again, but for those whose lines could not be read.

        Returns the chunks for which a message must be sent. Raises JobNotFound, and NothingToRetry when no row can be
        tried again or the job is not completed.
        """
        job = self.get(job_id)
        if job.state is not JobState.COMPLETED:
            remedy = "submit its rows again" if job.state.ended else "wait until it is completed"
            raise NothingToRetry(f"Job {job_id} is {job.state}, and only completed jobs are tried again: {remedy}.")
        numbers = self.failed_chunks(job_id)
        again: list[str | int] = []
        for start in range(0, len(numbers), CHUNKS_READ):
            for result in self.chunk_results(job_id, numbers[start : start + CHUNKS_READ]):
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
            published=keys.PUBLISHED,
            children=lane.children,
            live=keys.LIVE,
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
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        state, lane, *members = map(text, answer)
        if JobState(state).ended:
            raise JobEnded(f"Job {job_id} is {state} and cannot be {change}d.")
        if lane != Lane.BULK:
            raise NotBulk(f"Job {job_id} is on the interactive lane, where it is answered at once.")
        return [ChunkRef.parse(member) for member in members]

    def _change_hold(self, job_id: str, change: str, opens_at_ms: str = "", next_change_ms: str = "") -> list[bytes]:
        lane = LaneKeys.of(Lane.BULK)
        answer: list[bytes] = self._hold(
            **JobKeys.of(job_id).renewed,
            leases=lane.leases,
            published=keys.PUBLISHED,
            children=lane.children,
            queued=keys.QUEUED,
            schedule=keys.SCHEDULE,
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
        """Raises JobNotFound."""
        job = self._read([job_id])[0]
        if job is None:
            raise JobNotFound(f"There is no job {job_id}; it may have expired.")
        return job

    def owner(self, job_id: str) -> str | None:
        """Id of the API key that made a job, "" where none was asked for; None when there is no such job."""
        state, owner = self.redis.hmget(JobKeys.of(job_id).job, "state", "owner")
        return None if state is None else text(owner or b"")

    def newest(
        self, limit: int, after: str | None = None, states: Collection[JobState] = (), owner: str = ""
    ) -> tuple[list[Job], str | None]:
        """Jobs, newest first, older than job `after`, in one of `states` if any; of one `owner`, or of all.

        And the `after` of those that follow, None where none does. Of a rare state there may be fewer than `limit`, or
        none, although more follow: at most some `JOBS_LOOKED_AT` are looked at. Raises InvalidInput.
        """
        start, index = 0, keys.jobs_of(owner)
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
            found = {job.id: job for job in self._read(ids) if job is not None}
            gone = [i for i in ids if i not in found]
            if gone:  # expired: the index forgets them when somebody looks
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

    def made_with(self, idempotency_key: str, owner: str = "") -> Job | None:
        """The job that `owner` made with this key, also while it receives rows; None when there is none (any more)."""
        job_id = self.redis.hget(keys.idempotency(idempotency_key, owner), "job")
        return None if job_id is None else self._read([text(job_id)])[0]

    def chunk_results(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterator[ChunkResult | None]:
        """The finished ones of these chunks, None for each that has no result (yet)."""
        for chunk_no, given, answered in self._chunks(job_id, chunk_numbers):
            if given is None or answered is None:
                yield None
            else:
                yield ChunkResult(chunk_no, decode_input(given), decode_output(answered))

    def chunk_columns(
        self, job_id: str, chunk_numbers: Sequence[int]
    ) -> Iterator[tuple[int, InputChunk, OutputColumns]]:
        """Number and input of the finished ones of these chunks, and their answers as they are stored."""
        for number, given, answered in self._chunks(job_id, chunk_numbers):
            if given is not None and answered is not None:
                yield number, decode_input(given), decode_columns(answered)

    def rows_waiting(self) -> int:
        """Rows of bulk jobs that have arrived and have no outcome yet."""
        live = [text(job_id) for job_id in self.redis.zrange(keys.LIVE, 0, -1)]
        pipe = self.redis.pipeline(transaction=False)
        for job_id in live:
            pipe.hmget(JobKeys.of(job_id).job, "total", "completed", "failed")
        waiting, gone = 0, []
        for job_id, (total, completed, failed) in zip(live, pipe.execute(), strict=True):
            if total is None:
                gone.append(job_id)  # its time to live ran out
            else:
                waiting += int(total) - int(completed) - int(failed)
        if gone:
            self.redis.zrem(keys.LIVE, *gone)
        return waiting

    def counts(self) -> dict[str, int]:
        """How many jobs are kept, receive rows, wait for a child, wait for a time."""
        indexes = {"all": keys.JOBS, "receiving": keys.RECEIVING, "waiting": keys.QUEUED, "timed": keys.SCHEDULE}
        pipe = self.redis.pipeline(transaction=False)
        for index in indexes.values():
            pipe.zcard(index)
        return dict(zip(indexes, pipe.execute(), strict=True))

    def labels(self, job: Job) -> tuple[str, ...]:
        """Of all models that have answered rows of the job so far, in the order they first appear."""
        k = JobKeys.of(job.id)
        cached = self.cached_value(job, "labels")
        if cached is not None:
            return tuple(json.loads(cached))
        found: dict[str, None] = {}
        for start in range(0, job.chunks, CHUNKS_READ):
            for blob in self.redis.hmget(k.output, list(map(str, range(start, min(start + CHUNKS_READ, job.chunks))))):
                if blob is not None:
                    found |= dict.fromkeys(decode_columns(cast(bytes, blob)).labels)
        self.cache_value(job, "labels", json.dumps(list(found)))
        return tuple(found)

    def first_labels(self, job: Job) -> tuple[str, ...]:
        """Of the models that have answered its first chunks: little work, however large the job is."""
        answered = self.output_columns(job.id, range(min(job.chunks, CHUNKS_READ)))
        return tuple(dict.fromkeys(label for _, columns in answered for label in columns.labels))

    def cached_value(self, job: Job, name: str) -> str | None:
        """What `cache_value` has stored for the job in its present state; None where it has not."""
        ended_at_ms, value = self.redis.hmget(JobKeys.of(job.id).exports, "ended_at", name)
        return None if value is None or text(ended_at_ms) != str(job.ended_at_ms) else text(value)

    def cache_value(self, job: Job, name: str, value: str) -> None:
        """Cache what was computed from an ended job's results for as long as the job; of others it would soon be wrong.

        Nothing is stored where Redis takes no writes, where the value is long, or where the job has many already: the
        value is then computed again when it is asked for.
        """
        if job.state.ended and len(value) <= VALUE_CHARS:
            k = JobKeys.of(job.id)
            try:
                self._cache_value(
                    job=k.job,
                    exports=k.exports,
                    ended_at_ms=job.ended_at_ms,
                    name=name,
                    value=value,
                    max_values=VALUES_CACHED,
                )
            except REDIS_AWAY:
                pass

    def pace(self, job_id: str) -> Pace | None:
        """At most 120 steps; None where no row of a bulk job has been recorded."""
        found = {text(name): value for name, value in self.redis.hgetall(JobKeys.of(job_id).pace).items()}
        if not found:
            return None
        step_ms, first = int(found["step"]), int(found["first"])
        rows = {int(number): int(count) for number, count in found.items() if number.isdecimal()}
        return Pace(step_ms, first * step_ms, tuple(rows.get(n, 0) for n in range(first, max(rows) + 1)))

    def output_columns(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterator[tuple[int, OutputColumns]]:
        """Number and answers, as they are stored, of those of these chunks that have any."""
        blobs = self.redis.hmget(JobKeys.of(job_id).output, list(map(str, chunk_numbers)))
        for number, blob in zip(chunk_numbers, blobs, strict=True):
            if blob is not None:
                yield number, decode_columns(cast(bytes, blob))

    def failed_chunks(self, job_id: str) -> list[int]:
        """Numbers of the chunks with rows that have an error, in order."""
        return sorted(int(number) for number in self.redis.hkeys(JobKeys.of(job_id).failures))

    def inputs(self, job_id: str, chunk_numbers: Sequence[int]) -> list[InputChunk]:
        """Chunks as they were submitted; those that are there."""
        blobs = self.redis.hmget(JobKeys.of(job_id).input, list(map(str, chunk_numbers)))
        return [decode_input(cast(bytes, blob)) for blob in blobs if blob is not None]

    def wait_ended(self, job_id: str, timeout_s: float) -> bool:
        """Block until the job has ended; False when the time is over first. Needs `timeout_s` < socket timeout."""
        key = JobKeys.of(job_id).ended
        # Moving the one element onto its own list leaves it there for everybody else who waits.
        return self.redis.brpoplpush(key, key, timeout_s) is not None

    def _chunks(self, job_id: str, chunk_numbers: Sequence[int]) -> Iterable[tuple[int, bytes | None, bytes | None]]:
        """Number, input and output of each of these chunks."""
        if not chunk_numbers:
            return ()
        k = JobKeys.of(job_id)
        pipe = self.redis.pipeline(transaction=False)
        pipe.hmget(k.input, list(map(str, chunk_numbers)))
        pipe.hmget(k.output, list(map(str, chunk_numbers)))
        return zip(chunk_numbers, *pipe.execute(), strict=True)

    def _read(self, job_ids: Sequence[str]) -> Sequence[Job | None]:
        pipe = self.redis.pipeline(transaction=False)
        pipe.time()
        for job_id in job_ids:
            key = JobKeys.of(job_id).job
            pipe.hgetall(key)
            pipe.pttl(key)
            pipe.zrank(keys.QUEUED, job_id)
        (seconds, micros), *answers = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        return [
            _job({text(f): text(v) for f, v in fields.items()}, now_ms, now_ms + ttl_ms, rank) if fields else None
            for fields, ttl_ms, rank in zip(answers[::3], answers[1::3], answers[2::3], strict=True)
        ]

    def _redis_ms(self) -> int:
        seconds, micros = self.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def _end_job(self, job_id: str, state: JobState, error: RowError | None = None) -> str | None:
        found = self._end(
            **JobKeys.of(job_id).renewed,
            receiving=keys.RECEIVING,
            queued=keys.QUEUED,
            schedule=keys.SCHEDULE,
            webhooks_due=keys.WEBHOOKS_DUE,
            live=keys.LIVE,
            job_id=job_id,
            state=state,
            ttl_ms=self._ttl_ms,
            error_code=error.code if error else "",
            error_detail=error.detail if error else "",
        )
        return None if found is None else text(found)


def _idempotency_key(job: NewJob) -> str | None:
    return keys.idempotency(job.idempotency_key, job.owner) if job.idempotency_key else None


def _or_blank(value: int | None) -> str:
    return "" if value is None else str(value)


def _job(fields: dict[str, str], now_ms: int, expires_at_ms: int, rank: int | None) -> Job:
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
