"""Works on a lane: what a worker with one child does, in a thread."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import structlog

from embedded.broker import MemoryBroker
from sentiq.jobs.types import ChunkRef, Lane
from worker import context
from worker.child import reporting, work
from worker.metrics import metrics

FETCH_S = 0.5  #: one wait for a message; a thread that is to stop looks up after it

log = structlog.get_logger(__name__)


class LaneThread(Thread):
    """Takes the messages of a lane, one after another, until it is stopped."""

    def __init__(self, lane: Lane, broker: MemoryBroker) -> None:
        super().__init__(name=f"lane {lane}", daemon=True)
        self.lane, self._broker = lane, broker
        self._is_stopping = Event()
        self._running: list[str] = []
        self.ended = 0  #: tasks, for better or worse

    @property
    def running(self) -> tuple[str, ...]:
        """The id of the task that runs, or nothing."""
        return tuple(self._running)

    def stop(self) -> None:
        """Let the task that runs be the last."""
        self._is_stopping.set()

    def run(self) -> None:
        metrics().begin(self.lane)
        while not self._is_stopping.is_set():
            message = self._broker.fetch(self.lane, FETCH_S)
            if message is not None:
                task_id, args = message
                self._running.append(task_id)
                try:
                    self._work(task_id, args)
                except Exception:  # whatever it is, the thread lives on
                    log.exception("a task failed; its chunks are given out again", lane=self.lane, task_id=task_id)
                    self._release(task_id)
                finally:
                    self._running.clear()
                    self.ended += 1

    def _work(self, task_id: str, args: list[Any]) -> None:
        if self.lane is Lane.INTERACTIVE:
            work.drain(self._broker, task_id)
        else:
            work.classify_chunk(self._broker, task_id, ChunkRef(*args))

    def _release(self, task_id: str) -> None:
        released = context.parent().lane(self.lane).release(task_id)
        metrics().recoveries.labels(self.lane, "error").inc(len(released))
        if released:
            log.warning("released the work of a failed task", **reporting.chunk_ids(released))
