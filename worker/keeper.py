"""Replaces a killed child at once. By itself Celery looks every five seconds only."""

from __future__ import annotations

from typing import Any

import structlog
from celery import bootsteps
from celery.worker.components import Pool

from worker import lifecycle, renewal

INTERVAL_S = 0.2

log = structlog.get_logger(__name__)


class Keeper(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Worker bootstep: maintains the pool from the parent's event loop."""

    requires = (Pool,)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        # Called again after each reconnect to the broker.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = hub.call_repeatedly(INTERVAL_S, self._keep, parent)

    def _keep(self, parent: Any) -> None:
        if lifecycle.children_keep_failing():
            log.critical("no child can use the model after the fork: giving up", remedy="SENTIQ_ENGINE_LOAD=child")
            raise SystemExit(lifecycle.EX_SOFTWARE)
        if lifecycle.preparing():
            return
        renewal.retire(parent.pool._pool)
        parent.pool.maintain_pool()
