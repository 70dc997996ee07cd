"""How many children would find work: what every level of autoscaling asks."""

from __future__ import annotations

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis_keys import LaneKeys
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Lane
from tests.support.jobs import Messages, answer_to, claimed, submitted


def test_an_empty_lane_asks_for_nobody(bulk: BulkLane, interactive: InteractiveLane) -> None:
    assert (bulk.demand(), interactive.demand()) == (0, 0)


def test_chunks_that_are_not_yet_published_count(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, chunks=10)
    assert (bulk.counts().waiting, bulk.demand()) == (3, 10)

    opened = claimed(bulk, job, 0)
    assert bulk.demand() == 10, "whoever works goes on counting"
    bulk.record([answer_to(opened)])
    assert bulk.demand() == 9


def test_a_held_job_asks_for_nobody(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, chunks=10)
    submitted(store, Lane.BULK, chunks=4)
    store.pause(job.id)
    assert bulk.demand() <= 3 + 4
    store.resume(job.id)
    assert bulk.demand() == 14


def test_a_job_that_ended_asks_for_nobody(store: JobStore, bulk: BulkLane) -> None:
    job = submitted(store, Lane.BULK, chunks=10)
    store.cancel(job.id)
    assert bulk.demand() <= 3, "its messages are still on their way"


def test_small_jobs_share_a_batch(store: JobStore, interactive: InteractiveLane, settings: Settings) -> None:
    for _ in range(5):
        submitted(store, Lane.INTERACTIVE)
    assert (interactive.counts().waiting, interactive.demand()) == (5, 1)

    interactive.take("drain")
    assert interactive.demand() == 1, "one task holds all of them"
    submitted(store, Lane.INTERACTIVE)
    assert interactive.demand() == 2


def test_full_jobs_are_a_batch_each(store: JobStore, interactive: InteractiveLane, settings: Settings) -> None:
    for _ in range(4):
        submitted(store, Lane.INTERACTIVE, rows=settings.interactive_texts)
    assert interactive.demand() == 4


def test_children_that_came_since_are_woken_one_a_sweep(
    redis: Redis, store: JobStore, interactive: InteractiveLane
) -> None:
    for _ in range(8):
        submitted(store, Lane.INTERACTIVE)  # one child is assumed, so two wake-ups are enough
    redis.set(LaneKeys.of(Lane.INTERACTIVE).children, 4, ex=60)
    messages = Messages()

    for _ in range(5):
        interactive.sweep(messages)

    assert (len(messages.sent), redis.zcard(redis_keys.WAKEUPS)) == (2, 4)
