"""The job store as this process sees it: one client a process, made at first use."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from redis import Redis

from jobs.cache import ResultCache
from jobs.connection import connect
from jobs.lanes import BulkLane, Clock, InteractiveLane
from jobs.models import Lane
from jobs.settings import current
from jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Context:
    redis: Redis
    store: JobStore
    interactive: InteractiveLane
    bulk: BulkLane
    cache: ResultCache
    clock: Clock

    def lane(self, queue: str) -> InteractiveLane | BulkLane:
        return self.interactive if queue == Lane.INTERACTIVE else self.bulk


def parent() -> Context:
    """For the parent's event loop: it must not wait, or the children starve."""
    return _context(os.getpid(), patient=False)


def child() -> Context:
    """For a child: it holds work, and waits for Redis to come back."""
    return _context(os.getpid(), patient=True)


@cache
def _context(pid: int, *, patient: bool) -> Context:
    settings = current()
    redis = connect(settings, timeout_s=5.0 if patient else 1.5, patient=patient)
    return Context(
        redis,
        JobStore(redis, settings),
        InteractiveLane(redis, settings),
        BulkLane(redis, settings),
        ResultCache(redis, settings),
        Clock(redis, settings.job_ttl_s * 1000),
    )
