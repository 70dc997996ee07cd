"""The cluster as the API shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Lane
from sentiq.jobs.workers import Heartbeat, beat, live_workers


def cluster(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/api/v1/cluster")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.data)
    return found


def test_of_nothing(client: FlaskClient) -> None:
    found = cluster(client)
    assert [lane["lane"] for lane in found["lanes"]] == ["interactive", "bulk"]
    for lane in found["lanes"]:
        assert (lane["waiting"], lane["in_flight"], lane["demand"], lane["oldest_waiting_s"]) == (0, 0, 0, 0)
        assert lane["texts_per_second"] is None
    assert (found["workers"], found["rows_waiting"], found["texts_per_second"]) == ([], 0, None)
    assert found["redis"]["max_memory_bytes"] is None


@pytest.mark.usefixtures("live_workers")
def test_what_waits_and_how_fast_each_lane_is(
    client: FlaskClient, redis: Redis, store: JobStore, answer_bulk: Callable[[str, int, int], None]
) -> None:
    small = client.post("/api/v1/jobs", json={"texts": ["好"]}).json["id"]
    redis.hincrby(JobKeys.of(small).job, "sealed_at", -7_000)
    large = client.post("/api/v1/jobs", json={"texts": ["好"] * 250}).json["id"]
    answer_bulk(large, 0, 100)
    redis.hset(LaneKeys.of(Lane.INTERACTIVE).speed, mapping={"rows": 300, "ms": 1_000})
    redis.hset(LaneKeys.of(Lane.BULK).speed, mapping={"rows": 500, "ms": 2_000})

    found = cluster(client)
    interactive, bulk = found["lanes"]

    assert interactive["oldest_waiting_s"] == pytest.approx(7, abs=2)
    assert bulk["oldest_waiting_s"] < 2
    assert (interactive["texts_per_second"], bulk["texts_per_second"]) == (300, 250)
    assert found["texts_per_second"] == 250
    assert (interactive["waiting"], bulk["waiting"]) == (1, 2)
    assert found["rows_waiting"] == 150
    redis.config_set("maxmemory", 500_000_000)
    try:
        assert cluster(client)["redis"]["max_memory_bytes"] == 500_000_000
    finally:
        redis.config_set("maxmemory", 0)


def test_heartbeats_of_other_versions_are_read(client: FlaskClient, redis: Redis) -> None:
    new = Heartbeat("new@test", Lane.BULK, 1, 0, "m", "1", (), 0.0, 0.0, memory_bytes=123_000_000)
    for worker in (new, replace(new, worker="newer@test"), replace(new, worker="old@test")):
        beat(redis, worker, ttl_s=60)
    document = json.loads(redis.hget(redis_keys.WORKERS, "newer@test") or "")
    redis.hset(redis_keys.WORKERS, "newer@test", json.dumps(document | {"what_is_new": 1}))
    document = json.loads(redis.hget(redis_keys.WORKERS, "old@test") or "")
    del document["memory_bytes"]
    redis.hset(redis_keys.WORKERS, "old@test", json.dumps(document))

    assert {w["name"]: w["memory_bytes"] for w in cluster(client)["workers"]} == {
        "new@test": 123_000_000,
        "newer@test": 123_000_000,
        "old@test": None,
    }
    assert [worker.memory_bytes for worker in live_workers(redis)] == [123_000_000, 123_000_000, None]
