"""Held, scheduled, expired and retried jobs on a real Redis; the clock is the test's where times matter."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import JobEnded, NotBulk, NothingToRetry
from sentiq.core.redis_keys import JobKeys
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane, InteractiveLane, sweep_schedule
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import (
    ChunkRef,
    InputChunk,
    Job,
    JobOptions,
    JobState,
    Lane,
    NewJob,
    Outcome,
    Priority,
    RowError,
    new_job_id,
)
from tests.support.jobs import FAILED, POSITIVE, answer_chunk, answer_to, chunk_of, claim, create_job

pytestmark = pytest.mark.stores("redis", "memory")

HOUR_MS = 3_600_000
NOON_MS = 1_772_366_400_000  # 2026-03-01T12:00Z


class Clock:
    def __init__(self) -> None:
        self.ms = NOON_MS

    def __call__(self) -> int:
        return self.ms


class Messages:
    """A Celery producer that keeps what it is given, as (chunk number, priority)."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []

    def send_task(self, name: str, args: tuple[object, ...] = (), **options: object) -> None:
        self.sent.append((args[1], options["priority"]))  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(redis: Redis, settings: Settings, clock: Clock) -> JobStore:
    return JobStore(redis, settings, clock)


def created(store: JobStore, chunks: int, lane: Lane = Lane.BULK, **options: Any) -> tuple[NewJob, list[ChunkRef]]:
    """A sealed job of chunks of two rows, and what was issued of it."""
    return create_job(store, *map(chunk_of, range(chunks)), lane=lane, options=JobOptions(**options))


def answer(bulk: BulkLane, ref: ChunkRef, failed: int = 0) -> list[ChunkRef]:
    """Claim and record one chunk, the first rows failed; returns what that issued."""
    return answer_chunk(bulk, ref, [*[FAILED] * failed, *[POSITIVE] * (2 - failed)], took_ms=10)


def finish(bulk: BulkLane, store: JobStore, job: NewJob, issued: list[ChunkRef]) -> Job:
    """Answer everything that is issued until nothing is; each chunk once."""
    seen: list[int] = []
    while issued:
        ref = issued.pop(0)
        seen.append(ref.chunk_no)
        issued += answer(bulk, ref)
    assert len(seen) == len(set(seen)), "no chunk is issued twice"
    return store.get(job.id)


def test_a_paused_job_starts_no_chunk_and_goes_on_where_it_was(store: JobStore, bulk: BulkLane) -> None:
    job, issued = created(store, chunks=6)
    first, *published = issued
    opened = claim(bulk, first)
    store.pause(job.id)
    assert store.get(job.id).state is JobState.PAUSED

    assert all(bulk.claim(ref, "early") is None for ref in published), "messages on their way find it held"
    assert bulk.record([answer_to(opened)]) == [], "what was in flight is taken, nothing follows"
    assert (store.get(job.id).completed, store.get(job.id).state) == (2, JobState.PAUSED)

    again = store.resume(job.id)
    assert {ref.chunk_no for ref in published} <= {ref.chunk_no for ref in again}
    done = finish(bulk, store, job, again)
    assert (done.state, done.completed) == (JobState.COMPLETED, 12)


def test_pausing_twice_and_resuming_what_runs_change_nothing(store: JobStore, bulk: BulkLane) -> None:
    job, issued = created(store, chunks=2)
    assert store.resume(job.id) == []
    store.pause(job.id)
    store.pause(job.id)
    for ref in issued:
        assert bulk.claim(ref, "early") is None
    assert finish(bulk, store, job, store.resume(job.id)).state is JobState.COMPLETED


def test_a_job_paused_while_its_last_chunk_runs_completes(store: JobStore, bulk: BulkLane) -> None:
    job, [ref] = created(store, chunks=1)
    opened = claim(bulk, ref)
    store.pause(job.id)
    bulk.record([answer_to(opened)])
    assert store.get(job.id).state is JobState.COMPLETED
    with pytest.raises(JobEnded):
        store.pause(job.id)


def test_rows_may_arrive_while_paused(store: JobStore, bulk: BulkLane) -> None:
    job = NewJob(new_job_id(), Lane.BULK, "")
    store.create(job)
    store.pause(job.id)
    assert store.append(job, 0, InputChunk(0, ("一", "二"))) == []
    store.seal(job, "wake-up")
    assert store.get(job.id).state is JobState.PAUSED
    assert finish(bulk, store, job, store.resume(job.id)).completed == 2


