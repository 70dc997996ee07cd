"""Children are replaced by new forks of their parent without losing work.

An idle child is ended by its parent. A busy one ends by itself after its task, by the way that Celery has for a child
whose memory has grown too large: billiard asks for the memory after each task, and is told of too much. What Celery
would look at, resident memory, counts what a child shares with its parent; its unique memory (USS) is what it has
grown.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from typing import Any

import psutil
import structlog
from billiard import pool as billiard_pool

from jobs.settings import current

#: Above `worker_max_memory_per_child` of celeryconfig, which makes billiard ask. KB.
TOO_MUCH_KB = 2**41
LOOK_EVERY_S = 2.0  #: the kernel adds up all pages for an answer, which takes milliseconds

log = structlog.get_logger(__name__)

# Shared with the children: how many times all of them have been replaced.
_generation = ctypes.c_uint64.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
_born = 0  # the generation in which this process was forked
_looked_at_s = 0.0
_stale: set[int] = set()  # in the parent: pids of children that are to be replaced


def born() -> None:
    """In a child, at its start."""
    global _born
    _born = _generation.value
    billiard_pool.mem_rss = _memory_kb


def renew(pool: Any) -> None:
    """In the parent: every child of this billiard pool is to be replaced."""
    _generation.value += 1
    _stale.update(child.pid for child in pool._pool)


def retire(pool: Any) -> None:
    """In the parent, often: end one idle child that is to be replaced, while the others serve."""
    _stale.intersection_update(child.pid for child in pool._pool)
    if not _stale or pool._waiting_to_start or len(pool._pool) < pool._processes:
        return
    for child in pool._pool:
        if child.pid in _stale and child.inqW_fd not in pool._busy_workers | pool._active_writes:
            child.terminate_controlled()
            return


def underway() -> bool:
    """In the parent: children of the generation before are left."""
    return bool(_stale)


def _memory_kb() -> int:
    return TOO_MUCH_KB if _generation.value != _born or _grown() else 1


def _grown() -> bool:
    """This child's unique memory is above the limit of the settings."""
    global _looked_at_s
    limit_mb = current().child_memory_mb
    if not limit_mb or time.monotonic() - _looked_at_s < LOOK_EVERY_S:
        return False
    _looked_at_s = time.monotonic()
    unique_mb = psutil.Process().memory_full_info().uss / 2**20
    if unique_mb <= limit_mb:
        return False
    log.warning("this child has grown and is replaced", pid=os.getpid(), unique_mb=round(unique_mb), limit_mb=limit_mb)
    return True
