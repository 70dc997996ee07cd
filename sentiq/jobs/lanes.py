"""The job store as workers see it: chunks are claimed, opened, recorded, released and swept.

A chunk in flight has a lease. The parent of the child that works on it renews the lease while the task runs; when the
child dies the parent releases the chunk, and when the whole worker falls silent the lease runs out and any sweeper
gives the chunk out again. Work is at least once; `record` makes the visible result exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.long_texts import LongTexts
from sentiq.core.redis import text
from sentiq.core.redis_clock import now_ms
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs.census import texts_per_second
from sentiq.jobs.codec import decode_output, encode_output
from sentiq.jobs.input_codec import decode_input
from sentiq.jobs.messages import Producer, new_task_id, publish, queue_keys, wake
from sentiq.jobs.scripts import RoundTrip, Script
from sentiq.jobs.store import ISSUE_LEASE_MS, WAKEUP_EXPIRY_MS, JobStore
from sentiq.jobs.types import ChunkRef, InputChunk, JobOptions, Lane, OutputChunk, RowError

REDELIVERY_MS = 2_000  #: Celery redelivers the message of a dead child within this time; then the sweeper steps in
SWEEP_CHUNKS = 1_000  #: chunks that one sweep of the bulk lane looks at; the rest waits for the next
DEMAND_JOBS = 32  #: the oldest bulk jobs, whose remaining chunks are counted
DEMAND_CHUNKS = 256  #: pending interactive chunks whose rows are counted to tell how many batches wait
FEW = 16  #: so many pending interactive chunks are too few for even batches: they are taken in their order
CHOICE = 64  #: the oldest pending interactive chunks, among which a `drain` chooses

SPEED_OF_MS = {
    Lane.INTERACTIVE: 10_000,
    Lane.BULK: 60_000,
}  #: how much of the latest work, in ms, counts fully for the speed of children
SAMPLE = 100  #: pending chunks that tell how many rows one has

STALLED = RowError("upload_interrupted", "The upload stalled or its connection broke; rows that had arrived are kept.")


@dataclass(frozen=True, slots=True)
class OpenChunk:
    """A claimed chunk, ready to work on."""

    ref: ChunkRef
    input: InputChunk
    crashes: int  # in which this chunk was before
    isolation: bytes | None  # state of the halving, see worker/child/isolation.py
    request_id: str  # of the request that made the job
    model: str = ""  # id the job asked for; "" means the active one
    long_texts: LongTexts = "truncate"
    before: OutputChunk | None = None  # the result whose failed rows are tried again
    waited_s: float | None = None  # from ready to taken; None where it was taken before
    aspects: str = ""  # the set by which its texts are divided, as in JobOptions
    language: str = ""  # of rows that have none of their own, as in JobOptions

    def told_language(self, offset: int) -> str:
        """Return the language that was given with a row, else that of the job for a row with a text; "" for neither."""
        own = self.input.languages[offset] if self.input.languages else ""
        return own or (self.language if offset not in self.input.errors else "")


@dataclass(frozen=True, slots=True)
class LaneCounts:
    """How much a lane has to do."""

    waiting: int  # chunks without an owner
    in_flight: int  # chunks that a child holds


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """The interactive lane's rows."""

    waiting: float  # without a child; estimated
    arrived: int  # since they were first counted
    capacity: float | None  # a second, with the model that serves; None: not known


@dataclass(frozen=True, slots=True)
class Swept:
    """What was overdue on a lane, in chunks."""

    sent: int  # given out again
    lost: int  # of these, how many a worker held that fell silent


