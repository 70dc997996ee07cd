"""The job store against a plain Python model (store_model.py), in any order of calls that Hypothesis can think of.

The examples are the same at each run: a third of them, or all with `--full`. `pytest --hypothesis-profile=search` takes
ten times as many, other ones each time; `--hypothesis-seed=N` repeats one such search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import (
    IdempotencyInProgress,
    IdempotencyMismatch,
    JobEnded,
    JobNotFound,
    NotBulk,
    NothingToRetry,
    SentiqError,
)
from sentiq.core.redis import text
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs import lanes
from sentiq.jobs.lanes import STALLED, BulkLane, InteractiveLane, OpenChunk, sweep_schedule, sweep_uploads
from sentiq.jobs.messages import CLASSIFY_CHUNK, new_task_id
from sentiq.jobs.results import Results
from sentiq.jobs.store import ISSUE_LEASE_MS, JobStore
from sentiq.jobs.types import ChunkRef, JobOptions, JobState, Lane, NewJob, Priority, SmallJob
from tests.integration.store_model import Model, ModelJob, Opened, answer_of, input_chunk, output_chunk, prediction
from tests.support.examples import effort
from tests.support.jobs import chunk_of, let_leases_pass, small_job

pytestmark = pytest.mark.stores("redis", pytest.param("memory", marks=pytest.mark.full))

EXAMPLES = 180  #: a third of them still ends jobs in every way
STEPS = 50
JOBS = 5  #: of one example: enough to meet in the lanes, few enough to be met again
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOON_MS = 1_772_366_400_000  # 2026-03-01T12:00Z


@dataclass(frozen=True, slots=True)
class Kind:
    """What a submission asks for; times are hours from its creation."""

    lane: Lane = Lane.BULK
    priority: Priority = Priority.NORMAL
    start_h: int | None = None
    expire_h: int | None = None
    window: str = ""
    webhook: str = ""

    def new(self, job_id: str, key: str, now_ms: int) -> NewJob:
        start_ms, expire_ms = (None if h is None else now_ms + h * HOUR_MS for h in (self.start_h, self.expire_h))
        options = JobOptions(
            priority=self.priority,
            start_at_ms=start_ms,
            expire_at_ms=expire_ms,
            window=self.window,
            webhook=self.webhook,
        )
        return NewJob(job_id, self.lane, "m", idempotency_key=key, options=options)


PLAIN, QUICK = Kind(), Kind(Lane.INTERACTIVE)
KINDS = st.sampled_from(
    [
        *(PLAIN, PLAIN, QUICK),
        Kind(priority=Priority.LOW, webhook="wh_1"),
        Kind(window="22:00-06:00"),
        Kind(start_h=1, expire_h=40),
        Kind(expire_h=5, webhook="wh_1"),
        Kind(Lane.INTERACTIVE, webhook="wh_1"),
    ]
)
KEYS = st.sampled_from(["a key", "", "another key"])
DIGESTS = st.sampled_from(["one payload", "another payload"])
TASKS = st.sampled_from(["task 1", "task 2", "task 3"])
ROWS, BAD = st.integers(1, 3), st.sampled_from([False, False, True])  # of a bad chunk the first row cannot be read
CHUNKS = st.lists(st.tuples(ROWS, BAD), min_size=1, max_size=6)
FAILING = st.sampled_from([frozenset({0}), frozenset[int](), frozenset({0, 1, 2})])


@dataclass(frozen=True, slots=True)
class Execution:
    """A child at work: it may record its chunk soon, late, twice or never."""

    task: str
    lane: BulkLane | InteractiveLane
    opened: OpenChunk


class Messages:
    """A Celery producer that keeps what it is given."""

    def __init__(self) -> None:
        self.refs: list[ChunkRef] = []
        self.wakeups = 0

    def send_task(self, name: str, args: tuple[Any, ...] = (), **options: object) -> None:
        if name == CLASSIFY_CHUNK:
            self.refs.append(ChunkRef(*args))
        else:
            self.wakeups += 1


class StoreMachine(RuleBasedStateMachine):
    """Calls of clients, children, parents and sweepers, each followed by a comparison with the model."""

    def __init__(self, redis: Redis, settings: Settings, tally: Counter[str]) -> None:
        super().__init__()
        redis.flushdb()
        self.redis, self.tally = redis, tally
        self.clock_ms = NOON_MS
        self.store = JobStore(redis, settings, lambda: self.clock_ms)
        self.results = Results(redis)
        self.bulk, self.interactive = BulkLane(redis, settings), InteractiveLane(redis, settings)
        self.model = Model()
        self.small: dict[str, SmallJob] = {}
        self.messages: list[ChunkRef] = []  # all ever sent: each may come soon, late, again, or never
        self.executions: list[Execution] = []  # all ever begun
        tally["examples"] += 1

    # -- filling ----

    @initialize(kind=KINDS, key=KEYS, chunks=CHUNKS)
    def begin(self, kind: Kind, key: str, chunks: list[tuple[int, bool]]) -> None:
        self._submit(kind, key, chunks)

    @precondition(lambda self: len(self.model.jobs) < JOBS)
    @rule(kind=KINDS, key=KEYS, chunks=CHUNKS)
    def submit(self, kind: Kind, key: str, chunks: list[tuple[int, bool]]) -> None:
        """All at once, or few examples would come to the end of a job."""
        self._submit(kind, "" if key in self.model.keys else key, chunks)

    def _submit(self, kind: Kind, key: str, chunks: list[tuple[int, bool]]) -> None:
        if kind.lane is Lane.INTERACTIVE:
            self._submit_small(kind, key, *chunks[0])
            return
        job = self._create(kind, key, "")
        for rows, bad in chunks:
            self._append(job, rows, bad=bad)
        self._seal(job, "a digest")

    def _submit_small(self, kind: Kind, key: str, rows: int, bad: bool) -> None:
        job = ModelJob(kind.new(f"job_{len(self.model.jobs)}", key, self.clock_ms), kind.lane)
        chunk = input_chunk(job, rows, bad=bad)
        small = small_job(job.new, chunk, payload_digest="a digest")
        assert self.store.submit(small) is None
        job.chunks.append(chunk)
        job.sealed = True
        self.small[job.new.id] = small
        self.model.jobs[job.new.id] = job
        if key:
            self.model.keys[key] = (job.new.id, "a digest")

    @precondition(lambda self: self.small)
    @rule(data=st.data())
    def submit_again(self, data: st.DataObject) -> None:
        """The answer was lost, or the first request comes late."""
        job_id = data.draw(st.sampled_from(sorted(self.small)))
        if not self.model.jobs[job_id].erased:
            assert self.store.submit(self.small[job_id]) is None

    @precondition(lambda self: self.model.keys)
    @rule(data=st.data(), rows=ROWS, digest=DIGESTS)
    def submit_with_a_key_that_is_taken(self, data: st.DataObject, rows: int, digest: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.keys)))
        new = QUICK.new("job_again", key, self.clock_ms)
        small = small_job(new, chunk_of(0, rows), payload_digest=digest)
        self._replayed(key, digest, lambda: self.store.submit(small))

    @precondition(lambda self: len(self.model.jobs) < JOBS)
    @rule(kind=KINDS.filter(lambda kind: kind.lane is Lane.BULK), key=KEYS, digest=st.one_of(st.just(""), DIGESTS))
    def create(self, kind: Kind, key: str, digest: str) -> None:
        """The digest is "" where the payload is known only when all of it was read."""
        if key in self.model.keys:
            new = kind.new("job_again", key, self.clock_ms)
            self._replayed(key, digest, lambda: self.store.create(new, digest))
        else:
            self._create(kind, key, digest)

    def _create(self, kind: Kind, key: str, digest: str) -> ModelJob:
        job = ModelJob(kind.new(f"job_{len(self.model.jobs)}", key, self.clock_ms), kind.lane)
        assert self.store.create(job.new, digest) is None
        job.look_at(self.clock_ms)
        self.model.jobs[job.new.id] = job
        if key:
            self.model.keys[key] = (job.new.id, "")
        return job

    @rule(key=KEYS.filter(bool), digest=DIGESTS)
    def replay(self, key: str, digest: str) -> None:
        asking = NewJob("job_asking", Lane.BULK, "m", idempotency_key=key)
        if key in self.model.keys:
            self._replayed(key, digest, lambda: self.store.replay(asking, digest))
        else:
            assert self.store.replay(asking, digest) is None

    def _replayed(self, key: str, digest: str, call: Callable[[], str | None]) -> None:
        job_id, first = self.model.keys[key]
        if not first:
            self._refused(IdempotencyInProgress, call)
        elif digest not in ("", first):
            self._refused(IdempotencyMismatch, call)
        else:
            assert call() == job_id

    @precondition(lambda self: self.model.receiving)
    @rule(data=st.data(), rows=ROWS, bad=BAD)
    def append(self, data: st.DataObject, rows: int, bad: bool) -> None:
        job = self._any_job(data)
        if job.new.lane is Lane.BULK:  # a small job has one chunk
            self._append(job, rows, bad=bad)

    def _append(self, job: ModelJob, rows: int, *, bad: bool) -> None:
        number, chunk = len(job.chunks), input_chunk(job, rows, bad=bad)
        if not job.receiving:
            self._refused(JobEnded, lambda: self.store.append(job.new, number, chunk))
            return
        issued = self.store.append(job.new, number, chunk)
        job.chunks.append(chunk)
        self.messages += issued

    @precondition(lambda self: self.model.receiving)
    @rule(data=st.data(), digest=DIGESTS)
    def seal(self, data: st.DataObject, digest: str) -> None:
        self._seal(self._any_job(data), digest)

    def _seal(self, job: ModelJob, digest: str) -> None:
        if not job.receiving:
            self._refused(JobEnded, lambda: self.store.seal(job.new, new_task_id(), digest))
            return
        self.store.seal(job.new, new_task_id(), digest)
        job.sealed = True
        job.complete()
        if job.new.idempotency_key:
            self.model.keys[job.new.idempotency_key] = (job.new.id, digest)

    @precondition(lambda self: self.model.receiving)
    @rule(data=st.data())
    def touch(self, data: st.DataObject) -> None:
        job = self._any_job(data)
        if job.receiving:
            self.store.touch(job.new.id)
        else:
            self._refused(JobEnded, lambda: self.store.touch(job.new.id))

    # -- children and their parents ----

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), task=TASKS)
    def claim(self, data: st.DataObject, task: str) -> None:
        """Of a message of late, or of any that was ever sent."""
        self._claim(data.draw(st.one_of(st.sampled_from(self.messages[-4:]), st.sampled_from(self.messages))), task)

    def _claim(self, ref: ChunkRef, task: str) -> Execution | None:
        taken = self.model.owners.get(ref, task) != task and ref not in self.model.overdue
        opened = self.bulk.claim(ref, task)
        if taken:
            assert opened is None, "another task has it"
            self.tally["claims of chunks in flight"] += 1
            return None
        found = self.model.take(ref, task)
        assert (opened is not None) == (found is Opened.WORK), found
        self.tally["chunks that went back"] += found is Opened.HELD
        self.tally["messages that came too late"] += found is Opened.NOTHING
        return None if opened is None else self._begun(task, self.bulk, opened)

    @precondition(lambda self: any(job.lane is Lane.INTERACTIVE for job in self.model.jobs.values()))
    @rule(task=TASKS)
    def take(self, task: str) -> None:
        self._take(task)

    def _take(self, task: str) -> None:
        """A task that asks again is given what it holds: the first answer may have been lost."""
        owners = self.redis.hgetall(LaneKeys.of(Lane.INTERACTIVE).owners)
        holds = [ChunkRef.parse(text(member)) for member, owner in owners.items() if text(owner) == task]
        pending = [ChunkRef.parse(text(member)) for member in self.redis.lrange(redis_keys.PENDING, 0, -1)]
        opened = self.interactive.take(task)
        left = set(map(text, self.redis.lrange(redis_keys.PENDING, 0, -1)))
        taken = holds or [ref for ref in pending if str(ref) not in left]
        assert taken[:1] == (holds or pending)[:1], "the oldest is never passed over"
        assert (opened is None) == (taken == [])
        work = [ref for ref in taken if self.model.take(ref, task) is Opened.WORK]
        assert [o.ref for o in opened or ()] == work
        for one in opened or ():
            self._begun(task, self.interactive, one)

    def _begun(self, task: str, lane: BulkLane | InteractiveLane, opened: OpenChunk) -> Execution:
        """What was opened is what was submitted."""
        job, number = self.model.jobs[opened.ref.job_id], opened.ref.chunk_no
        assert opened.input == job.chunks[number]
        assert (None if opened.before is None else answer_of(opened.before)) == job.answers.get(number)
        execution = Execution(task, lane, opened)
        self.executions.append(execution)
        return execution

    @precondition(lambda self: self.executions)
    @rule(data=st.data(), failing=FAILING)
    def record(self, data: st.DataObject, failing: frozenset[int]) -> None:
        self._record(data.draw(st.sampled_from(self.executions)), failing)

    def _record(self, execution: Execution, failing: frozenset[int]) -> None:
        ref, opened = execution.opened.ref, execution.opened
        output = output_chunk(opened.input, failing, opened.before)
        self.messages += execution.lane.record([(ref, output)], took_ms=5)
        counts = self.model.jobs[ref.job_id].record(ref.chunk_no, answer_of(output))
        self.tally["chunks recorded" if counts else "records that came too late"] += 1
        self.model.let_go(ref)

    @precondition(lambda self: any(job.lane is Lane.BULK for job in self.model.live))
    @rule(chunks=st.integers(1, 8), failing=FAILING)
    def work(self, chunks: int, failing: frozenset[int]) -> None:
        """A child without a fault serves the oldest published chunks."""
        for _ in range(chunks):
            leased = [ChunkRef.parse(text(m)) for m in self.redis.zrange(LaneKeys.of(Lane.BULK).leases, 0, -1)]
            ref = next((ref for ref in leased if ref not in self.model.owners), None)
            execution = ref and self._claim(ref, "a child without a fault")
            if execution:
                self._record(execution, failing)

    @precondition(lambda self: self.model.owners)
    @rule(task=TASKS)
    def renew(self, task: str) -> None:
        for lane in (self.bulk, self.interactive):
            lane.renew([task])
        self.model.overdue -= set(self.model.held_by(task))

    @precondition(lambda self: self.model.owners)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """The child died."""
        task = data.draw(st.sampled_from(sorted(self.model.owners.values())))
        held = self.model.held_by(task)
        assert set(self.bulk.release(task) + self.interactive.release(task)) == set(held)
        self.tally["chunks of dead children"] += len(held)
        for ref in held:
            self.model.let_go(ref)

    @precondition(lambda self: self.messages or self.executions)
    @rule(data=st.data(), noticed=st.booleans())
    def lease_runs_out(self, data: st.DataObject, noticed: bool) -> None:
        """Of a chunk in flight: its worker fell silent. Of one that is published: its message was lost."""
        refs = st.sampled_from([*self.messages, *(e.opened.ref for e in self.executions)])
        ref = data.draw(st.one_of(st.sampled_from(sorted(self.model.owners)), refs) if self.model.owners else refs)
        for lane in Lane:
            self.redis.zadd(LaneKeys.of(lane).leases, {str(ref): 1}, xx=True)
        if ref in self.model.owners:
            self.model.overdue.add(ref)
        if noticed:
            self._sweep()

    @rule()
    def sweep(self) -> None:
        self._sweep()

    def _sweep(self) -> None:
        sent = Messages()
        self.interactive.sweep(sent)
        self.bulk.sweep(sent)
        assert self._in_flight() == set(map(str, self.model.owners.keys() - self.model.overdue))
        self.tally["chunks of silent workers"] += len(self.model.overdue)
        for ref in self.model.overdue.copy():
            self.model.let_go(ref)
        self.messages += sent.refs

    @rule(lane=st.sampled_from(Lane), children=st.integers(0, 3))
    def workers_come_or_go(self, lane: Lane, children: int) -> None:
        self.redis.set(LaneKeys.of(lane).children, children, ex=60)

    # -- owners and time ----

    @rule(data=st.data())
    def pause(self, data: st.DataObject) -> None:
        job = self._any_job(data)
        if self._holdable(job, lambda: self.store.pause(job.new.id)):
            self.store.pause(job.new.id)
            job.paused = True

    @precondition(lambda self: any(job.paused for job in self.model.live))
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self._resume(self._any_job(data))

    def _resume(self, job: ModelJob) -> None:
        if self._holdable(job, lambda: self.store.resume(job.new.id)):
            job.paused = False
            self.messages += self.store.resume(job.new.id)

    def _holdable(self, job: ModelJob, call: Callable[[], object]) -> bool:
        if job.erased:
            self._refused(JobNotFound, call)
        elif not job.live:
            self._refused(JobEnded, call)
        elif job.lane is Lane.INTERACTIVE:
            self._refused(NotBulk, call)
        else:
            return True
        return False

    @rule(data=st.data(), state=st.sampled_from([JobState.CANCELLED, JobState.EXPIRED, JobState.FAILED]))
    def end(self, data: st.DataObject, state: JobState) -> None:
        """One rule for three ways: with more, few jobs would come to their own end."""
        job = self._any_job(data)
        if state is JobState.EXPIRED:
            self.store.expire(job.new.id)
        elif state is JobState.FAILED:
            self.store.interrupt(job.new.id, STALLED)
        elif job.live or (job.ended is JobState.CANCELLED and not job.erased):
            self.store.cancel(job.new.id)
        else:
            self._refused(JobNotFound if job.erased else JobEnded, lambda: self.store.cancel(job.new.id))
        self.model.end(job, state)

    @precondition(lambda self: self.model.receiving)
    @rule()
    def upload_stalls(self) -> None:
        job = self.model.receiving[0]
        self.redis.zadd(redis_keys.RECEIVING, {job.new.id: 1}, xx=True)
        assert sweep_uploads(self.store) == 1
        self.model.end(job, JobState.FAILED)

    @precondition(lambda self: len(self.model.live) < len(self.model.jobs))
    @rule(data=st.data())
    def erase(self, data: st.DataObject) -> None:
        job = self._any_job(data)
        if job.erased:
            self._refused(JobNotFound, lambda: self.store.erase(job.new.id))
        else:
            self.store.erase(job.new.id)
            self.model.erase(job)

    @precondition(lambda self: self.model.retryable)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.model.retryable)) if data.draw(st.booleans()) else self._any_job(data)
        if job.erased:
            self._refused(JobNotFound, lambda: self.store.retry(job.new.id))
        elif job not in self.model.retryable:
            self._refused(NothingToRetry, lambda: self.store.retry(job.new.id))
        else:
            self.messages += self.store.retry(job.new.id)
            job.retry()
            self.tally["jobs tried again"] += 1

    @rule(data=st.data())
    def advance(self, data: st.DataObject) -> None:
        """Also of a job whose time has not come."""
        job = self._any_job(data)
        self.messages += self.store.advance(job.new.id)
        self.model.look_at(job, self.clock_ms)

    @rule(hours=st.integers(1, 12))
    def clock_moves(self, hours: int) -> None:
        self.clock_ms += hours * HOUR_MS
        due = self._due()
        sent = Messages()
        assert sweep_schedule(self.store, sent) == len(due)
        for job in due:
            self.model.look_at(job, self.clock_ms)
        self.messages += sent.refs

    def _due(self) -> list[ModelJob]:
        return [job for job in self.model.live if job.due_ms is not None and job.due_ms <= self.clock_ms]

    @rule()
    def a_day_passes(self) -> None:
        """For Redis: every key is a day nearer to its end. Jobs live for more days than an example has steps."""
        pipe = self.redis.pipeline()
        for key, ttl_ms in self._ttls_ms().items():
            if ttl_ms > DAY_MS:
                pipe.pexpire(key, ttl_ms - DAY_MS)
        pipe.execute()

    # -- what holds at any time ----

    @invariant()
    def all_is_well(self) -> None:
        self.tally["steps"] += 1
        self.jobs_are_as_predicted()
        self.rows_have_the_answers_to_their_texts()
        self.nobody_waits_in_vain()
        self.indexes_list_the_right_jobs()
        self.every_key_expires_and_none_before_its_job()

    def jobs_are_as_predicted(self) -> None:
        for job_id, job in self.model.jobs.items():
            if job.erased:
                with pytest.raises(JobNotFound):
                    self.store.get(job_id)
                continue
            found = self.store.get(job_id)
            assert (found.state, found.lane) == (job.state, job.lane)
            assert (found.total, found.completed, found.failed) == (job.total, job.completed, job.failed)
            assert (found.without_text, found.retryable) == (job.without_text, job.unanswered)
            assert found.finished <= found.total
            assert found.finished == found.total or found.state is not JobState.COMPLETED
            assert (found.paused_at_ms is not None, found.opens_at_ms) == (job.paused, job.opens_at_ms)
            assert (found.started_at_ms is not None, found.ended_at_ms is not None) == (job.started, not job.live)

    def rows_have_the_answers_to_their_texts(self) -> None:
        for job_id, job in self.model.jobs.items():
            if job.erased:
                continue
            for number, result in enumerate(self.results.chunks(job_id, range(len(job.chunks)))):
                assert (result is None) == (number not in job.answers)
                if result is None:
                    continue
                assert (result.input, result.output.first) == (job.chunks[number], job.chunks[number].first)
                for row, ok, outcome in zip(
                    result.input.texts, job.answers[number], result.output.outcomes, strict=True
                ):
                    assert (outcome == prediction(row)) if ok else (outcome.error is not None)
            failed = {number for number, answer in job.answers.items() if not all(answer)}
            assert set(self.results.failed_chunks(job_id)) == failed

    def nobody_waits_in_vain(self) -> None:
        """Each unfinished chunk of a job that may run is where a child or a sweeper comes by."""
        leased = {lane: set(map(text, self.redis.zrange(LaneKeys.of(lane).leases, 0, -1))) for lane in Lane}
        pending = set(map(text, self.redis.lrange(redis_keys.PENDING, 0, -1)))
        for job in self.model.jobs.values():
            if not job.live:
                continue
            refs = {str(job.ref(n)) for n in job.unfinished}
            if job.lane is Lane.INTERACTIVE:
                assert refs <= leased[Lane.INTERACTIVE] | pending
                continue
            back = {str(job.ref(int(n))) for n in self.redis.lrange(JobKeys.of(job.new.id).held, 0, -1)}
            issued = {str(job.ref(n)) for n in range(int(self.redis.hget(JobKeys.of(job.new.id).job, "issued") or 0))}
            assert refs & issued <= leased[Lane.BULK] | back
            assert job.held or not refs or refs & leased[Lane.BULK], "its next chunk is issued when one is recorded"

    def indexes_list_the_right_jobs(self) -> None:
        jobs = self.model.jobs
        kept = {i for i, job in jobs.items() if not job.erased}
        live = {i for i in kept if jobs[i].live}
        waiting = {i for i in live if jobs[i].lane is Lane.BULK and not jobs[i].started and not jobs[i].held}
        assert self._members(redis_keys.JOBS) == kept
        assert self._members(redis_keys.RECEIVING) == {i for i in live if not jobs[i].sealed}
        assert self._members(redis_keys.QUEUED) == waiting
        assert self._members(redis_keys.SCHEDULE) == {i for i in live if jobs[i].due_ms is not None}
        told = {i for i in kept if jobs[i].new.options.webhook and not jobs[i].live}
        assert told <= self._members(redis_keys.WEBHOOKS_DUE) <= kept

    def every_key_expires_and_none_before_its_job(self) -> None:
        ttls_ms = self._ttls_ms()
        assert [key for key, ttl_ms in ttls_ms.items() if ttl_ms < 0 and key != Lane.INTERACTIVE] == []
        taken = {redis_keys.idempotency(key) for key in self.model.keys}
        assert {key for key in ttls_ms if key.startswith("sentiq:idempotency:")} == taken
        for job_id, job in self.model.jobs.items():
            k = JobKeys.of(job_id)
            if job.erased:
                assert {key for key in ttls_ms if f"{{{job_id}}}" in key} <= {k.ended}
                continue
            mine = {key for key in ttls_ms if f"{{{job_id}}}" in key}
            if job.new.idempotency_key and self.model.keys.get(job.new.idempotency_key, ("",))[0] == job_id:
                mine.add(redis_keys.idempotency(job.new.idempotency_key))
            assert [key for key in mine if ttls_ms.get(key, 0) < ttls_ms[k.job] - HOUR_MS] == []

    # -- at the end of each example ----

    def teardown(self) -> None:
        """No job is stuck: sweepers and children without a fault bring each to its end, and empty the lanes."""
        for job in self.model.live:
            if job.receiving:
                self._seal(job, "a digest")
            if job.paused:
                self._resume(job)
        for _ in range(48):  # a window opens once a day
            self._lose_everything()
            self._serve()
            if not self.model.live:
                break
            self.clock_ms += HOUR_MS
        self._lose_everything()
        self._serve()  # messages about ended jobs
        assert self.model.live == []
        self.all_is_well()
        bulk, interactive = LaneKeys.of(Lane.BULK), LaneKeys.of(Lane.INTERACTIVE)
        lanes = [
            bulk.leases,
            bulk.owners,
            redis_keys.PUBLISHED,
            interactive.leases,
            interactive.owners,
            redis_keys.PENDING,
        ]
        assert [key for key in lanes if self.redis.exists(key)] == []
        self.tally.update(f"jobs {'erased' if job.erased else job.ended}" for job in self.model.jobs.values())

    def _lose_everything(self) -> None:
        """Messages, one issue lease ago; wake-ups, and whoever worked on something."""
        let_leases_pass(self.redis, Lane.BULK, ISSUE_LEASE_MS)
        for lane in Lane:
            leases, owners = LaneKeys.of(lane).leases, map(text, self.redis.hkeys(LaneKeys.of(lane).owners))
            if overdue := dict.fromkeys(owners, 1):
                self.redis.zadd(leases, overdue)
        self.redis.delete(redis_keys.WAKEUPS)
        self.model.overdue = set(self.model.owners)

    def _serve(self) -> None:
        """Sweep once, and answer what that sends until nothing follows."""
        self.messages.clear()
        for job in self._due():
            self.messages += self.store.advance(job.new.id)
            self.model.look_at(job, self.clock_ms)
        sent = Messages()
        self.interactive.sweep(sent)
        self.bulk.sweep(sent)
        assert sent.wakeups == bool(self.redis.exists(redis_keys.PENDING)), "who waits is fetched"
        for ref in self.model.overdue.copy():
            self.model.let_go(ref)
        self.messages += sent.refs
        while self.messages:
            execution = self._claim(self.messages.pop(0), "last")
            if execution:
                self._record(execution, frozenset())
        while self.redis.exists(redis_keys.PENDING):
            begun = len(self.executions)
            self._take("last")
            for execution in self.executions[begun:]:
                self._record(execution, frozenset())

    # -- helpers ----

    def _any_job(self, data: st.DataObject) -> ModelJob:
        job_id: str = data.draw(st.sampled_from(sorted(self.model.jobs)))
        return self.model.jobs[job_id]

    def _in_flight(self) -> set[str]:
        return {text(ref) for lane in Lane for ref in self.redis.hkeys(LaneKeys.of(lane).owners)}

    def _refused(self, error: type[SentiqError], call: Callable[[], object]) -> None:
        with pytest.raises(error):
            call()

    def _members(self, zset: str) -> set[str]:
        return set(map(text, self.redis.zrange(zset, 0, -1)))

    def _ttls_ms(self) -> dict[str, int]:
        names = [text(key) for key in self.redis.keys("*")]
        pipe = self.redis.pipeline(transaction=False)
        for name in names:
            pipe.pttl(name)
        return dict(zip(names, pipe.execute(), strict=True))


@pytest.mark.more
@pytest.mark.timeout(1200)
def test_the_store_does_what_the_model_says(
    redis: Redis, settings: Settings, tell: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases and uploads last as long as the test; what is to run out is made to.

    A `drain` chooses among few chunks, as more than a few never wait here.
    """
    monkeypatch.setattr(lanes, "FEW", 1)
    monkeypatch.setattr(lanes, "CHOICE", 3)
    patient = settings.model_copy(
        update={
            "lease_s": 3600,
            "upload_timeout_s": 3600,
            "job_ttl_s": round(timedelta(days=300).total_seconds()),
            "interactive_texts": 4,
        }
    )
    tally: Counter[str] = Counter()
    run_state_machine_as_test(
        lambda: StoreMachine(redis, patient, tally),  # type: ignore[arg-type]  # any callable will do
        settings=hypothesis_settings(max_examples=effort(EXAMPLES), stateful_step_count=STEPS),
    )
    tell(f"store machine: {', '.join(f'{count:,} {what}' for what, count in tally.most_common())}")
    assert min(tally[f"jobs {state}"] for state in JobState if state.has_ended) > 0
