"""Ends a worker that makes no progress, so that its supervisor restarts it.

Two cases are known. The consumer may stop fetching after it lost Redis, while everything else looks healthy; and the
event loop may hang, so that leases are not renewed any more.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from typing import Any

import structlog
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from sentiq.core.redis import REDIS_AWAY
from sentiq.jobs.messages import count_messages
from worker import context
from worker.parent.children import Children
from worker.parent.parent_step import ParentStep
from worker.parent.stopping import GracefulStop

STALLED_AFTER_S = 15.0  #: how long messages may wait beside idle children while nothing is fetched
LOOK_COUNTS_S = 2.0  #: at most: how much of the time since the look before it
HUNG_AFTER_S = 60  #: one turn of the event loop; calls of Redis in it give up after seconds

log = structlog.get_logger(__name__)


class StallTimer:
    """Measures how long a worker has left messages waiting. Times are seconds of one monotonic clock.

    Far from Redis one turn of the event loop may take many seconds: such a worker is slow to fetch, and to end it would
    make it slower. So a long time between two looks counts for LOOK_COUNTS_S.
    """

    def __init__(self, now_s: float) -> None:
        self._looked_s = now_s
        self._stalled_s = 0.0
        self._received = -1

    def elapsed_s(self, now_s: float, *, waiting: int, idle: int, received: int) -> float:
        """Return for how long messages have waited beside idle children; `received` counts the tasks begun so far."""
        if waiting and idle and received == self._received:
            self._stalled_s += min(now_s - self._looked_s, LOOK_COUNTS_S)
        else:
            self._stalled_s = 0.0
        self._looked_s, self._received = now_s, received
        return self._stalled_s


class Watchdog(ParentStep):
    """Consumer bootstep: it is stopped while the consumer has no connection, as Celery itself tries for one then."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **kwargs: Any) -> None:
        super().__init__(consumer, **kwargs)
        self.is_healthy = True  #: the worker makes progress
        self._stall = StallTimer(time.monotonic())

    def start(self, consumer: Any) -> None:
        # The handler writes where the loop hangs, then the signal ends the process. Children do not inherit the alarm.
        faulthandler.register(signal.SIGALRM, all_threads=False, chain=True)
        signal.alarm(HUNG_AFTER_S)
        self._stall = StallTimer(time.monotonic())

    def stop(self, consumer: Any) -> None:
        super().stop(consumer)
        if not GracefulStop.of(consumer.controller).is_exiting:
            signal.alarm(0)

    def tick(self, consumer: Any) -> None:
        stop = GracefulStop.of(consumer.controller)
        if stop.is_exiting:
            return
        signal.alarm(HUNG_AFTER_S)
        if stop.is_requested:
            return
        try:
            waiting = count_messages(context.parent().redis, context.consumed_lane())
        except REDIS_AWAY:
            waiting = 0
        stalled_s = self._stall.elapsed_s(
            time.monotonic(),
            waiting=waiting,
            # Children that still load a model take nothing, and nothing is fetched for them.
            idle=max(0, Children(consumer.pool).count_warm() - len(state.active_requests)),
            received=state.all_total_count[0],
        )
        if stalled_s > STALLED_AFTER_S:
            self.is_healthy = False
            log.critical(
                "messages wait and nothing is fetched: starting anew", silent_s=round(stalled_s), waiting=waiting
            )
            raise SystemExit(os.EX_TEMPFAIL)
