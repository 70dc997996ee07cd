"""What the cluster has to do, against a real Redis."""

from __future__ import annotations

import time
from typing import Any

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs import census as census_module
from sentiq.jobs.census import census
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, JobOptions, Lane, NewJob, Priority, new_job_id
from tests.support.jobs import POSITIVE, answer_chunk, chunk_of, create_job

HOUR_MS = 3_600_000


def submit(store: JobStore, lane: Lane, *, chunks: int = 1, options: JobOptions | None = None) -> NewJob:
    return create_job(store, *map(chunk_of, range(chunks)), lane=lane, options=options)[0]


def answer(lane: BulkLane, job: NewJob, number: int) -> None:
    answer_chunk(lane, ChunkRef(job.id, number, 2), [POSITIVE] * 2)


def test_of_nothing(redis: Redis) -> None:
    now = census(redis)

    assert set(now.jobs) == {"receiving", "queued", "running", "scheduled", "paused", "ended"}
    assert not any(now.jobs.values())
    assert now.rows_waiting == 0
    for lane in Lane:
        found = now.lanes[lane]
        assert (found.waiting, found.in_flight, found.messages, found.oldest_waiting_s) == (0, 0, 0, 0)
    assert 0 < now.redis_used_bytes < now.redis_limit_bytes


def test_each_job_counts_in_its_state(
    redis: Redis, store: JobStore, bulk: BulkLane, interactive: InteractiveLane
) -> None:
    queued, running, paused, ended = (submit(store, Lane.BULK, chunks=2) for _ in range(4))
    receiving = NewJob(new_job_id(), Lane.BULK, "")
    store.create(receiving)
    submit(store, Lane.BULK, options=JobOptions(start_at_ms=round(time.time() * 1000) + HOUR_MS))
    bulk.claim(ChunkRef(running.id, 0, 2), "task")
    store.pause(paused.id)
    for number in range(2):
        answer(bulk, ended, number)
    for _ in range(3):
        submit(store, Lane.INTERACTIVE)
    interactive._rows = 2  # one chunk at a time
    interactive.take("drain")

    now = census(redis)

    assert now.jobs == {"receiving": 1, "queued": 1 + 2, "running": 1 + 1, "scheduled": 1, "paused": 1, "ended": 1}
    assert now.rows_waiting == 4 + 4 + 4 + 2, "queued, running, paused and scheduled: nothing has an outcome yet"
    assert (now.lanes[Lane.INTERACTIVE].waiting, now.lanes[Lane.INTERACTIVE].in_flight) == (2, 1)
    assert (now.lanes[Lane.BULK].waiting, now.lanes[Lane.BULK].in_flight) == (2 + 1 + 2, 1)
    assert queued.id != receiving.id


@pytest.mark.parametrize("messages", [1, 2, 14])
@pytest.mark.parametrize("waited_s", [5, 8 * 3600, 100 * 3600])
def test_the_oldest_bulk_chunk_is_told_however_many_messages_it_got(
    redis: Redis, store: JobStore, bulk: BulkLane, messages: int, waited_s: int
) -> None:
    began_s = time.monotonic()
    job = submit(store, Lane.BULK)
    submit(store, Lane.BULK)
    member, leases = str(ChunkRef(job.id, 0, 2)), LaneKeys.of(Lane.BULK).leases
    redis.hincrby(redis_keys.PUBLISHED, member, -waited_s * 1000 * 1000)  # as if it had been published then
    for _ in range(1, messages):  # and whoever sweeps came late
        redis.zadd(leases, {member: redis.time()[0] * 1000 - 1})

        class Nowhere:
            def send_task(self, *_: object, **__: object) -> None: ...

        assert bulk.sweep(Nowhere()).sent == 1

    told = census(redis).lanes[Lane.BULK].oldest_waiting_s
    opened = bulk.claim(ChunkRef(job.id, 0, 2), "task")

    late_s = 1 + time.monotonic() - began_s
    assert waited_s - 1 <= told <= waited_s + late_s
    assert opened is not None
    assert opened.waited_s is not None
    assert waited_s - 1 <= opened.waited_s <= waited_s + late_s
    assert census(redis).lanes[Lane.BULK].oldest_waiting_s <= time.monotonic() - began_s + 1, (
        "now it is the other job's"
    )


def test_the_wait_of_an_interactive_chunk_is_told_once(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    job = submit(store, Lane.INTERACTIVE)
    redis.hincrby(JobKeys.of(job.id).job, "sealed_at", -5_000)
    assert census(redis).lanes[Lane.INTERACTIVE].oldest_waiting_s == pytest.approx(5, abs=2)

    first = interactive.take("dies")
    interactive.release("dies")
    second = interactive.take("lives")

    assert [chunk.waited_s for chunk in first or ()] == [pytest.approx(5, abs=2)]
    assert [chunk.waited_s for chunk in second or ()] == [None]


def test_a_chunk_of_a_dead_child_has_not_waited_in_the_queue(store: JobStore, bulk: BulkLane) -> None:
    job = submit(store, Lane.BULK)
    bulk.claim(ChunkRef(job.id, 0, 2), "dies")
    bulk.release("dies")
    again = bulk.claim(ChunkRef(job.id, 0, 2), "dies")
    assert again is not None
    assert again.waited_s is None


def test_messages_of_all_priorities_count(redis: Redis) -> None:
    redis.rpush("bulk", "a", "b")
    redis.rpush("bulk\x06\x169", "c")
    redis.rpush("interactive", "d")
    lanes = census(redis).lanes
    assert (lanes[Lane.BULK].messages, lanes[Lane.INTERACTIVE].messages) == (3, 1)


def test_many_jobs_are_estimated_from_some(redis: Redis, store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        job = submit(store, Lane.BULK, chunks=2, options=JobOptions(priority=Priority.LOW))
        if number % 2:
            store.pause(job.id)
    monkeypatch.setattr(census_module, "SAMPLE", 30)

    now = census(redis)

    assert now.jobs["queued"] + now.jobs["paused"] == 60
    assert 10 < now.jobs["queued"] < 50
    assert now.rows_waiting == 60 * 4


def test_its_cost_does_not_grow_with_the_jobs(redis: Redis, store: JobStore) -> None:
    job = submit(store, Lane.BULK)
    fields: dict[Any, Any] = dict(redis.hgetall(JobKeys.of(job.id).job))
    pipe = redis.pipeline(transaction=False)
    for number in range(20_000):
        pipe.hset(JobKeys.of(f"job_{number}").job, mapping=fields)
        pipe.zadd(redis_keys.LIVE, {f"job_{number}": number})
        pipe.zadd(redis_keys.JOBS, {f"job_{number}": number})
        pipe.hset(redis_keys.PUBLISHED, f"job_{number}:0:3:2", 1)
    pipe.execute()
    before = redis.info("stats")["total_commands_processed"]

    now = census(redis)

    assert redis.info("stats")["total_commands_processed"] - before < census_module.SAMPLE + 40
    assert now.jobs["queued"] == pytest.approx(20_001, abs=21)
