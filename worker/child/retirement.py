"""When a child ends by itself after its task: it belongs to an earlier generation, or its memory has grown.

Celery has a way for the latter: where `worker_max_memory_per_child` is set, billiard asks for the memory after each
task and ends a child that has too much. It asks for resident memory, which counts what a child shares with its parent;
here it is given an answer of ours, by the unique memory (USS).
"""

from __future__ import annotations

import os
import time

import psutil
import structlog
from billiard import pool as billiard_pool

from sentiq.core.settings import current
from worker.shared_memory import shared

#: Above `worker_max_memory_per_child` of celeryconfig, which makes billiard ask. KB.
TOO_MUCH_KB = 2**41
MEASURE_INTERVAL_S = 2.0  #: the kernel adds up all pages for an answer, which takes milliseconds

log = structlog.get_logger(__name__)


def after_fork() -> None:
    """Answer billiard's question from now on. To be called in a child at its start."""
    billiard_pool.mem_rss = Retirement().memory_kb


class Retirement:
    """Decides after each task whether this child ends."""

    def __init__(self) -> None:
        self._generation = shared.generation
        self._measured_at_s = 0.0

    def memory_kb(self) -> int:
        """Return what makes billiard end this child, or keep it."""
        return TOO_MUCH_KB if shared.generation != self._generation or self._has_grown() else 1

    def _has_grown(self) -> bool:
        """Return whether this child's unique memory is above the limit of the settings."""
        limit_mb = current().child_memory_mb
        if not limit_mb or time.monotonic() - self._measured_at_s < MEASURE_INTERVAL_S:
            return False
        self._measured_at_s = time.monotonic()
        unique_mb = psutil.Process().memory_full_info().uss / 2**20
        if unique_mb <= limit_mb:
            return False
        log.warning(
            "this child has grown and is replaced", pid=os.getpid(), unique_mb=round(unique_mb), limit_mb=limit_mb
        )
        return True
