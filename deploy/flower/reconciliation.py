"""What Flower cannot know by itself; put into it when its Celery app is imported (app.py).

**Tasks that ended unseen.** Flower learns that a task ended from an event, and Redis hands events only to those who
listen at that moment. What ended while Flower was restarted, or had lost Redis, would stay STARTED for ever, as if it
hung. So here it asks the workers whether they still have what it takes for unfinished; a task that nobody has becomes
UNKNOWN, until an event tells more.

**The queues.** Flower lists those that workers named when it last asked them: after a start some of ours, or one. Here
they are always both, and their lengths come by the same way to Redis as everywhere else.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import flower.app
from flower.events import Events
from flower.views import BaseHandler
from kombu.exceptions import OperationalError
from tornado.ioloop import IOLoop, PeriodicCallback

from sentiq.core.redis import REDIS_AWAY, connect
from sentiq.core.settings import current
from sentiq.jobs.messages import count_messages
from sentiq.jobs.types import Lane

LOOK_EVERY_S = 5.0
QUIET_S = 10.0  #: a task of which nothing was heard for so long is asked for
GONE_AFTER_S = 60.0  #: a worker that neither answers nor beats for so long has no task any more
ASKED_AT_ONCE = 1_000  #: tasks
TIMEOUT_S = 3.0  #: of answers by workers and by Redis
UNFINISHED = ("RECEIVED", "STARTED")
UNKNOWN = "UNKNOWN"  #: it ran, and nobody has it any more; how it ended is not known


class TruthfulEvents(Events):  # type: ignore[misc]  # Flower has no types
    """Flower's memory of tasks, compared with what the workers have. All that touches it runs in Flower's loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began_s = time.time()
        self._comparing = PeriodicCallback(self.compare, LOOK_EVERY_S * 1000)

    def start(self) -> None:
        super().start()
        self._comparing.start()

    def stop(self) -> None:
        self._comparing.stop()
        super().stop()

    def on_event(self, event: dict[str, Any]) -> None:
        """Called by the thread that listens."""
        self.io_loop.add_callback(partial(self._learn, event))

    def _learn(self, event: dict[str, Any]) -> None:
        task = self.state.tasks.data.get(event.get("uuid"))
        if task is not None and task.state == UNKNOWN:
            task.state = "PENDING"  # Celery lets no event take a task back from any other
        self.state.event(event)

    async def compare(self) -> None:
        """Mark the tasks that no worker has."""
        now_s = time.time()
        tasks = list(self.state.tasks.data.values())
        quiet = [task for task in tasks if task.state in UNFINISHED and now_s - (task.timestamp or 0) > QUIET_S]
        quiet = quiet[:ASKED_AT_ONCE]
        if not quiet:
            return
        try:
            answers = await self.io_loop.run_in_executor(None, self._ask, [task.uuid for task in quiet])
        except (OperationalError, *REDIS_AWAY):
            return  # nobody can be asked
        had = {uuid for tasks in answers.values() for uuid in tasks}
        for task in quiet:
            if task.uuid not in had and task.state in UNFINISHED and self._has_no_task(_name(task.worker), answers):
                task.event(UNKNOWN.lower(), task.timestamp)
                self.state.search_engine.upsert(task)

    def _ask(self, uuids: list[str]) -> dict[str, dict[str, Any]]:
        """Which of these tasks each worker has that answers."""
        return self.capp.control.inspect(timeout=TIMEOUT_S).query_task(uuids) or {}

    def _has_no_task(self, worker: str, answers: dict[str, dict[str, Any]]) -> bool:
        """The worker answered, though not with the task; or it is gone, rather than slow."""
        if worker in answers:
            return True
        known = self.state.workers.data.get(worker)
        heard_s: float = max([self._began_s, *(known.heartbeats if known else ())])
        return time.time() - heard_s > GONE_AFTER_S


def _name(worker: Any) -> str:
    """Of the worker of a task; a task that was restored from the file has only that."""
    return str(getattr(worker, "hostname", worker))


class Queues:
    """What Flower's views ask of a broker."""

    async def queues(self, _: object) -> list[dict[str, Any]]:
        lengths = await IOLoop.current().run_in_executor(None, _lengths)
        return [{"name": str(lane), "messages": length, "messages_ready": length} for lane, length in lengths.items()]


def _lengths() -> dict[Lane, int]:
    with connect(current().redis_address, timeout_s=TIMEOUT_S) as redis:
        return {lane: count_messages(redis, lane) for lane in Lane}


def install() -> None:
    """From now on Flower uses these."""
    flower.app.Events = TruthfulEvents
    BaseHandler.get_broker = lambda _: Queues()
    BaseHandler.get_active_queue_names = lambda _: list(Lane)
