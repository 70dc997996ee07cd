"""Counts the requests of this process and of the other API processes, for `/health`."""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

import structlog
from flask import Flask
from prometheus_client import Histogram
from redis import Redis

from sentiq.core.redis import REDIS_AWAY
from sentiq.jobs.api_processes import ANNOUNCED_EVERY_S, ApiProcess, announce, announced, leave

#: Requested by machines all the time: left out, as in the dashboards.
PROBES = frozenset({"/livez", "/readyz", "/health", "/metrics"})

log = structlog.get_logger(__name__)


class Traffic:
    def __init__(self, redis: Redis, request_seconds: Histogram) -> None:
        """`request_seconds` has the label `endpoint`: the counters of `/metrics`, so that both agree."""
        self._redis = redis
        self._seconds = request_seconds
        self._service = secrets.token_hex(6)  # one for all processes that are forked from this one
        self._ended = threading.Event()

    @property
    def _id(self) -> str:
        return f"{self._service}-{os.getpid()}"

    def here(self) -> ApiProcess:
        """Return the figures of this process now."""
        samples = [
            (sample.name.rpartition("_")[2], sample.value)
            for metric in self._seconds.collect()
            for sample in metric.samples
            if sample.labels["endpoint"] not in PROBES
        ]
        return ApiProcess(
            id=self._id,
            requests=round(sum(value for name, value in samples if name == "count")),
            seconds=sum(value for name, value in samples if name == "sum"),
            memory_bytes=resident_bytes(),
        )

    def everywhere(self) -> list[ApiProcess]:
        """Return the figures of this process now, and of the others as they were a few seconds ago.

        Announces this process first: raises RedisRefuses if Redis can be read but not written.
        """
        here = self.here()
        announce(self._redis, here)
        return [here, *(process for process in announced(self._redis) if process.id != self._id)]

    def start(self) -> None:
        """Announce this process to the others from now on, in a thread, until `stop`."""
        threading.Thread(target=self._announce, name="traffic", daemon=True).start()

    def stop(self) -> None:
        self._ended.set()
        try:
            leave(self._redis, self._id)
        except REDIS_AWAY:
            pass  # the others forget a process that is silent

    def _announce(self) -> None:
        while not self._ended.is_set():
            try:
                announce(self._redis, self.here())
            except REDIS_AWAY as error:
                log.debug("the others are not told", reason=type(error).__name__)
            self._ended.wait(ANNOUNCED_EVERY_S)


def traffic(app: object) -> Traffic:
    """Return the Traffic of one of our Flask apps."""
    assert isinstance(app, Flask)
    found: Traffic = app.extensions["sentiq.traffic"]
    return found


def resident_bytes() -> int:
    """Return the memory of this process, as Linux counts it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
