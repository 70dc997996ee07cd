"""Reports that the worker lives: to systemd (sd_notify), and by the age of a file.

It does so while the parent's event loop turns and the watchdog finds the worker healthy; a process that merely exists
reports nothing. A worker that waits for Redis lives, too: to restart it would not bring Redis back.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog
from celery.worker import state

from sentiq.core.settings import current
from sentiq.core.systemd import notify, watchdog_s
from worker import context
from worker.parent.children import Children
from worker.parent.parent_step import ParentStep
from worker.parent.stopping import GracefulStop
from worker.parent.watchdog import Watchdog
from worker.serving import serving

INTERVAL_S = 1.0
EXTENSION_S = 30  #: more time to start, requested again each second while Redis is away

log = structlog.get_logger(__name__)


class LivenessStep(ParentStep):
    """Worker bootstep: reports "ready" once all children are warm, and from then on each second that the worker lives.

    Ends the start with EX_CONFIG where the folder of SENTIQ_ALIVE_FILE cannot be written to.
    """

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.interval_s = min(INTERVAL_S, (watchdog_s() or 60) / 3)
        self._ready = False
        self._file = Path(current().alive_file) if current().alive_file else None
        if self._file is not None and not os.access(self._file.parent, os.W_OK):
            log.error("SENTIQ_ALIVE_FILE: its folder cannot be written to", folder=str(self._file.parent))
            raise SystemExit(os.EX_CONFIG)

    def tick(self, parent: Any) -> None:
        children = Children(parent.pool)
        self._ready = self._ready or children.are_all_warm()
        if self._ready and Watchdog.of(parent.consumer).is_healthy:
            served = f"{context.consumed_lane()}: {serving.manifest.name}"
            self._report(parent, f"{served}, {len(state.active_requests)} of {children.count()} children busy")

    def report_waiting(self, parent: Any) -> None:
        """Report that the worker has no broker and tries to reach one."""
        if self._ready:
            self._report(parent, "waiting for Redis")
        else:
            notify(f"EXTEND_TIMEOUT_USEC={EXTENSION_S * 1_000_000}", "STATUS=waiting for Redis")

    def stop(self, parent: Any) -> None:
        super().stop(parent)
        notify("STOPPING=1")
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _report(self, parent: Any, status: str) -> None:
        stopping = GracefulStop.of(parent).is_requested
        notify("STOPPING=1" if stopping else "READY=1", "WATCHDOG=1", f"STATUS={status}")
        if self._file is not None:
            self._file.touch()
