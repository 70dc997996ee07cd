"""Replaces children by new forks of their parent without losing work.

An idle child is ended by its parent, one at a time. A busy one ends by itself after its task (retirement.py).
"""

from __future__ import annotations

from worker.parent.children import Children
from worker.shared_memory import shared


class Renewal:
    """The children that are to be replaced."""

    def __init__(self) -> None:
        self._stale: set[int] = set()  # pids

    def begin(self, children: Children) -> None:
        """Have every child replaced."""
        shared.generation += 1
        self._stale.update(children.pids())

    def step(self, children: Children) -> None:
        """End one idle child that is to be replaced, while the others serve. To be called often."""
        self._stale.intersection_update(children.pids())
        if self._stale and children.are_all_warm():
            children.retire_one(self._stale)

    def in_progress(self) -> bool:
        """Return whether children of the generation before are left."""
        return bool(self._stale)