class _Lane:
    """The operations that both lanes share."""

    lane: Lane

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self.redis = redis
        self._keys = LaneKeys.of(self.lane)
        self._ttl_ms = settings.job_ttl_s * 1000
        self._lease_ms = round(settings.lease_s * 1000)
        self._record = Script(redis, "record")
        self._renew = Script(redis, "renew")
        self._release = Script(redis, "release")

    def renew(self, task_ids: Sequence[str]) -> None:
        """Extend the leases of the chunks that these tasks hold: the tasks still run."""
        if task_ids:
            self._renew(
                leases=self._keys.leases,
                owners=self._keys.owners,
                lease_ms=self._lease_ms,
                ttl_ms=self._ttl_ms,
                task_ids=task_ids,
            )

    def record(self, results: Sequence[tuple[ChunkRef, OutputChunk]], took_ms: float = 0) -> list[ChunkRef]:
        """Store results, in one round trip. Returns the chunks for which a message must be sent.

        `took_ms` is the time the child took for all of them, for estimates of speed; 0 does not count there.
        """
        trip = RoundTrip(self.redis)
        self._add_records(trip, results, took_ms)
        return [ChunkRef.parse(text(member)) for answer in trip.run() for member in answer[1:]]

    def _add_records(self, trip: RoundTrip, results: Sequence[tuple[ChunkRef, OutputChunk]], took_ms: float) -> None:
        rows = sum(len(output.outcomes) for _, output in results)
        k = self._keys
        for ref, output in results:
            counts = output.counts
            trip.add(
                self._record,
                **JobKeys.of(ref.job_id).renewed,
                leases=k.leases,
                owners=k.owners,
                crashes=k.crashes,
                children=k.children,
                published=redis_keys.PUBLISHED,
                queued=redis_keys.QUEUED,
                schedule=redis_keys.SCHEDULE,
                webhooks_due=redis_keys.WEBHOOKS_DUE,
                speed=k.speed,
                live=redis_keys.LIVE,
                job_id=ref.job_id,
                member=str(ref),
                chunk_no=ref.chunk_no,
                blob=encode_output(output),
                completed=counts.completed,
                failed=counts.failed,
                without_text=counts.without_text,
                unreadable=counts.unreadable,
                model=output.model,
                ttl_ms=self._ttl_ms,
                issue_lease_ms=ISSUE_LEASE_MS,
                took_ms=_share_ms(took_ms, output, rows),
                halve_after_ms=SPEED_OF_MS[self.lane],
            )

    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        """Store the state of a halving, so that the next execution continues where this one dies."""
        job = JobKeys.of(ref.job_id)
        pipe = self.redis.pipeline(transaction=True)
        pipe.hset(job.isolation, str(ref.chunk_no), state)
        pipe.pexpire(job.isolation, self._ttl_ms)
        pipe.execute()

    def _release_all(self, task_id: str, pending: str | None, wakeups: str | None) -> list[ChunkRef]:
        members = self._release(
            leases=self._keys.leases,
            owners=self._keys.owners,
            crashes=self._keys.crashes,
            pending=pending,
            wakeups=wakeups,
            task_id=task_id,
            ttl_ms=self._ttl_ms,
            redelivery_ms=REDELIVERY_MS,
        )
        return [ChunkRef.parse(text(member)) for member in members]


