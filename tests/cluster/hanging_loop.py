"""A worker app whose event loop hangs soon after it is ready: `celery -A tests.cluster.hanging_loop worker …`."""

from __future__ import annotations

import time

from celery.signals import worker_ready

from worker import watchdog
from worker.app import app

__all__ = ["app"]

watchdog.HUNG_AFTER_S = 2


@worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]  # Celery has no types
def _hang(sender: object, **_: object) -> None:
    sender.timer.call_after(1.5, time.sleep, (3600,))  # type: ignore[attr-defined]
