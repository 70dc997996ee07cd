"""Degraded mode: while the interactive lane is overloaded, the small bundled model answers it.

A parent looks at the lane twice a second; its children read what it found before each batch. Workers agree without
talking to each other, since all look at the same figures.
"""

from __future__ import annotations

import ctypes
import mmap
import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker.components import Pool

from jobs.connection import REDIS_AWAY
from jobs.settings import BUNDLED_MODEL, current
from worker import context, lifecycle
from worker.overload import Load, Overload

INTERVAL_S = 0.5

log = structlog.get_logger(__name__)

# Shared with the children.
_lasts = ctypes.c_bool.from_buffer(mmap.mmap(-1, mmap.PAGESIZE))


def lasts() -> bool:
    """Jobs that name no model are to be answered by the bundled one."""
    return _lasts.value


class DegradedMode(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Worker bootstep: it is there where a smaller model than the one served is loaded for the purpose."""

    requires = (Pool,)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None
        self._overload = Overload(current().degrade_above_s)

    def include_if(self, parent: Any) -> bool:
        return lifecycle.may_degrade()

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        # Called again after each reconnect to the broker.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = hub.call_repeatedly(INTERVAL_S, self._look)

    def _look(self) -> None:
        try:
            lane = context.parent().interactive.load()
        except REDIS_AWAY:
            return
        before = self._overload.lasts
        load = Load(time.monotonic(), lane.waiting, lane.arrived, lane.capacity)
        _lasts.value = self._overload.look(load) and lifecycle.manifest().id != BUNDLED_MODEL
        if self._overload.lasts != before:
            log.warning(
                "the lane is overloaded: the bundled model answers" if not before else "the model answers again",
                waiting_rows=round(lane.waiting),
                capacity=round(lane.capacity or 0),
            )
