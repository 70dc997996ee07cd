"""A worker that is told to stop takes no more work, finishes the running tasks, and then ends.

Celery's own soft shutdown sleeps for all of its time in the signal handler: meanwhile leases run out, no finished task
is acknowledged, and a worker whose last chunk takes a moment still needs twenty seconds.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import structlog
from celery.worker import state

from sentiq.core.settings import current
from worker.parent.parent_step import OFTEN_S, ParentStep

LEAVE_WITHIN_S = 30  #: to end children and connections; Celery may hang in it, after an error above all

log = structlog.get_logger(__name__)


class GracefulStop(ParentStep):
    """Worker bootstep: SIGTERM ends the worker when its tasks have ended, or when the grace period is over.

    Tasks that outlast it are ended; their messages go back to Redis, their chunks to another worker.
    """

    interval_s = OFTEN_S

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.is_requested = False  #: the worker was told to stop
        self.is_exiting = False  #: the worker ends now, whatever the cause: the alarm is set, and must stay
        self._deadline_s: float | None = None

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        signal.signal(signal.SIGTERM, self._request_stop)
        super().register_with_event_loop(parent, hub)

    def tick(self, parent: Any) -> None:
        if not self.is_requested:
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

    def close(self, parent: Any) -> None:
        """Called first when a worker ends, whatever the cause."""
        self.is_exiting = True
        signal.alarm(LEAVE_WITHIN_S)

    def _request_stop(self, *_: object) -> None:
        self.is_requested = True  # nothing else: the signal may interrupt anything
