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


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery has no types
def _hang(sender: object, **_: object) -> None:
    if os.environ.get("HANG") == "end":
        stopping.LEAVE_WITHIN_S = 2
        sender.stop = lambda: time.sleep(3600)  # type: ignore[attr-defined]
    elif os.environ.get("HANG") == "long":
        sender.timer.call_after(5, time.sleep, (3600,))  # type: ignore[attr-defined]
    else:
        sender.timer.call_after(1.5, _hang_watched, (sender,))  # type: ignore[attr-defined]


def _hang_watched(consumer: object) -> None:
    """Have the watchdog look once more, and hang for longer than it allows: a start on a busy machine does not."""
    watchdog.HUNG_AFTER_S = 2
    watchdog.Watchdog.of(consumer).tick(consumer)
    time.sleep(3600)
