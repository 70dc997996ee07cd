"""Whether there is room for more work. What is accepted must be able to finish: results need room too."""

from __future__ import annotations

import time
from threading import Lock

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import Overloaded, StoreFull
from sentiq.core.redis import memory_limit
from sentiq.core.settings import Settings
from sentiq.jobs.census import count_waiting_rows, texts_per_second
from sentiq.jobs.types import Lane

SAMPLE_EVERY_S = 1.0
RETRY_AFTER_S = (5, 600)  #: least and most that a client is told to wait
MEMORY_RETRY_AFTER_S = 60  #: when jobs will expire or be erased is not known


class Admission:
    """Decides whether new work is accepted. Reads the load from Redis once a second at most."""

    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis, self._settings = redis, settings
        self._lock = Lock()
        self._sampled_at = float("-inf")
        self._used_share = 0.0
        self._rows_waiting = self._requests_waiting = 0

    def check(self, lane: Lane | None) -> None:
        """Raise StoreFull, or Overloaded when too much waits on the lane. With None for a lane only memory counts."""
        self._sample()
        settings = self._settings
        if self._used_share > settings.max_redis_share:
            in_memory = settings.redis_address.is_in_memory
            raise StoreFull(
                f"{'The store' if in_memory else 'Redis'} has {self._used_share:.0%} of its memory in use; the limit "
                f"for new work is {settings.max_redis_share:.0%} (SENTIQ_MAX_REDIS_SHARE). Erase jobs that are no "
                f"longer needed, wait until some expire, or give {'it (--store-mb)' if in_memory else 'Redis'} more "
                "memory.",
                retry_after_s=MEMORY_RETRY_AFTER_S,
            )
        if lane is Lane.BULK and self._rows_waiting >= settings.max_waiting_rows:
            raise Overloaded(
                f"{self._rows_waiting:,} rows wait already; the limit is {settings.max_waiting_rows:,} "
                "(SENTIQ_MAX_WAITING_ROWS).",
                retry_after_s=self._until_rows_are_done(),
            )
        if lane is Lane.INTERACTIVE and self._requests_waiting >= settings.max_waiting_requests:
            raise Overloaded(
                f"{self._requests_waiting:,} small jobs wait already; the limit is {settings.max_waiting_requests:,} "
                "(SENTIQ_MAX_WAITING_REQUESTS).",
                retry_after_s=RETRY_AFTER_S[0],
            )

    def _sample(self) -> None:
        if time.monotonic() - self._sampled_at < SAMPLE_EVERY_S or not self._lock.acquire(blocking=False):
            return  # while another request looks, what was known will do: a Redis that is away must not queue them up
        try:
            memory = self._redis.info("memory")
            self._used_share = memory["used_memory"] / memory_limit(memory)
            self._rows_waiting = count_waiting_rows(self._redis)
            self._requests_waiting = int(self._redis.llen(redis_keys.PENDING))
            self._sampled_at = time.monotonic()
        finally:
            self._lock.release()

    def _until_rows_are_done(self) -> int:
        """Estimate the seconds until there is room again, at the present speed."""
        least, most = RETRY_AFTER_S
        speed = texts_per_second(self._redis, Lane.BULK)
        if not speed:
            return most
        return int(min(max((self._rows_waiting - self._settings.max_waiting_rows) / speed, least), most))