def test_a_paused_job_can_be_cancelled_and_erased(redis: Redis, store: JobStore) -> None:
    job, _ = created(store, chunks=2)
    store.pause(job.id)
    store.cancel(job.id)
    assert store.get(job.id).state is JobState.CANCELLED
    store.erase(job.id)
    assert [key for key in redis.scan_iter(f"*{job.id}*") if key.decode() != JobKeys.of(job.id).ended] == []


def test_interactive_jobs_cannot_be_paused(store: JobStore) -> None:
    job, _ = created(store, chunks=1, lane=Lane.INTERACTIVE)
    with pytest.raises(NotBulk):
        store.pause(job.id)


def test_a_job_waits_for_its_start(store: JobStore, bulk: BulkLane, clock: Clock) -> None:
    job, issued = created(store, chunks=2, start_at_ms=NOON_MS + HOUR_MS)
    assert issued == []
    waiting = store.get(job.id)
    assert (waiting.state, waiting.opens_at_ms, waiting.queue_position) == (JobState.SCHEDULED, NOON_MS + HOUR_MS, None)
    assert store.due() == []

    clock.ms += HOUR_MS
    messages = Messages()
    assert sweep_schedule(store, messages) == 1
    assert messages.sent == [(0, 0), (1, 3)]
    assert store.get(job.id).state is JobState.QUEUED
    assert store.due() == []


def test_work_flows_only_inside_the_window_and_resumes_the_next_night(
    store: JobStore, bulk: BulkLane, clock: Clock
) -> None:
    job, issued = created(store, chunks=6, window="22:00-06:00")
    assert (issued, store.get(job.id).opens_at_ms) == ([], NOON_MS + 10 * HOUR_MS)

    clock.ms += 10 * HOUR_MS  # 22:00
    assert store.due() == [job.id]
    first, *rest = store.advance(job.id)
    rest += answer(bulk, first)
    clock.ms += 8 * HOUR_MS  # 06:00
    assert store.advance(job.id) == []
    assert store.get(job.id).state is JobState.SCHEDULED
    assert all(bulk.claim(ref, "late") is None for ref in rest)

    clock.ms += 16 * HOUR_MS  # 22:00 again
    done = finish(bulk, store, job, store.advance(job.id))
    assert (done.state, done.completed) == (JobState.COMPLETED, 12)
    assert store.due() == []


def test_a_pause_outlives_the_opening_of_the_window(store: JobStore, clock: Clock) -> None:
    job, _ = created(store, chunks=1, window="22:00-06:00")
    store.pause(job.id)
    clock.ms += 10 * HOUR_MS
    assert store.advance(job.id) == []
    assert store.get(job.id).state is JobState.PAUSED
    assert len(store.resume(job.id)) == 1


def test_resuming_outside_the_window_waits_for_it(store: JobStore) -> None:
    job, _ = created(store, chunks=1, window="22:00-06:00")
    store.pause(job.id)
    assert store.resume(job.id) == []
    assert store.get(job.id).state is JobState.SCHEDULED


def test_a_deadline_keeps_what_is_done(store: JobStore, bulk: BulkLane, clock: Clock) -> None:
    job, [first, second, *_] = created(store, chunks=4, expire_at_ms=NOON_MS + HOUR_MS)
    answer(bulk, first)
    running = claim(bulk, second)
    clock.ms += HOUR_MS
    sweep_schedule(store, Messages())

    expired = store.get(job.id)
    assert (expired.state, expired.completed) == (JobState.EXPIRED, 2)
    assert bulk.record([answer_to(running)]) == []
    assert store.get(job.id).completed == 2, "it comes too late"
    assert [r is not None for r in Results(store.redis).chunks(job.id, range(4))] == [True, False, False, False]


