"""Every transition of the job store against a real Redis; the letters are those of docs/architecture.md."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from redis import Redis

from sentiq.core import redis_clock, redis_keys
from sentiq.core.errors import IdempotencyInProgress, IdempotencyMismatch, InvalidInput, JobEnded, JobNotFound
from sentiq.core.redis import RedisFull, text
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs import store as store_module
from sentiq.jobs.lanes import BulkLane, Clock, InteractiveLane, sweep_uploads
from sentiq.jobs.messages import CLASSIFY_CHUNK, DRAIN
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import (
    ChunkRef,
    JobState,
    Lane,
    NewJob,
    RowError,
    new_job_id,
)
from tests.support.jobs import Messages, answer_to, chunk_of, claimed, new, small_job, submitted
from tests.support.processes import wait_until

pytestmark = pytest.mark.stores("redis", "memory")


def wakeups_sent(redis: Redis) -> list[str]:
    """The messages that no worker has fetched, the oldest first; they are gone then."""
    with redis.pipeline(transaction=True) as pipe:
        pipe.lrange("interactive", 0, -1)
        pipe.delete("interactive")
        return [text(message) for message in reversed(pipe.execute()[0])]


# -- A, B, C, D ----


def test_a_bulk_job_from_a_to_d(store: JobStore, bulk: BulkLane) -> None:
    job = new()
    store.create(job)
    assert store.get(job.id).state is JobState.RECEIVING  # A

    assert store.append(job, 0, chunk_of(0)) == [ChunkRef(job.id, 0, 2)]
    assert store.append(job, 1, chunk_of(1)) == [ChunkRef(job.id, 1, 2)]
    store.seal(job, "unused")
    assert store.get(job.id).state is JobState.QUEUED  # B

    first = claimed(bulk, job, 0)
    assert first.input == chunk_of(0)
    assert store.get(job.id).state is JobState.RUNNING  # C
    bulk.record([answer_to(first)])
    assert (store.get(job.id).completed, store.get(job.id).state) == (2, JobState.RUNNING)

    bulk.record([answer_to(claimed(bulk, job, 1), failed=1)])
    done = store.get(job.id)
    assert done.state is JobState.COMPLETED  # D
    assert (done.total, done.completed, done.failed, done.answered_by) == (4, 3, 1, "m@1")
    assert done.ended_at_ms is not None
    assert done.eta_s == 0


def test_work_begins_before_the_upload_ends(store: JobStore, bulk: BulkLane) -> None:
    job = new()
    store.create(job)
    store.append(job, 0, chunk_of(0))
    bulk.record([answer_to(claimed(bulk, job, 0))])

    assert (store.get(job.id).state, store.get(job.id).completed) == (JobState.RECEIVING, 2)
    store.seal(job, "unused")
    assert store.get(job.id).state is JobState.COMPLETED


def test_only_a_window_of_chunks_is_published_and_each_result_publishes_the_next(
    redis: Redis, store: JobStore, bulk: BulkLane
) -> None:
    redis.set(redis_keys.LaneKeys.of(Lane.BULK).children, 2)
    job = new()
    store.create(job)
    published = [ref for n in range(9) for ref in store.append(job, n, chunk_of(n))]
    store.seal(job, "unused")
    assert [ref.chunk_no for ref in published] == [0, 1, 2, 3]  # two children, and two more

    for number in range(9):
        published += bulk.record([answer_to(claimed(bulk, job, number))])
    assert [ref.chunk_no for ref in published] == list(range(9))
    assert store.get(job.id).state is JobState.COMPLETED


def test_an_interactive_job_is_taken_with_its_neighbours(store: JobStore, interactive: InteractiveLane) -> None:
    jobs = [submitted(store, Lane.INTERACTIVE, rows=3) for _ in range(4)]

    taken = interactive.take("drain-1")

    assert taken is not None
    assert [o.ref.job_id for o in taken] == [job.id for job in jobs]
    interactive.record([answer_to(o) for o in taken])
    assert {store.get(job.id).state for job in jobs} == {JobState.COMPLETED}
    assert interactive.take("drain-1") is None


def test_a_batch_is_bounded_and_the_next_one_takes_the_rest(redis: Redis, settings: Settings, store: JobStore) -> None:
    lane = InteractiveLane(redis, settings.model_copy(update={"interactive_texts": 5}))
    for _ in range(4):
        submitted(store, Lane.INTERACTIVE, rows=3)

    assert [len(lane.take(t) or ()) for t in ("a", "b", "c")] == [2, 2, 0]


# -- exactly one visible result ----


def test_the_first_result_of_a_chunk_wins(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK)
    opened = claimed(bulk, job, 0)
    bulk.record([answer_to(opened)])
    bulk.record([answer_to(opened, failed=2)])

    assert (store.get(job.id).completed, store.get(job.id).failed) == (2, 0)
    (result,) = Results(store.redis).chunks(job.id, [0])
    assert result is not None
    assert all(outcome.error is None for outcome in result.output.outcomes)


def test_concurrent_records_of_one_chunk_count_once(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, chunks=1, rows=50)
    opened = claimed(bulk, job, 0, rows=50)
    threads = [threading.Thread(target=bulk.record, args=([answer_to(opened)],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.get(job.id).completed == 50


def patient(settings: Settings) -> Settings:
    """Those of the other tests, with leases that outlast any step of a test."""
    return settings.model_copy(update={"lease_s": 60.0})


def test_a_claimed_chunk_is_not_claimed_twice_and_a_finished_one_never(
    store: JobStore, redis: Redis, settings: Settings
) -> None:
    bulk = BulkLane(redis, patient(settings))
    job = submitted(store, Lane.BULK, chunks=2)
    ref = ChunkRef(job.id, 0, 2)
    opened = claimed(bulk, job, 0, "one")

    assert bulk.claim(ref, "two") is None
    bulk.record([answer_to(opened)])
    assert bulk.claim(ref, "two") is None
    assert bulk.counts().in_flight == 0


def test_a_claim_that_another_task_took_over_stays_its_own(
    redis: Redis, store: JobStore, bulk: BulkLane, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(store, Lane.BULK)
    ref, lane, other = ChunkRef(job.id, 0, 2), LaneKeys.of(Lane.BULK), BulkLane(redis, settings)
    open_chunk = bulk._open

    def open_late(**words: Any) -> Any:
        redis.zadd(lane.leases, {str(ref): 1})  # the lease ran out
        assert other.claim(ref, "other") is not None
        store.cancel(job.id)
        return open_chunk(**words)

    monkeypatch.setattr(bulk, "_open", open_late)
    assert bulk.claim(ref, "late") is None
    assert redis.hget(lane.owners, str(ref)) == b"other"


# -- what is lost comes back ----


def test_an_overdue_chunk_gets_a_new_message_and_four_lost_workers_count_as_a_crash(
    store: JobStore, bulk: BulkLane
) -> None:
    job = submitted(store, Lane.BULK)
    crashes = []
    for number in range(4):
        crashes.append(claimed(bulk, job, 0, f"silent {number}").crashes)
        messages = Messages()
        wait_until(partial(lost, bulk, messages), message="the lease runs out")
        assert messages.sent == [(CLASSIFY_CHUNK, (job.id, 0, 2, 3))]

    assert crashes == [0, 0, 0, 0]
    assert claimed(bulk, job, 0, "other").crashes == 1


def lost(lane: BulkLane | InteractiveLane, messages: Messages) -> int:
    return lane.sweep(messages).lost


def test_a_renewed_lease_does_not_run_out(store: JobStore, bulk: BulkLane, redis: Redis, settings: Settings) -> None:
    job, renewed = submitted(store, Lane.BULK, chunks=2), BulkLane(redis, patient(settings))
    claimed(bulk, job, 0, "alive")
    renewed.renew(["alive"])
    claimed(bulk, job, 1, "silent")
    messages = Messages()

    def renew_and_sweep() -> int:
        renewed.renew(["alive"])
        return lost(bulk, messages)

    wait_until(renew_and_sweep, message="the silent task's lease runs out")
    assert messages.sent == [(CLASSIFY_CHUNK, (job.id, 1, 2, 3))]
    assert bulk.claim(ChunkRef(job.id, 0, 2), "thief") is None


def test_a_script_takes_lists_that_are_longer_than_the_stack_of_lua(
    redis: Redis, store: JobStore, bulk: BulkLane
) -> None:
    leases, ref = LaneKeys.of(Lane.BULK).leases, ChunkRef(submitted(store, Lane.BULK).id, 0, 2)
    bulk.claim(ref, "last")
    redis.zadd(leases, {str(ref): 1})

    bulk.renew([*map(str, range(20_000)), "last"])

    assert (redis.zscore(leases, str(ref)) or 0) > 1


def test_the_chunk_of_a_dead_child_is_free_at_once(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK)
    claimed(bulk, job, 0, "dead")

    assert bulk.release("dead") == [ChunkRef(job.id, 0, 2)]
    assert claimed(bulk, job, 0, "dead").crashes == 1  # Celery redelivers under the same task id


def test_released_interactive_chunks_are_retried_alone(store: JobStore, interactive: InteractiveLane) -> None:
    first, second = (submitted(store, Lane.INTERACTIVE) for _ in range(2))
    assert len(interactive.take("dead") or ()) == 2
    interactive.release("dead")
    third = submitted(store, Lane.INTERACTIVE)

    batches = [interactive.take(t) for t in ("a", "b", "c")]

    assert sorted(len(b or ()) for b in batches) == [1, 1, 1]
    taken = {o.ref.job_id: o.crashes for b in batches for o in b or ()}
    assert taken == {first.id: 1, second.id: 1, third.id: 0}


def test_overdue_interactive_chunks_are_pending_again(store: JobStore, interactive: InteractiveLane) -> None:
    job = submitted(store, Lane.INTERACTIVE)
    interactive.take("silent")
    messages = Messages()

    wait_until(partial(lost, interactive, messages), message="the lease runs out")

    taken = interactive.take("other")
    assert taken is not None
    (opened,) = taken
    assert (opened.ref.job_id, opened.crashes) == (job.id, 0), "nobody saw a crash"


def test_a_lost_wakeup_is_sent_again_once_none_lives(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    submitted(store, Lane.INTERACTIVE)
    messages = Messages()
    interactive.sweep(messages)
    assert messages.sent == []  # the submit's own wake-up still lives

    redis.delete(redis_keys.WAKEUPS)
    interactive.sweep(messages)
    interactive.sweep(messages)
    assert messages.sent == [(DRAIN, ())]


def test_a_submit_right_after_the_last_take_sends_a_wakeup(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    redis.set(redis_keys.LaneKeys.of(Lane.INTERACTIVE).children, 0)
    store.submit(small_job(new(Lane.INTERACTIVE), wakeup_id="w1"))
    assert wakeups_sent(redis) == ["message w1"]
    opened = interactive.take("w1")
    assert opened
    interactive.record([answer_to(opened[0])])
    assert interactive.take("w1") is None

    store.submit(small_job(new(Lane.INTERACTIVE), wakeup_id="w2"))
    assert wakeups_sent(redis) == ["message w2"]


def test_more_wakeups_than_children_are_not_sent(redis: Redis, store: JobStore) -> None:
    redis.set(redis_keys.LaneKeys.of(Lane.INTERACTIVE).children, 2)
    for number in range(6):
        store.submit(small_job(new(Lane.INTERACTIVE), wakeup_id=f"w{number}"))
    assert wakeups_sent(redis) == ["message w0", "message w1", "message w2"]


def test_a_drain_that_lingers_hears_of_the_next_job(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    redis.set(redis_keys.LaneKeys.of(Lane.INTERACTIVE).children, 0)
    store.submit(small_job(new(Lane.INTERACTIVE), wakeup_id="w1"))
    opened = interactive.take("w1", lingers=True)
    assert opened
    assert interactive.record_and_take([answer_to(opened[0])], 1.0, "w1") is None
    wakeups_sent(redis)

    assert interactive.hear_bell(3), "the bell of the job it has answered"
    assert not interactive.hear_bell(0.01)
    with ThreadPoolExecutor(1) as threads:
        heard = threads.submit(interactive.hear_bell, 4)
        other = small_job(new(Lane.INTERACTIVE), wakeup_id="w2")
        store.submit(other)
        assert heard.result(60)
    assert wakeups_sent(redis) == [], "the one that lingers is enough"
    assert [chunk.ref.job_id for chunk in interactive.take("w1", lingers=True) or ()] == [other.job.id]


def test_each_child_takes_its_share(redis: Redis, store: JobStore, interactive: InteractiveLane) -> None:
    redis.set(redis_keys.LaneKeys.of(Lane.INTERACTIVE).children, 2)
    for _ in range(7):
        submitted(store, Lane.INTERACTIVE)
    assert [len(interactive.take(task) or ()) for task in ("a", "b", "c", "d")] == [4, 2, 1, 0]


def test_one_bad_submission_leaves_the_others_of_its_round_trip(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    first, broken, last = (small_job(new(Lane.INTERACTIVE)) for _ in range(3))
    redis.set(JobKeys.of(broken.job.id).input, "of another type")
    answers = store.submit_all([first, broken, last])
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert {store.get(small.job.id).state for small in (first, last)} == {JobState.QUEUED}


def test_of_a_trip_in_which_redis_forgets_its_scripts_all_is_done(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis reads a long trip in pieces, between which another client may flush the scripts."""
    forgotten = replace(store._submit.source, digest="0" * 40)
    monkeypatch.setattr(store._submit, "source", forgotten)
    smalls = [small_job(new(Lane.INTERACTIVE)) for _ in range(3)]
    assert store.submit_all(smalls) == [None] * 3
    assert {store.get(small.job.id).state for small in smalls} == {JobState.QUEUED}


