"""Says that the worker lives: to systemd (sd_notify), and to whoever looks at the age of a file.

Both hear of it while the parent's event loop turns and the watchdog is content; a process that merely exists says
nothing. A worker that waits for Redis lives, too: to start it anew would not bring Redis back.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import structlog
from celery import bootsteps
from celery.exceptions import WorkerShutdown, WorkerTerminate
from celery.worker import consumer, state
from celery.worker.components import Pool

from jobs.cluster import check_writes
from jobs.connection import RedisRefuses
from jobs.notify import notify, watchdog_s
from jobs.settings import current
from worker import context, lifecycle, stopping, watchdog

INTERVAL_S = 1.0
EXTENSION_S = 30  #: more time to start, asked for again each second while Redis is away

log = structlog.get_logger(__name__)


class Alive(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Worker bootstep: ready once all children are warm; from then on it says each second that it lives."""

    requires = (Pool,)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        parent.alive = self
        self._timer: Any = None
        self._ready = False
        self._file = Path(current().alive_file) if current().alive_file else None
        if self._file is not None and not os.access(self._file.parent, os.W_OK):
            log.error("SENTIQ_ALIVE_FILE: its folder cannot be written to", folder=str(self._file.parent))
            raise SystemExit(lifecycle.EX_CONFIG)

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        # Called again after each reconnect to the broker.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = hub.call_repeatedly(min(INTERVAL_S, (watchdog_s() or 60) / 3), self._turn, parent)

    def stop(self, parent: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        notify("STOPPING=1")
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    terminate = stop  # how a worker ends after a soft shutdown

    def waits(self) -> None:
        """The worker has no broker and tries for one."""
        if self._ready:
            self._tell("waiting for Redis")
        else:
            notify(f"EXTEND_TIMEOUT_USEC={EXTENSION_S * 1_000_000}", "STATUS=waiting for Redis")

    def _turn(self, parent: Any) -> None:
        pool = parent.pool._pool
        self._ready = self._ready or (len(pool._pool) >= pool._processes and not pool._waiting_to_start)
        if self._ready and watchdog.content():
            served = f"{lifecycle.lane()}: {lifecycle.manifest().name}"
            self._tell(f"{served}, {len(state.active_requests)} of {len(pool._pool)} children busy")

    def _tell(self, status: str) -> None:
        notify("STOPPING=1" if stopping.asked() else "READY=1", "WATCHDOG=1", f"STATUS={status}")
        if self._file is not None:
            self._file.touch()


class Consumer(consumer.Consumer):  # type: ignore[misc]  # Celery has no types
    """Lives, and can be told to stop, also while it has no broker: then the event loop does not turn.

    It fetches nothing from a Redis whose data it does not know; meanwhile another one may have taken its place.
    """

    def ensure_connected(self, connection: Any) -> Any:
        # At a steady pace: Celery's waits grow to 30 s, and so long would the first request wait when Redis is back.
        pace = {"interval_start": INTERVAL_S, "interval_step": 0, "interval_max": INTERVAL_S}
        connection.ensure_connection(self._missed, callback=self._waits, **pace)
        self._await_writes()
        lifecycle.check_data()
        return super().ensure_connected(connection)

    def _await_writes(self) -> None:
        """Consuming begins with writes: while Redis refuses them, it would break off again at once."""
        while True:
            try:
                return check_writes(context.parent().redis)
            except RedisRefuses as error:
                log.error("Redis takes no writes", reason=str(error), next_try_s=INTERVAL_S)
            self._waits()
            time.sleep(INTERVAL_S)

    def _missed(self, error: Exception, interval_s: float) -> None:
        log.error("Cannot connect to Redis", reason=str(error), next_try_s=interval_s)

    def _waits(self) -> None:
        state.maybe_shutdown()
        if stopping.asked():  # what runs could not be recorded: others will do it
            raise WorkerTerminate(0) if state.active_requests else WorkerShutdown(0)
        self.controller.alive.waits()
