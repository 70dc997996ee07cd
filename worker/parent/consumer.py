"""Celery's consumer, which can also wait for Redis in good health."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import structlog
from celery.exceptions import WorkerShutdown, WorkerTerminate
from celery.utils.threads import bound_open_broker_sockets
from celery.worker import consumer, state
from celery.worker.consumer.consumer import COLLECT_SOCKET_TIMEOUT

from sentiq.core.redis import RedisRefuses
from sentiq.jobs.workers import check_writes
from worker import context
from worker.parent.liveness import LivenessStep
from worker.parent.startup import check_data
from worker.parent.stopping import GracefulStop

RETRY_INTERVAL_S = 1.0

log = structlog.get_logger(__name__)


class Consumer(consumer.Consumer):
    """Reports that the worker lives, and stops when asked to, also without a broker: the event loop rests then.

    It checks the version of the data before it fetches anything: while the worker waited, another Redis may have taken
    the place of the one before.
    """

    def ensure_connected(self, connection: Any) -> Any:
        # At a constant interval: Celery's grow to 30 s, and a request would wait as long after Redis is back.
        pace = {
            "interval_start": RETRY_INTERVAL_S,
            "interval_step": 0,
            "interval_max": RETRY_INTERVAL_S,
        }
        connection.ensure_connection(self._log_failure, callback=self._while_waiting, **pace)
        self._await_writes()
        check_data()
        return super().ensure_connected(connection)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the channel of the tasks, then what Celery closes.

        While a child is idle, kombu 5.7 waits for a message, and with Redis gone its first try to close the channel
        ends there. Celery's second try comes when the channel has no address any more: with a task in flight, whose
        message is to be given back, that is an AttributeError, which ends the worker.
        """
        if self.task_consumer is not None:
            bound_open_broker_sockets(self.connection, COLLECT_SOCKET_TIMEOUT)
            with suppress(Exception):  # as Celery does, for it is lost anyway
                self.task_consumer.channel.close()
        super().on_connection_error_after_connected(exc)

    def _await_writes(self) -> None:
        """Wait until Redis accepts writes: consuming begins with some, and would break off at once."""
        while True:
            try:
                return check_writes(context.parent().redis)
            except RedisRefuses as error:
                log.error("Redis takes no writes", reason=str(error), next_try_s=RETRY_INTERVAL_S)
            self._while_waiting()
            time.sleep(RETRY_INTERVAL_S)

    def _log_failure(self, error: Exception, interval_s: float) -> None:
        log.error("Cannot connect to Redis", reason=str(error), next_try_s=interval_s)

    def _while_waiting(self) -> None:
        state.maybe_shutdown()
        if GracefulStop.of(self.controller).is_requested:  # results could not be recorded: other workers redo them
            raise WorkerTerminate(0) if state.active_requests else WorkerShutdown(0)
        LivenessStep.of(self.controller).report_waiting(self.controller)
