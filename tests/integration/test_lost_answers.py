"""A command whose answer was lost on the way is sent again by redis-py, and must not count twice."""

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
from tests.support.jobs import Messages, answer_to, chunk_of, claimed, new


class Forgetful(Redis):
    """Loses the first answer of each script."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] in ("EVALSHA", "EVAL"):
            super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]


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
    assert store.seal(job, "unused", "digest") is False
    assert store.get(job.id).total == 4

    for number in range(2):
        bulk.record([answer_to(claimed(bulk, job, number))])
    done = store.get(job.id)
    assert (done.state, done.completed, done.failed) == (JobState.COMPLETED, 4, 0)
    assert store.create(new(key="k"), "digest") == job.id
    assert store.seal(job, "unused", "digest") is False


def test_an_interactive_job_from_a_to_d(forgetful: Redis, store: JobStore, settings: Settings) -> None:
    interactive, job = InteractiveLane(forgetful, settings), new(Lane.INTERACTIVE)

    store.create(job)
    assert store.append(job, 0, chunk_of(0)) == []
    assert store.seal(job, "wake-up") is True
    opened = interactive.take("wake-up")

    assert opened is not None
    assert [chunk.ref for chunk in opened] == [ChunkRef(job.id, 0, 2)]
    interactive.record([answer_to(opened[0])])
    assert interactive.take("wake-up") is None
    done = store.get(job.id)
    assert (done.state, done.total, done.completed) == (JobState.COMPLETED, 2, 2)


def test_a_wakeup_of_the_sweeper_is_sent(redis: Redis, forgetful: Redis, store: JobStore, settings: Settings) -> None:
    job, messages = new(Lane.INTERACTIVE), Messages()
    store.create(job)
    store.append(job, 0, chunk_of(0))
    store.seal(job, "lost")
    redis.delete(redis_keys.WAKEUPS)

    InteractiveLane(forgetful, settings).sweep(messages)

    assert [name for name, _ in messages.sent] == [DRAIN]
