"""A worker app that hangs, in its event loop soon after it is ready or while it ends (HANG=end).

With HANG=long its own watchdog lets it hang for as long as in production.

Run by `tests.support.programs.worker`.
"""

from __future__ import annotations

import os
import time

from celery.signals import worker_ready

from worker.app import app
from worker.parent import stopping, watchdog

__all__ = ["app"]

if os.environ.get("HANG") != "long":
    watchdog.HUNG_AFTER_S = stopping.LEAVE_WITHIN_S = 2


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery has no types
def _hang(sender: object, **_: object) -> None:
    if os.environ.get("HANG") == "end":
        sender.stop = lambda: time.sleep(3600)  # type: ignore[attr-defined]
        return
    sender.timer.call_after(5 if os.environ.get("HANG") == "long" else 1.5, time.sleep, (3600,))  # type: ignore[attr-defined]
