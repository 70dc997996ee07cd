"""Rows over time: every row is counted once, in a hash that stays small however long the job runs."""

from __future__ import annotations

import itertools
import json
import time
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.core.redis import text
from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, Lane, NewJob, Outcome, OutputChunk, RowError
from tests.support.jobs import submitted

STEPS = 120


def answer(lane: BulkLane | InteractiveLane, job: NewJob, number: int, *, failed: int = 0) -> None:
    ok, bad = Outcome((0.1, 0.9)), Outcome(error=RowError("inference_failed", "why"))
    outcomes = (bad,) * failed + (ok,) * (2 - failed)
    lane.record([(ChunkRef(job.id, number, 2), OutputChunk(2 * number, "m@1", ("negative", "positive"), outcomes))])


def read(client: FlaskClient, job: NewJob) -> dict[str, Any]:
    found = client.get(f"/api/v1/jobs/{job.id}/throughput")
    assert found.status_code == 200
    document: dict[str, Any] = json.loads(found.data)
    assert document["object"] == "throughput"
    return document


def moved_back(redis: Redis, job: NewJob, seconds: int) -> int:
    """As if all that was recorded so far had been so long ago. Returns the seconds in whole steps."""
    pace = JobKeys.of(job.id).pace
    fields = {text(name): int(value) for name, value in redis.hgetall(pace).items()}
    steps = seconds * 1000 // fields["step"]
    redis.delete(pace)
    for name, value in fields.items():
        if name.isdigit():
            redis.hset(pace, str(int(name) - steps), value)
        else:
            redis.hset(pace, name, value - steps * (name == "first"))
    return steps * fields["step"] // 1000


def test_rows_are_counted_when_they_are_recorded(
    redis: Redis, client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job = submitted(store, Lane.BULK, 4)
    assert read(client, job) == {"object": "throughput", "step_s": 1, "points": []}
    began_s = time.time()
    answer(bulk, job, 0)
    moved_back(redis, job, 10)
    answer(bulk, job, 1)
    answer(bulk, job, 1)  # a second time: nothing is recorded
    answer(bulk, job, 2)

    found = read(client, job)
    rows = [point["rows"] for point in found["points"]]
    at = [datetime.fromisoformat(point["at"]).timestamp() for point in found["points"]]
    assert found["step_s"] == 1
    assert rows[0] == 2
    assert rows[1:10] == [0] * 9, "steps without rows are zeros"
    assert sum(rows) == 6
    assert [b - a for a, b in itertools.pairwise(at)] == [1] * (len(at) - 1)
    assert began_s - 12 <= at[0] <= time.time() - 8


def test_steps_grow_so_that_they_stay_few(redis: Redis, client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, 60)
    pace, steps_s = JobKeys.of(job.id).pace, []
    age_s = 0
    for number in range(50):
        answer(bulk, job, number)
        age_s += moved_back(redis, job, 40 * (number + 1))
        found = read(client, job)
        steps_s.append(found["step_s"])
        assert sum(point["rows"] for point in found["points"]) == 2 * (number + 1)
        assert len(found["points"]) <= STEPS
        assert redis.hlen(pace) <= STEPS + 2
    assert redis.object("encoding", pace) in (b"listpack", b"ziplist")
    assert steps_s == sorted(steps_s)
    assert {step & (step - 1) for step in steps_s} == {0}, "powers of two"
    assert age_s / STEPS / 2 < steps_s[-1] < age_s / STEPS * 4
    begins = datetime.fromisoformat(found["points"][0]["at"]).timestamp()
    assert begins == pytest.approx(time.time() - age_s, abs=2 * steps_s[-1])

    moved_back(redis, job, -1_000_000)  # the clock went back
    answer(bulk, job, 50)
    assert sum(point["rows"] for point in read(client, job)["points"]) == 102


def test_rows_tried_again_count_again(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, 2)
    answer(bulk, job, 0)
    answer(bulk, job, 1, failed=1)
    store.retry(job.id)
    answer(bulk, job, 1)
    assert store.get(job.id).state == "completed"
    assert sum(point["rows"] for point in read(client, job)["points"]) == 4 + 1


def test_an_interactive_job_has_none_unless_it_is_tried_again(
    redis: Redis, client: FlaskClient, store: JobStore, bulk: BulkLane, interactive: InteractiveLane
) -> None:
    job = submitted(store, Lane.INTERACTIVE, 1)
    answer(interactive, job, 0, failed=1)
    assert read(client, job)["points"] == []
    assert not redis.exists(JobKeys.of(job.id).pace)
    store.retry(job.id)
    answer(bulk, job, 0)
    assert [point["rows"] for point in read(client, job)["points"]] == [1]


def test_it_lives_as_long_as_its_job(redis: Redis, client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, 2)
    answer(bulk, job, 0)
    k = JobKeys.of(job.id)
    redis.pexpire(k.pace, 1_000)
    store.pause(job.id)
    assert redis.pttl(k.pace) >= redis.pttl(k.job) - 1_000
    store.erase(job.id)
    assert not redis.exists(k.pace)
    assert client.get(f"/api/v1/jobs/{job.id}/throughput").status_code == 404
