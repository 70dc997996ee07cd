"""The children of a worker, in terms of billiard's pool.

Celery and billiard offer no public way to ask for these things. All uses of their private attributes are in this file:
written for Celery 5.7 and billiard 4.3, and tested on a real pool by tests/cluster/test_parent_steps.py.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


class Children:
    """What a parent asks of its children. `task_pool` is Celery's TaskPool, after its start."""

    def __init__(self, task_pool: Any) -> None:
        self._task_pool = task_pool
        self._pool = task_pool._pool  # celery.concurrency.asynpool.AsynPool, a billiard.pool.Pool

    def count(self) -> int:
        """Return how many processes there are, warm or not."""
        return len(self._pool._pool)

    def count_wanted(self) -> int:
        """Return how many processes there should be."""
        return int(self._pool._processes)

    def count_warm(self) -> int:
        """Return how many processes take work.

        Celery's set of those that start lacks the ones that it forks first.
        """
        of_work = self._pool._fileno_to_inq
        return sum(of_work.get(child.inqW_fd) is child for child in self._pool._pool)

    def are_all_warm(self) -> bool:
        return self.count_warm() == self.count() >= self.count_wanted()

    def is_settled(self) -> bool:
        """Return whether there are as many as there should be, and all take work."""
        return self.count_warm() == self.count() == self.count_wanted()

    def pids(self) -> list[int]:
        return [child.pid for child in self._pool._pool]

    def maintain(self) -> None:
        """Remove children that ended, and fork those that are missing."""
        self._task_pool.maintain_pool()

    def grow(self, count: int) -> None:
        """Raise the number of children wanted; `maintain` forks them."""
        self._task_pool.grow(count)

    def shrink(self, count: int) -> None:
        """Lower the number wanted, and end as many idle children: `count`, or fewer where fewer are idle."""
        for child in self._idle()[:count]:
            self._pool._processes -= 1
            self._pool._putlock.shrink()
            child.terminate_controlled()

    def retire_one(self, pids: Collection[int]) -> None:
        """End one idle child of these, unless another is ending; `maintain` forks a new one in its place."""
        if any(child._controlled_termination for child in self._pool._pool):
            return
        for child in self._idle():
            if child.pid in pids:
                child.terminate_controlled()
                return

    def _idle(self) -> list[Any]:
        """Return the processes that no task was written to, and that were not told to end.

        billiard's own `shrink` takes a child for idle until it has accepted the task that was written to it.
        """
        taken = self._pool._busy_workers | self._pool._active_writes
        return [child for child in self._pool._pool if child.inqW_fd not in taken and not child._controlled_termination]
