"""A worker told to stop takes no more work, lets what runs end, and then leaves.

Celery's own soft shutdown sleeps for all of its time in the signal handler: meanwhile leases run out, no finished task
is acknowledged, and a worker whose last chunk takes a moment still needs twenty seconds.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state
from celery.worker.components import Pool

from jobs.settings import current

INTERVAL_S = 0.1
LEAVE_WITHIN_S = 30  #: to end children and connections; Celery may hang in it, after an error above all

log = structlog.get_logger(__name__)


_asked = _leaving = False


def leaving() -> bool:
    """This worker ends now, whatever made it: the alarm is set, and must stay."""
    return _leaving


def asked() -> bool:
    """This worker was told to stop."""
    return _asked


class Stopping(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Worker bootstep: SIGTERM ends the worker when its tasks have ended, or when the grace period is over.

    Tasks that outlast it are ended; their messages go back to Redis, their chunks to another worker.
    """

    requires = (Pool,)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None
        self._deadline_s: float | None = None

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        # Called again after each reconnect to the broker.
        if self._timer is not None:
            self._timer.cancel()
        signal.signal(signal.SIGTERM, self._ask)
        self._timer = hub.call_repeatedly(INTERVAL_S, self._step, parent)

    def close(self, parent: Any) -> None:
        """Celery calls this first when a worker ends, for whatever reason."""
        global _leaving
        _leaving = True
        signal.alarm(LEAVE_WITHIN_S)

    def _ask(self, *_: object) -> None:
        global _asked
        _asked = True  # nothing else: a signal may come in the midst of anything

    def _step(self, parent: Any) -> None:
        if not _asked:
            return
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + current().stop_grace_s
            for queue in tuple(parent.app.amqp.queues.consume_from):
                parent.consumer.cancel_task_queue(queue)
            log.info("stopping when the running tasks have ended", tasks=len(state.reserved_requests))
        if not state.reserved_requests:
            state.should_stop = 0
        elif time.monotonic() > self._deadline_s:
            log.warning("ending tasks that outlast the grace period", tasks=len(state.reserved_requests))
            state.should_terminate = 0
