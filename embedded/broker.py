"""Messages between the threads of this process, in the lists of the store that Celery's would be in."""

from __future__ import annotations

import json
from bisect import bisect
from typing import Any

from redis import Redis

from sentiq.jobs.messages import PRIORITY_STEPS, new_task_id, queue_keys
from sentiq.jobs.types import Lane


class MemoryBroker:
    """A `Broker` (sentiq/jobs/messages.py). A message is [task id, arguments …], as JSON."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def send_task(self, name: str, args: Any = (), **options: Any) -> None:
        """Send a message. The name is not needed, as each lane has one task; nobody is shown the other options."""
        step = bisect(PRIORITY_STEPS, options.get("priority", 0)) - 1
        message = _message(options.get("task_id") or new_task_id(), *args)
        self._redis.lpush(queue_keys(options["queue"])[step], message)

    def wakeup(self, wakeup_id: str, cause: str) -> str:
        """Return the message that a script sends. Nobody is shown the cause."""
        return _message(wakeup_id)

    def fetch(self, lane: Lane, within_s: float) -> tuple[str, list[Any]] | None:
        """Return the id and the arguments of the next task, the most urgent first; None where none comes in time."""
        found = self._redis.brpop(queue_keys(lane), within_s)
        if found is None:
            return None
        task_id, *args = json.loads(found[1])
        return task_id, args

    def close(self) -> None:
        """Do nothing: the store is closed by whom it belongs to."""


def _message(task_id: str, *args: Any) -> str:
    return json.dumps([task_id, *args])