class InteractiveLane(_Lane):
    """A shared list of pending chunks; a message is only a wake-up that makes some child drain it."""

    lane = Lane.INTERACTIVE

    def __init__(self, redis: Redis, settings: Settings) -> None:
        super().__init__(redis, settings)
        self._rows = settings.interactive_texts
        self._take = Script(redis, "take")
        self._wake = Script(redis, "wake")
        self._sweep = Script(redis, "sweep_interactive")
        self._demand = Script(redis, "demand_interactive")

    def take(self, task_id: str, *, lingers: bool = False) -> list[OpenChunk] | None:
        """Take the next batch: the oldest chunk, and others after it or, where many wait, of like length.

        Empty when the jobs of all chunks taken had ended; None when nothing waits. Then this wake-up has ended, unless
        it `lingers`: it is to ask again.
        """
        trip = RoundTrip(self.redis)
        self._add_take(trip, task_id, lingers)
        return self._taken(trip.run()[-1])

    def record_and_take(
        self, results: Sequence[tuple[ChunkRef, OutputChunk]], took_ms: float, task_id: str
    ) -> list[OpenChunk] | None:
        """Do what `record` does and then what `take` does for a task that lingers, in one round trip."""
        trip = RoundTrip(self.redis)
        self._add_records(trip, results, took_ms)
        self._add_take(trip, task_id, lingers=True)
        return self._taken(trip.run()[-1])

    def hear_bell(self, within_s: float) -> bool:
        """Wait until a job may have come; False when the time, less than the socket timeout, is over."""
        return self.redis.blpop([redis_keys.BELL], within_s) is not None

    def _add_take(self, trip: RoundTrip, task_id: str, lingers: bool) -> None:
        k, pattern = self._keys, JobKeys.of("%s")
        trip.add(
            self._take,
            pending=redis_keys.PENDING,
            leases=k.leases,
            owners=k.owners,
            crashes=k.crashes,
            wakeups=redis_keys.WAKEUPS,
            children=k.children,
            task_id=task_id,
            lingers=int(lingers),
            rows_wanted=self._rows,
            few=FEW,
            max_chunks=CHOICE,
            lease_ms=self._lease_ms,
            ttl_ms=self._ttl_ms,
            job_pattern=pattern.job,
            input_pattern=pattern.input,
            output_pattern=pattern.output,
            isolation_pattern=pattern.isolation,
        )

    @staticmethod
    def _taken(answer: list[Any]) -> list[OpenChunk] | None:
        if not answer:
            return None
        opened = []
        for member, crashes, blob, isolation, *words, waited_ms in answer[1:]:
            request_id, model, stored_options = map(text, words)
            options = JobOptions.loads(stored_options)
            opened.append(
                OpenChunk(
                    ref=ChunkRef.parse(text(member)),
                    input=decode_input(blob),
                    crashes=crashes,
                    isolation=isolation,
                    request_id=request_id,
                    model=model,
                    long_texts=options.long_texts,
                    waited_s=waited_ms / 1000 if waited_ms >= 0 else None,
                    aspects=options.aspects,
                    language=options.language,
                )
            )
        return opened

    def release(self, task_id: str) -> list[ChunkRef]:
        """Free the chunks of a task whose child died. Returns them; they are pending again."""
        return self._release_all(task_id, redis_keys.PENDING, redis_keys.WAKEUPS)

    def hand_over(self, producer: Producer, task_id: str) -> None:
        """Send a new `drain` for the chunks that wait when this one has used its time."""
        self._send_wakeup(producer, task_id, "takes over from a drain that ran its 2 s")

    def sweep(self, producer: Producer) -> Swept:
        """Return overdue chunks to pending, and send a `drain` where chunks wait and none is on its way."""
        k = self._keys
        overdue: int = self._sweep(
            pending=redis_keys.PENDING, leases=k.leases, owners=k.owners, crashes=k.crashes, ttl_ms=self._ttl_ms
        )
        self._send_wakeup(producer, "", "sweeper: chunks wait and no other drain is on its way")
        return Swept(overdue, overdue)

    def counts(self) -> LaneCounts:
        return LaneCounts(self.redis.llen(redis_keys.PENDING), self.redis.zcard(self._keys.leases))

    def load(self) -> LaneLoad:
        """Estimate how many rows wait, in two round trips: a sample of the chunks tells how many rows one has."""
        pipe = self.redis.pipeline(transaction=False)
        pipe.llen(redis_keys.PENDING)
        pipe.lrange(redis_keys.PENDING, 0, SAMPLE - 1)
        pipe.get(redis_keys.ARRIVED)
        chunks, sample, arrived = pipe.execute()
        rows = sum(ChunkRef.parse(text(member)).rows for member in sample)
        waiting = chunks * rows / len(sample) if sample else 0.0
        return LaneLoad(waiting, int(arrived or 0), texts_per_second(self.redis, self.lane))

    def demand(self) -> int:
        """Count the children that would find work now, including those that have some."""
        found: int = self._demand(
            pending=redis_keys.PENDING, owners=self._keys.owners, batch_rows=self._rows, max_chunks=DEMAND_CHUNKS
        )
        return found

    def _send_wakeup(self, producer: Producer, ending_id: str, cause: str) -> None:
        wakeup_id = new_task_id()
        if self._wake(
            pending=redis_keys.PENDING,
            wakeups=redis_keys.WAKEUPS,
            children=self._keys.children,
            wakeup_id=wakeup_id,
            wakeup_expiry_ms=WAKEUP_EXPIRY_MS,
            ttl_ms=self._ttl_ms,
            ending_id=ending_id,
        ):
            wake(producer, wakeup_id, cause)