def test_a_small_job_with_a_key_is_made_once(store: JobStore) -> None:
    first, again, other = (new(Lane.INTERACTIVE, key="k") for _ in range(3))
    assert store.submit(small_job(first, payload_digest="d")) is None
    assert store.submit(small_job(again, payload_digest="d")) == first.id
    with pytest.raises(IdempotencyMismatch):
        store.submit(small_job(other, payload_digest="e"))


def test_a_job_that_no_index_lists_is_gone_soon_after_its_end(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    job = new(Lane.INTERACTIVE)
    store.submit(small_job(job, own_ttl_ms=30_000))
    k = JobKeys.of(job.id)
    assert store.list_jobs(10) == ([], None)
    assert 0 < redis.pttl(k.job) <= 30_000
    assert 0 < redis.pttl(k.input) <= 30_000
    (opened,) = interactive.take("task") or []
    interactive.record([answer_to(opened)])
    assert store.get(job.id).state is JobState.COMPLETED
    assert not redis.exists(k.input), "its texts go at once"
    assert all(0 < redis.pttl(key) <= 5_000 for key in redis.keys(f"*{job.id}*"))


# -- E and F ----


def test_a_silent_upload_fails_its_job_and_keeps_what_is_done(store: JobStore, bulk: BulkLane) -> None:
    job = new(key="k")
    store.create(job)
    store.append(job, 0, chunk_of(0))
    bulk.record([answer_to(claimed(bulk, job, 0))])

    wait_until(lambda: sweep_uploads(store), message="the upload is silent for too long")

    failed = store.get(job.id)
    assert (failed.state, failed.completed) == (JobState.FAILED, 2)  # E
    assert failed.error is not None
    assert failed.error.code == "upload_interrupted"
    with pytest.raises(JobEnded):
        store.append(job, 1, chunk_of(1))
    assert store.create(new(key="k")) is None  # the key is free for another try


def test_a_slow_upload_that_shows_signs_of_life_goes_on(store: JobStore, settings: Settings) -> None:
    alive, silent = new(), new()
    store.create(alive)
    store.create(silent)

    def touch_and_sweep() -> int:
        store.touch(alive.id)
        return sweep_uploads(store)

    wait_until(touch_and_sweep, message="the silent upload is failed")
    assert store.get(alive.id).state is JobState.RECEIVING
    assert store.get(silent.id).state is JobState.FAILED


def test_cancel_while_running_keeps_finished_rows_and_drops_late_ones(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, chunks=3)
    bulk.record([answer_to(claimed(bulk, job, 0))])
    late = claimed(bulk, job, 1)

    store.cancel(job.id)
    assert bulk.record([answer_to(late)]) == []

    cancelled = store.get(job.id)
    assert (cancelled.state, cancelled.completed) == (JobState.CANCELLED, 2)  # F
    assert bulk.claim(ChunkRef(job.id, 2, 2), "task") is None
    assert [r is not None for r in Results(store.redis).chunks(job.id, [0, 1, 2])] == [True, False, False]
    store.cancel(job.id)
    assert store.get(job.id).ended_at_ms == cancelled.ended_at_ms


def test_an_erased_job_leaves_nothing_even_when_a_child_still_works_on_it(
    redis: Redis, store: JobStore, bulk: BulkLane
) -> None:
    job = new(key="k")
    store.create(job)
    store.append(job, 0, chunk_of(0))
    store.seal(job, "unused", payload_digest="d")
    opened = claimed(bulk, job, 0)

    store.erase(job.id)
    bulk.record([answer_to(opened)])

    k = JobKeys.of(job.id)
    assert redis.exists(k.job, k.input, k.output, k.isolation, redis_keys.idempotency("k")) == 0
    assert bulk.counts() == type(bulk.counts())(0, 0)
    with pytest.raises(JobNotFound):
        store.get(job.id)
    with pytest.raises(JobNotFound):
        store.erase(job.id)


def test_those_who_wait_are_woken_by_every_end(store: JobStore, bulk: BulkLane) -> None:
    completed, cancelled, erased = (submitted(store, Lane.BULK) for _ in range(3))
    assert store.wait_ended(completed.id, 0.05) is False
    bulk.record([answer_to(claimed(bulk, completed, 0))])
    store.cancel(cancelled.id)
    store.erase(erased.id)

    for job in (completed, completed, cancelled, erased):  # twice: one who waits does not rob the other
        assert store.wait_ended(job.id, 2.0) is True


# -- answers that get lost: redis-py sends the transition again ----


def test_a_bulk_job_whose_transitions_are_sent_twice_is_answered_once(store: JobStore, bulk: BulkLane) -> None:
    job = new(key="k")
    for _ in range(2):
        assert store.create(job, payload_digest="d") is None
    for number in range(2):
        for _ in range(2):
            store.append(job, number, chunk_of(number))
    for _ in range(2):
        store.seal(job, "sealing", payload_digest="d")
    for number in range(2):
        result = answer_to(claimed(bulk, job, number))
        for _ in range(2):
            bulk.record([result])

    done = store.get(job.id)
    assert (done.state, done.total, done.completed, done.chunks) == (JobState.COMPLETED, 4, 4, 2)
    assert store.create(new(key="k"), payload_digest="d") == job.id


def test_a_small_job_that_is_submitted_twice_is_pending_once_and_wakes_somebody(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    small = small_job(new(Lane.INTERACTIVE), wakeup_id="wake")
    assert [store.submit(small) for _ in range(2)] == [None, None]
    assert wakeups_sent(redis) == ["message wake"]

    (opened,) = interactive.take("task") or []
    interactive.record([answer_to(opened)])

    assert interactive.take("task") is None
    assert store.submit(small) is None  # ended since, and still no error
    assert interactive.take("task") is None


def test_a_flush_of_all_scripts_at_any_moment_changes_nothing(
    redis: Redis, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = redis.execute_command

    def flushed_before(*args: object, **options: object) -> object:
        real("SCRIPT FLUSH")
        answer = real(*args, **options)
        real("SCRIPT FLUSH")
        return answer

    monkeypatch.setattr(redis, "execute_command", flushed_before)

    job = submitted(store, Lane.BULK, chunks=2)
    bulk.record([answer_to(claimed(bulk, job, number)) for number in range(2)])

    assert store.get(job.id).state is JobState.COMPLETED


@pytest.mark.stores("redis")
def test_a_transition_that_a_full_redis_refuses_says_so(redis: Redis, store: JobStore) -> None:
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisFull):
            store.create(new())
    finally:
        redis.config_set("maxmemory", 0)


# -- idempotency, lists, TTL ----


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_an_upload_that_ends_before_it_is_complete_frees_its_idempotency_key(store: JobStore, end: str) -> None:
    job = new(key="k")
    store.create(job)
    getattr(store, end)(job.id)
    assert store.create(new(key="k")) is None


def test_erasing_a_broken_upload_leaves_its_idempotency_key_to_the_second_try(store: JobStore) -> None:
    broken, second = new(key="k"), new(key="k")
    store.create(broken)
    store.interrupt(broken.id, RowError("upload_interrupted", "why"))
    store.create(second)
    store.seal(second, "unused", payload_digest="d")
    store.erase(broken.id)
    assert store.replay(second, "d") == second.id


def test_what_belongs_to_a_job_lives_as_long_as_the_job(redis: Redis, store: JobStore, bulk: BulkLane) -> None:
    job = new(key="k")
    store.create(job)
    store.append(job, 0, chunk_of(0))
    store.append(job, 1, chunk_of(1))
    store.seal(job, "unused", payload_digest="d")
    bulk.record([answer_to(claimed(bulk, job, 0), failed=1)])
    for key in redis.keys("*"):
        redis.pexpire(key, 1_000)  # as if much time had passed
    store.cancel(job.id)

    k = JobKeys.of(job.id)
    for key in (k.input, k.output, k.failures, k.pace, redis_keys.idempotency("k")):
        assert redis.pttl(key) >= redis.pttl(k.job) - 1_000


def test_an_idempotency_key_replays_refuses_and_waits(store: JobStore) -> None:
    job = new(key="k")
    assert store.create(job) is None
    with pytest.raises(IdempotencyInProgress):
        store.create(new(key="k"), payload_digest="d")
    store.seal(job, "unused", payload_digest="d")

    assert store.create(new(key="k"), payload_digest="d") == job.id
    assert store.replay(job, "d") == job.id
    assert store.replay(new(key="never used"), "d") is None
    with pytest.raises(IdempotencyMismatch):
        store.create(new(key="k"), payload_digest="other")


def test_a_job_stays_in_the_lists_as_long_as_it_lives(redis: Redis, store: JobStore, bulk: BulkLane) -> None:
    job = NewJob(new_job_id(), Lane.BULK, "m", owner="a key")
    store.create(job)
    indexes = (redis_keys.JOBS, redis_keys.jobs_of("a key"))
    for index in indexes:
        redis.expire(index, 5)  # as if it had been made long ago

    store.append(job, 0, chunk_of(3))

    assert all(redis.ttl(index) > 5 for index in indexes)


def test_deadlines_go_back_with_the_clock(redis: Redis, store: JobStore, settings: Settings) -> None:
    leases, clock = LaneKeys.of(Lane.BULK).leases, Clock(redis, 60_000)
    now_ms = redis_clock.now_ms(store.redis)
    redis.zadd(leases, {"held:0:3:1": now_ms + 7_200_000 + 500})
    assert clock.take_turn() == 0

    redis.set(redis_keys.CLOCK, now_ms + 7_200_000)  # as it was before the jump

    assert clock.take_turn() == pytest.approx(7_200_000, abs=1_500)
    assert (redis.zscore(leases, "held:0:3:1") or 0) == pytest.approx(now_ms + 500, abs=1_500)


def test_one_sweeper_at_a_time_has_the_turn(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "TURN_MS", 60_000)
    sweepers = [Clock(redis, 60_000) for _ in range(5)]

    assert [sweeper.take_turn() for sweeper in sweepers] == [0, None, None, None, None]
    redis.incrby(redis_keys.CLOCK, -Clock.TURN_MS)
    assert [sweeper.take_turn() for sweeper in reversed(sweepers)] == [0, None, None, None, None]


def test_jobs_are_listed_newest_first_by_page(redis: Redis, store: JobStore) -> None:
    ids = [submitted(store, Lane.BULK).id for _ in range(7)]
    for score, job_id in enumerate(ids):  # several may share a millisecond
        redis.zadd(redis_keys.JOBS, {job_id: score})
    redis.delete(JobKeys.of(ids[3]).job)  # as if it had expired
    expected = [i for i in reversed(ids) if i != ids[3]]

    seen: list[str] = []
    page, after = store.list_jobs(2)
    while page:
        assert len(page) <= 2
        seen += [job.id for job in page]
        page, after = store.list_jobs(2, after) if after else ([], None)

    assert seen == expected
    with pytest.raises(InvalidInput):
        store.list_jobs(2, "job_unknown")


def test_a_page_of_a_rare_state_looks_at_a_part_of_the_list(
    redis: Redis, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "JOBS_READ", 3)
    monkeypatch.setattr(store_module, "JOBS_LOOKED_AT", 6)
    ids = [submitted(store, Lane.BULK).id for _ in range(20)]
    for score, job_id in enumerate(ids):
        redis.zadd(redis_keys.JOBS, {job_id: score})
    for job_id in (ids[0], ids[1], ids[2], ids[19]):
        store.cancel(job_id)

    pages: list[list[str]] = []
    after: str | None = None
    while after is not None or not pages:
        page, after = store.list_jobs(2, after, [JobState.CANCELLED])
        pages.append([job.id for job in page])

    assert pages == [[ids[19]], [], [ids[2]], [ids[1], ids[0]]]


def test_the_indexes_forget_jobs_that_expired_though_nobody_lists_them(redis: Redis, store: JobStore) -> None:
    for job_id in [submitted(store, Lane.BULK).id for _ in range(200)]:
        redis.delete(JobKeys.of(job_id).job)  # as if it had expired

    living = {submitted(store, Lane.BULK).id for _ in range(300)}

    members = {text(job_id) for job_id in redis.zrange(redis_keys.JOBS, 0, -1)}
    assert living <= members
    assert len(members - living) < 20


def test_every_key_expires(redis: Redis, store: JobStore, bulk: BulkLane, interactive: InteractiveLane) -> None:
    submitted(store, Lane.INTERACTIVE)
    submitted(store, Lane.INTERACTIVE)
    interactive.take("t1")
    interactive.release("t1")
    interactive.take("t2")
    job = submitted(store, Lane.BULK, chunks=9)
    opened = claimed(bulk, job, 0)
    bulk.isolate(opened.ref, b"state")
    bulk.record([answer_to(opened)])
    claimed(bulk, job, 1, "t3")
    bulk.release("t3")
    wait_until(lambda: bulk.sweep(Messages()).sent)
    keyed = new(key="k")
    store.create(keyed)
    store.cancel(job.id)

    assert [key for key in redis.keys("*") if redis.pttl(key) < 0] == [b"interactive"], "that one is Celery's"
