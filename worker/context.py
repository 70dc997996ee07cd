"""What a worker process works with: its lane, and one client of the job store, made at first use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from redis import Redis

from sentiq.core.redis import connect
from sentiq.core.settings import current
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.lanes import BulkLane, Clock, InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Lane


def consumed_lane() -> Lane:
    """Return the lane whose queue this worker consumes."""
    from celery import current_app  # a process that serves both lanes has no Celery

    return Lane.INTERACTIVE if Lane.INTERACTIVE in current_app.amqp.queues.consume_from else Lane.BULK


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of the job store, on one connection."""

    redis: Redis
    store: JobStore
    interactive: InteractiveLane
    bulk: BulkLane
    cache: ResultCache
    clock: Clock

    def lane(self, queue: str) -> InteractiveLane | BulkLane:
        """Return the lane of a queue."""
        return self.interactive if queue == Lane.INTERACTIVE else self.bulk


def parent() -> Context:
    """Return the context for the parent's event loop. It does not wait for Redis, or the children would starve."""
    return _context(os.getpid(), patient=False)


def child() -> Context:
    """Return the context for a child. It holds work, and so waits for Redis to come back."""
    return _context(os.getpid(), patient=True)


@cache
def _context(pid: int, *, patient: bool) -> Context:
    settings = current()
    redis = connect(settings.redis_address, timeout_s=5.0 if patient else 1.5, patient=patient)
    return Context(
        redis,
        JobStore(redis, settings),
        InteractiveLane(redis, settings),
        BulkLane(redis, settings),
        ResultCache(redis, settings),
        Clock(redis, settings.job_ttl_s * 1000),
    )