class BulkLane(_Lane):
    """One message a chunk; at most a window of chunks per job is published."""

    lane = Lane.BULK

    def __init__(self, redis: Redis, settings: Settings) -> None:
        super().__init__(redis, settings)
        self._claim = Script(redis, "claim")
        self._open = Script(redis, "open")
        self._sweep = Script(redis, "sweep_bulk")
        self._demand = Script(redis, "demand_bulk")

    def claim(self, ref: ChunkRef, task_id: str) -> OpenChunk | None:
        """Claim and open a chunk. None when another task holds it, it has its result, or the job ended."""
        k = self._keys
        crashes, *waited_ms = self._claim(
            leases=k.leases,
            owners=k.owners,
            crashes=k.crashes,
            published=redis_keys.PUBLISHED,
            member=str(ref),
            task_id=task_id,
            lease_ms=self._lease_ms,
            ttl_ms=self._ttl_ms,
        )
        return None if crashes < 0 else self._opened(ref, task_id, crashes, *waited_ms)

    def _opened(self, ref: ChunkRef, task_id: str, crashes: int, waited_ms: int) -> OpenChunk | None:
        """Open a chunk that the task has claimed; the claim of one without work is forgotten."""
        job, k = JobKeys.of(ref.job_id), self._keys
        answer = self._open(
            job=job.job,
            input=job.input,
            output=job.output,
            isolation=job.isolation,
            held=job.held,
            retry=job.retry,
            leases=k.leases,
            owners=k.owners,
            crashes=k.crashes,
            queued=redis_keys.QUEUED,
            job_id=ref.job_id,
            chunk_no=ref.chunk_no,
            member=str(ref),
            task_id=task_id,
            ttl_ms=self._ttl_ms,
        )
        if not answer or answer == [b"held"]:
            return None
        blob, isolation, result, *words = answer
        request_id, model, stored_options = map(text, words)
        options = JobOptions.loads(stored_options)
        return OpenChunk(
            ref,
            decode_input(blob),
            crashes,
            isolation,
            request_id,
            model,
            options.long_texts,
            None if result is None else decode_output(result),
            waited_ms / 1000 if waited_ms >= 0 else None,
            options.aspects,
            options.language,
        )

    def release(self, task_id: str) -> list[ChunkRef]:
        """Free the chunks of a task whose child died. Returns them; each gets a message again."""
        return self._release_all(task_id, None, None)

    def sweep(self, producer: Producer) -> Swept:
        """Send a message for each chunk that is overdue; while no message waits, for each that needs one."""
        k = self._keys
        lost, *members = self._sweep(
            leases=k.leases,
            owners=k.owners,
            crashes=k.crashes,
            published=redis_keys.PUBLISHED,
            queues=queue_keys(self.lane),
            issue_lease_ms=ISSUE_LEASE_MS,
            ttl_ms=self._ttl_ms,
            max_chunks=SWEEP_CHUNKS,
        )
        publish(producer, [ChunkRef.parse(text(member)) for member in members], again=True)
        return Swept(len(members), lost)

    def counts(self) -> LaneCounts:
        owned = self.redis.hlen(self._keys.owners)
        return LaneCounts(max(self.redis.zcard(self._keys.leases) - owned, 0), owned)

    def demand(self) -> int:
        """Count the children that would find work now, including those that have some."""
        found: int = self._demand(
            leases=self._keys.leases, live=redis_keys.LIVE, max_jobs=DEMAND_JOBS, job_key_pattern=JobKeys.of("%s").job
        )
        return found


def sweep_schedule(store: JobStore, producer: Producer) -> int:
    """Start, stop and end the jobs whose time has come. Returns how many were looked at."""
    due = store.due()
    for job_id in due:
        publish(producer, store.advance(job_id))
    return len(due)


class Clock:
    """The clock of Redis: shifts deadlines when it goes back, and lets one sweeper at a time have the turn."""

    UNNOTICED_MS = 2_000
    TURN_MS = 800  #: less than sweepers wait between two rounds, so that one alone always has its turn

    def __init__(self, redis: Redis, ttl_ms: int) -> None:
        self._shift_deadlines = Script(redis, "shift_deadlines")
        self._ttl_ms = ttl_ms

    def take_turn(self) -> int | None:
        """By how many ms the clock went back since a sweeper last took the turn; None when another has just taken it.

        Then that one sweeps for all: what a second of sweeping costs Redis does not grow with the workers.
        """
        leases = [LaneKeys.of(lane).leases for lane in Lane]
        went_back: int = self._shift_deadlines(
            clock=redis_keys.CLOCK,
            deadlines=[*leases, redis_keys.WAKEUPS, redis_keys.RECEIVING, redis_keys.DELIVERIES],
            unnoticed_ms=self.UNNOTICED_MS,
            ttl_ms=self._ttl_ms,
            turn_ms=self.TURN_MS,
        )
        return None if went_back < 0 else went_back


def sweep_uploads(store: JobStore) -> int:
    """Fail the jobs whose upload sent nothing for too long. Returns how many."""
    stalled = store.redis.zrangebyscore(redis_keys.RECEIVING, "-inf", now_ms(store.redis))
    for job_id in stalled:
        store.interrupt(text(job_id), STALLED)
    return len(stalled)


def _share_ms(took_ms: float, output: OutputChunk, rows: int) -> int:
    """Return one chunk's share of the time that several took together; 0 for the bundled model, whose speed differs."""
    if not took_ms or output.degraded:
        return 0
    return max(1, round(took_ms * len(output.outcomes) / rows))
