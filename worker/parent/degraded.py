"""Degraded mode: while the interactive lane is overloaded, the small bundled model answers it, or a pair's student.

A parent samples the lane twice a second; its children read the decision before each batch. Workers agree without
talking to each other, since all of them see the same figures.
"""

from __future__ import annotations

import time
from typing import Any

import structlog

from sentiq.core.redis import REDIS_AWAY
from sentiq.core.settings import current
from worker import context
from worker.parent.overload import Load, Overload
from worker.parent.parent_step import ParentStep
from worker.serving import may_degrade, serving
from worker.shared_memory import shared

log = structlog.get_logger(__name__)


class DegradedMode(ParentStep):
    """Worker bootstep, included where a smaller model than the served one is loaded for the purpose."""

    interval_s = 0.5

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._overload = Overload(current().degrade_above_s)

    def include_if(self, parent: Any) -> bool:
        return may_degrade()

    def tick(self, parent: Any) -> None:
        try:
            lane = context.parent().interactive.load()
        except REDIS_AWAY:
            return
        before = self._overload.is_active
        load = Load(time.monotonic(), lane.waiting, lane.arrived, lane.capacity)
        shared.degraded = self._overload.update(load) and serving.has_stand_in
        if self._overload.is_active != before:
            log.warning(
                _words(self._overload.is_active, serving.has_stand_in),
                waiting_rows=round(lane.waiting),
                capacity=round(lane.capacity or 0),
            )


def _words(is_overloaded: bool, has_stand_in: bool) -> str:
    if not has_stand_in:
        return "the lane is overloaded, and nothing stands in" if is_overloaded else "the overload is over"
    return "the lane is overloaded: the smaller model answers" if is_overloaded else "the model answers again"
