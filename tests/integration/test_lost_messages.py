"""When a bulk chunk that nobody has claimed gets another message, against a real Redis."""

from __future__ import annotations

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis_keys import LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs import lanes
from sentiq.jobs.lanes import BulkLane, Swept
from sentiq.jobs.messages import CLASSIFY_CHUNK, queue_keys
from sentiq.jobs.store import ISSUE_LEASE_MS, JobStore
from sentiq.jobs.types import ChunkRef, Lane
from tests.support.jobs import Messages, claimed, let_leases_pass, send_in_vain, submitted

ALL_QUEUES = range(len(queue_keys(Lane.BULK)))


@pytest.fixture
def patient(redis: Redis, settings: Settings) -> BulkLane:
    """Leases of its workers outlast an issue lease."""
    return BulkLane(redis, settings.model_copy(update={"lease_s": 3 * ISSUE_LEASE_MS / 1_000}))


@pytest.mark.parametrize("before", [0, 1, 3, 10, 13])
def test_where_no_message_waits_one_issue_lease_is_enough(
    redis: Redis, store: JobStore, bulk: BulkLane, before: int
) -> None:
    job = submitted(store, Lane.BULK)
    send_in_vain(bulk, before)

    for _ in range(3):
        messages = Messages()
        assert bulk.sweep(messages) == Swept(0, 0), "the last message may still come"
        let_leases_pass(redis, Lane.BULK, ISSUE_LEASE_MS)
        assert bulk.sweep(messages) == Swept(1, 0)
        assert messages.sent == [(CLASSIFY_CHUNK, (job.id, 0, 2, 3))]


@pytest.mark.parametrize("queue", ALL_QUEUES)
@pytest.mark.parametrize(("before", "leases"), [(0, 1), (1, 2), (3, 8), (10, 1_024), (13, 1_024)])
def test_while_messages_wait_each_one_doubles_the_time_until_the_next(
    redis: Redis, store: JobStore, bulk: BulkLane, queue: int, before: int, leases: int
) -> None:
    submitted(store, Lane.BULK)
    send_in_vain(bulk, before)
    redis.lpush(queue_keys(Lane.BULK)[queue], "a message of any chunk")

    let_leases_pass(redis, Lane.BULK, (leases - 0.5) * ISSUE_LEASE_MS)
    assert bulk.sweep(Messages()).sent == 0
    let_leases_pass(redis, Lane.BULK, 0.5 * ISSUE_LEASE_MS)
    assert bulk.sweep(Messages()).sent == 1


def test_what_a_worker_holds_gets_no_message_however_many_it_had(
    redis: Redis, store: JobStore, patient: BulkLane
) -> None:
    job = submitted(store, Lane.BULK, chunks=2)
    send_in_vain(patient, 4)
    claimed(patient, job, 0, "alive")
    messages = Messages()

    let_leases_pass(redis, Lane.BULK, ISSUE_LEASE_MS)

    assert patient.sweep(messages) == Swept(1, 0)
    assert messages.sent == [(CLASSIFY_CHUNK, (job.id, 1, 2, 3))]
    assert patient.claim(ChunkRef(job.id, 0, 2), "of another message") is None
    assert redis.hgetall(LaneKeys.of(Lane.BULK).owners) == {str(ChunkRef(job.id, 0, 2)).encode(): b"alive"}


def test_the_message_of_a_child_that_has_just_died_is_left_to_celery(
    redis: Redis, store: JobStore, patient: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "REDELIVERY_MS", ISSUE_LEASE_MS)
    job = submitted(store, Lane.BULK)
    send_in_vain(patient, 4)
    claimed(patient, job, 0, "dies")
    patient.release("dies")

    assert patient.sweep(Messages()).sent == 0
    let_leases_pass(redis, Lane.BULK, ISSUE_LEASE_MS)
    assert patient.sweep(Messages()).sent == 1


def test_a_sweep_looks_at_few_chunks_and_the_next_one_at_others(
    redis: Redis, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.set(LaneKeys.of(Lane.BULK).children, 3)
    job = submitted(store, Lane.BULK, chunks=5)
    send_in_vain(bulk, 4)
    assert redis.hlen(redis_keys.PUBLISHED) == 5
    let_leases_pass(redis, Lane.BULK, ISSUE_LEASE_MS)
    monkeypatch.setattr(lanes, "SWEEP_CHUNKS", 2)
    messages = Messages()

    assert [bulk.sweep(messages).sent for _ in range(4)] == [2, 2, 1, 0]
    assert {args for _, args in messages.sent} == {(job.id, number, 2, 3) for number in range(5)}
