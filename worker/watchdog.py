"""A worker that does not make progress ends, so that its supervisor starts it anew.

Two ways of silence are known. The consumer may stop fetching after it lost Redis, while everything else looks alive;
and the event loop may hang, so that nobody renews leases any more.
"""

from __future__ import annotations

import faulthandler
import signal
import time
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from jobs.connection import REDIS_AWAY
from jobs.dispatch import queued
from worker import context, lifecycle, stopping

INTERVAL_S = 1.0
SILENT_AFTER_S = 15.0  #: messages wait, children are idle, and nothing is fetched: for so long
HUNG_AFTER_S = 60  #: one turn of the event loop; calls of Redis in it give up after seconds
EX_TEMPFAIL = 75  #: exit code of a worker that should be started anew (sysexits.h)

log = structlog.get_logger(__name__)
_gave_up = False


def content() -> bool:
    """The watchdog has not given this worker up."""
    return not _gave_up


class Silence:
    """How long a worker has left messages waiting. Times are seconds of one monotonic clock."""

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._received = -1

    def lasts_s(self, now_s: float, *, waiting: int, idle: int, received: int) -> float:
        """Seconds for which messages have waited beside idle children; `received` counts the tasks begun so far."""
        if not waiting or not idle or received != self._received:
            self._since_s, self._received = now_s, received
        return now_s - self._since_s


class Watchdog(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Consumer bootstep: it rests while the consumer has no connection, and Celery itself tries for one."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **kwargs: Any) -> None:
        super().__init__(consumer, **kwargs)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        # The handler writes where the loop hangs, then the signal ends the process. Children do not inherit the alarm.
        faulthandler.register(signal.SIGALRM, all_threads=False, chain=True)
        signal.alarm(HUNG_AFTER_S)
        silence = Silence(time.monotonic())
        self._timer = consumer.timer.call_repeatedly(INTERVAL_S, self._look, (silence, consumer.pool))

    def stop(self, consumer: Any) -> None:
        if not stopping.leaving():
            signal.alarm(0)
        if self._timer is not None:
            self._timer.cancel()

    shutdown = stop

    def _look(self, silence: Silence, pool: Any) -> None:
        if stopping.leaving():
            return
        signal.alarm(HUNG_AFTER_S)
        if stopping.asked():
            return
        try:
            waiting = queued(context.parent().redis, lifecycle.lane())
        except REDIS_AWAY:
            waiting = 0
        lasts_s = silence.lasts_s(
            time.monotonic(),
            waiting=waiting,
            idle=pool.num_processes - len(state.active_requests),
            received=state.all_total_count[0],
        )
        if lasts_s > SILENT_AFTER_S:
            global _gave_up
            _gave_up = True
            log.critical(
                "messages wait and nothing is fetched: starting anew", silent_s=round(lasts_s), waiting=waiting
            )
            raise SystemExit(EX_TEMPFAIL)
