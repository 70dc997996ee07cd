"""The base of what a worker's parent does at intervals."""

from __future__ import annotations

from typing import Any, Self

from celery import bootsteps
from celery.worker.components import Pool

OFTEN_S = 0.25  #: the interval of steps that react: to a signal, a dead child, work that has lost its message


class ParentStep(bootsteps.StartStopStep):
    """Bootstep that calls `tick` every `interval_s` seconds in the parent's event loop until it is stopped.

    `parent` is Celery's WorkController or, in a step of the consumer, its Consumer. A stopped step must have no timer
    left: while the pool drains, Celery fires the remaining ones from a thread.

    Steps that need not be at other times share an interval: one turn of the event loop then runs all of them, and a
    turn costs an idle worker as much as a step.
    """

    requires: tuple[Any, ...] = (Pool,)
    interval_s = 1.0

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    @classmethod
    def of(cls, parent: Any) -> Self:
        """Return this step of a running worker."""
        step: Self = parent.blueprint[cls.name]
        return step

    def tick(self, parent: Any) -> None:
        raise NotImplementedError

    def register_with_event_loop(self, parent: Any, hub: Any) -> None:
        """Start to tick. Celery calls this again after each reconnect to the broker."""
        self._cancel_timer()
        self._timer = hub.call_repeatedly(self.interval_s, self.tick, parent)

    def stop(self, parent: Any) -> None:
        self._cancel_timer()

    def terminate(self, parent: Any) -> None:
        """Called instead of `stop` when tasks outlast the grace period."""
        self.stop(parent)

    def shutdown(self, parent: Any) -> None:
        """Called on a step of the consumer when the worker ends."""
        self.stop(parent)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
