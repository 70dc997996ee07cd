"""A worker app that tells of its steps and children on demand, and writes to STEPS_LOG when a step ticks and stops.

Run by `tests.support.programs.worker`. Its engine is that of broken_engine.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery.worker.control import inspect_command

from tests.support.programs.broken_engine import app
from worker.parent.children import Children
from worker.parent.parent_step import ParentStep

__all__ = ["app"]

_log = Path(os.environ["STEPS_LOG"])


def _written(step: Any, what: str) -> None:
    inner: Callable[..., None] = getattr(step, what)

    def outer(self: Any, *arguments: Any) -> None:
        with _log.open("a") as file:
            file.write(f"{what} {type(self).__name__} {time.monotonic()}\n")
        inner(self, *arguments)

    setattr(step, what, outer)


for _step in app.steps["worker"] | app.steps["consumer"]:
    _written(_step, "tick")
    _written(_step, "stop")


def live_timers(state: Any) -> dict[str, int]:
    """How many timers each step has."""
    entries = [scheduled.entry for scheduled in state.consumer.hub.timer.queue if not scheduled.entry.canceled]
    owners = [getattr(getattr(entry.fun, "__wrapped__", None), "__self__", None) for entry in entries]
    return Counter(type(owner).__name__ for owner in owners if isinstance(owner, ParentStep))


def pool_children(state: Any) -> dict[str, Any]:
    return figures(Children(state.consumer.pool))


def pool_shrink_idle(state: Any, count: int) -> dict[str, Any]:
    children = Children(state.consumer.pool)
    children.shrink(count)
    return figures(children)


def pool_grow_by(state: Any, count: int) -> dict[str, Any]:
    children = Children(state.consumer.pool)
    children.grow(count)
    return figures(children)


def pool_retire_one(state: Any) -> dict[str, Any]:
    children = Children(state.consumer.pool)
    children.retire_one(children.pids())
    return figures(children)


def figures(children: Children) -> dict[str, Any]:
    """What is asked of the children, and which of them no task was written to."""
    return {
        "count": children.count(),
        "wanted": children.count_wanted(),
        "warm": children.count_warm(),
        "all_warm": children.are_all_warm(),
        "settled": children.is_settled(),
        "pids": sorted(children.pids()),
        "idle": sorted(child.pid for child in children._idle()),
    }


for _command in (live_timers, pool_children, pool_retire_one):
    inspect_command()(_command)
for _scaling in (pool_grow_by, pool_shrink_idle):
    inspect_command(args=[("count", int)])(_scaling)
