"""Releases the work of a dead child at once: an extension of what the parent knows of a running task."""

from __future__ import annotations

from typing import Any

import structlog
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery.worker.request import Request

from sentiq.core.redis import REDIS_AWAY
from worker import context
from worker.child import reporting
from worker.metrics import metrics

REASONS: dict[type[Exception], str] = {WorkerLostError: "child_lost", TimeLimitExceeded: "time_limit"}

log = structlog.get_logger(__name__)


class LeasedRequest(Request):
    """Releases the chunks of a task that failed, before Celery redelivers its message.

    Without this they would be free only when the lease runs out.
    """

    def on_failure(self, exc_info: Any, *args: Any, **kwargs: Any) -> None:
        error = getattr(exc_info.exception, "exc", exc_info.exception)  # billiard wraps it with its traceback
        self._release(error)
        super().on_failure(exc_info, *args, **kwargs)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        super().on_timeout(soft, timeout)
        if not soft:
            self._release(TimeLimitExceeded(timeout))

    def _release(self, error: Exception) -> None:
        queue = self.delivery_info["routing_key"]
        try:
            released = context.parent().lane(queue).release(self.id)
        except REDIS_AWAY:
            return  # the lease runs out instead
        if released:
            reason = next((name for kind, name in REASONS.items() if isinstance(error, kind)), "error")
            metrics().recoveries.labels(queue, reason).inc(len(released))
            log.warning(
                "released the work of a lost task",
                task_id=self.id,
                lane=queue,
                **reporting.chunk_ids(released),
                reason=reason,
                error=type(error).__name__,
            )