def test_failed_rows_are_tried_again_and_good_ones_stay_readable(store: JobStore, bulk: BulkLane) -> None:
    job, issued = created(store, chunks=3)
    answer(bulk, issued[0])
    answer(bulk, issued[1], failed=1)
    answer(bulk, issued[2], failed=2)
    assert (store.get(job.id).completed, store.get(job.id).failed) == (3, 3)

    again = store.retry(job.id)
    assert [ref.chunk_no for ref in again] == [1, 2]
    running = store.get(job.id)
    assert (running.state, running.completed, running.failed) == (JobState.RUNNING, 3, 3)
    assert all(result is not None for result in Results(store.redis).chunks(job.id, range(3)))
    with pytest.raises(NothingToRetry):
        store.retry(job.id)

    opened = claim(bulk, again[0], "retry")
    assert opened.before is not None
    assert [outcome.error is None for outcome in opened.before.outcomes] == [False, True]
    bulk.record([answer_to(opened)])
    bulk.record([answer_to(opened)])  # a second execution changes nothing
    answer(bulk, again[1], failed=1)

    done = store.get(job.id)
    assert (done.state, done.completed, done.failed) == (JobState.COMPLETED, 5, 1)
    assert len(store.retry(job.id)) == 1


def test_rows_whose_line_was_bad_are_not_tried_again(store: JobStore, bulk: BulkLane) -> None:
    bad = RowError("empty_text", "Line 1: nothing", 1)
    job, [ref] = create_job(store, InputChunk(0, ("", "好"), errors={0: bad}))
    answer_chunk(bulk, ref, [Outcome(error=bad), POSITIVE])
    with pytest.raises(NothingToRetry):
        store.retry(job.id)
    [result] = Results(store.redis).chunks(job.id, [0])
    assert result is not None
    assert result.output.outcomes[0].error == bad, "with its line"


def test_an_interactive_job_can_be_tried_again(
    store: JobStore, bulk: BulkLane, redis: Redis, settings: Settings
) -> None:

    interactive = InteractiveLane(redis, settings)
    job, _ = created(store, chunks=1, lane=Lane.INTERACTIVE)
    [opened] = interactive.take("task") or []
    interactive.record([answer_to(opened, failed=2)])
    done = finish(bulk, store, job, store.retry(job.id))
    assert (done.state, done.completed, done.failed) == (JobState.COMPLETED, 2, 0)


def test_waiting_jobs_have_a_place_by_priority_then_age(store: JobStore, bulk: BulkLane) -> None:
    normal, issued = created(store, chunks=1)
    low, _ = created(store, chunks=1, priority=Priority.LOW)
    high, _ = created(store, chunks=1, priority=Priority.HIGH)
    assert [store.get(j.id).queue_position for j in (high, normal, low)] == [1, 2, 3]
    answer(bulk, issued[0])
    assert [store.get(j.id).queue_position for j in (high, normal, low)] == [1, None, 2]


def test_messages_carry_the_priority_and_first_chunks_overtake(store: JobStore, clock: Clock) -> None:
    messages = Messages()
    for priority in Priority:
        created(store, chunks=2, priority=priority, start_at_ms=NOON_MS + 1)
    clock.ms += 1
    sweep_schedule(store, messages)
    assert sorted(messages.sent) == [(0, 0), (0, 0), (0, 9), (1, 0), (1, 3), (1, 9)]


def test_only_running_time_counts(redis: Redis, store: JobStore, bulk: BulkLane) -> None:
    job, issued = created(store, chunks=2)
    answer(bulk, issued[0])
    store.pause(job.id)
    paused = store.get(job.id)
    redis.hincrby(JobKeys.of(job.id).job, "started_at", -HOUR_MS)
    assert paused.eta_s is None
    assert store.get(job.id).ran_ms == paused.ran_ms, "the clock of a held job stands"


def test_jobs_of_older_versions_are_readable(redis: Redis, store: JobStore) -> None:
    job, _ = created(store, chunks=1)
    redis.hdel(JobKeys.of(job.id).job, "options", "file", "ran_ms")
    assert store.get(job.id).options == JobOptions()


def test_an_ended_job_leaves_no_entry_behind(redis: Redis, store: JobStore, bulk: BulkLane) -> None:
    job, issued = created(store, chunks=2, expire_at_ms=NOON_MS + HOUR_MS, webhook="wh_1")
    finish(bulk, store, job, issued)
    assert redis.zscore(redis_keys.SCHEDULE, job.id) is None
    assert redis.zscore(redis_keys.QUEUED, job.id) is None
    assert redis.zscore(redis_keys.WEBHOOKS_DUE, job.id) is not None
