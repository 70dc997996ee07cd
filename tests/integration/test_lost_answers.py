"""A command whose answer was lost on the way is sent again by redis-py, and must not count twice.

Where the network held the first one up, it arrives after the second, and after what the client did meanwhile.
"""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.messages import DRAIN
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, JobState, Lane
from tests.support.jobs import Messages, answer_to, chunk_of, claimed, new, small_job


class Forgetful(Redis):
    """Loses the first answer of each script."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] in ("EVALSHA", "EVAL"):
            super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


class Late(Redis):
    """Keeps the scripts it has sent, so that they can arrive once more."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(connection_pool=redis.connection_pool)
        self._sent: list[tuple[Any, ...]] = []

    def execute_command(self, *args: Any, **options: Any) -> Any:
        answer = super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        if args[0] in ("EVALSHA", "EVAL"):
            self._sent.append(args)
        return answer

    def arrive_again(self) -> None:
        for args in self._sent:
            super().execute_command(*args)  # type: ignore[no-untyped-call]


@pytest.fixture
def forgetful(redis: Redis) -> Redis:
    return Forgetful(connection_pool=redis.connection_pool)


@pytest.fixture
def store(forgetful: Redis, settings: Settings) -> JobStore:
    return JobStore(forgetful, settings)


def test_a_bulk_job_from_a_to_d(forgetful: Redis, store: JobStore, settings: Settings) -> None:
    bulk, job = BulkLane(forgetful, settings), new(key="k")

    assert store.create(job, "digest") is None
    assert [store.append(job, n, chunk_of(n)) for n in range(2)] == [[ChunkRef(job.id, n, 2)] for n in range(2)]
    store.seal(job, "unused", "digest")
    assert store.get(job.id).total == 4

    for number in range(2):
        bulk.record([answer_to(claimed(bulk, job, number))])
    done = store.get(job.id)
    assert (done.state, done.completed, done.failed) == (JobState.COMPLETED, 4, 0)
    assert store.create(new(key="k"), "digest") == job.id
    store.seal(job, "unused", "digest")


def test_an_interactive_job_from_a_to_d(forgetful: Redis, store: JobStore, settings: Settings) -> None:
    interactive, job = InteractiveLane(forgetful, settings), new(Lane.INTERACTIVE)

    assert store.submit(small_job(job, wakeup_id="wake-up")) is None
    opened = interactive.take("wake-up")

    assert opened is not None
    assert [chunk.ref for chunk in opened] == [ChunkRef(job.id, 0, 2)]
    interactive.record([answer_to(opened[0])])
    assert interactive.take("wake-up") is None
    done = store.get(job.id)
    assert (done.state, done.total, done.completed) == (JobState.COMPLETED, 2, 2)


def test_a_wakeup_of_the_sweeper_is_sent(redis: Redis, forgetful: Redis, store: JobStore, settings: Settings) -> None:
    messages = Messages()
    store.submit(small_job(new(Lane.INTERACTIVE)))
    redis.delete(redis_keys.WAKEUPS)

    InteractiveLane(forgetful, settings).sweep(messages)

    assert [name for name, _ in messages.sent] == [DRAIN]


@pytest.mark.parametrize("key", ["", "k"])
def test_a_submission_that_arrives_late_changes_nothing(redis: Redis, settings: Settings, key: str) -> None:
    late = Late(redis)
    store, bulk, job = JobStore(late, settings), BulkLane(redis, settings), new(key=key)

    store.create(job, "digest")
    late.arrive_again()
    for number in range(2):
        store.append(job, number, chunk_of(number))
        late.arrive_again()
    store.seal(job, "unused", "digest")
    late.arrive_again()
    for number in range(2):
        bulk.record([answer_to(claimed(bulk, job, number))])
        late.arrive_again()

    done = store.get(job.id)
    assert (done.state, done.total, done.completed, done.failed) == (JobState.COMPLETED, 4, 4, 0)


def test_a_small_submission_that_arrives_late_changes_nothing(redis: Redis, settings: Settings) -> None:
    late = Late(redis)
    store, interactive, job = JobStore(late, settings), InteractiveLane(redis, settings), new(Lane.INTERACTIVE)

    store.submit(small_job(job, wakeup_id="wake-up"))
    late.arrive_again()
    opened = interactive.take("wake-up")
    late.arrive_again()

    assert opened is not None
    interactive.record([answer_to(opened[0])])
    late.arrive_again()
    assert interactive.take("wake-up") is None
    done = store.get(job.id)
    assert (done.state, done.total, done.completed) == (JobState.COMPLETED, 2, 2)
