"""Sends Celery messages by task name, for the API, children and sweepers.

A message carries a job id and a chunk number, never a text, so that the broker stays small and neither events nor
Flower show what users wrote. They show `argsrepr` instead, which is written for operators.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import uuid4

from redis import Redis

from sentiq.jobs.types import ChunkRef, Lane, Priority

DRAIN = "sentiq.drain"
CLASSIFY_CHUNK = "sentiq.classify_chunk"
PRIORITY_STEPS = (0, 3, 6, 9)  #: kombu's default on Redis; 0 goes first


class Producer(Protocol):
    """The only method of a Celery app that is needed here."""

    def send_task(self, name: str, args: Any = None, **options: Any) -> Any: ...


class Broker(Producer, Protocol):
    """What the API needs: it also writes messages that a script of the store sends."""

    def wakeup(self, wakeup_id: str, cause: str) -> str:
        """Return the message that `wake` sends."""
        ...

    def close(self) -> None: ...


def queue_keys(lane: Lane) -> list[str]:
    """Return the keys of the lists of a lane's messages; kombu has one list for each priority step."""
    return [f"{lane}\x06\x16{step}" if step else lane for step in PRIORITY_STEPS]


def count_messages(redis: Redis, lane: Lane) -> int:
    """Count the messages that no worker has fetched."""
    pipe = redis.pipeline(transaction=False)
    for key in queue_keys(lane):
        pipe.llen(key)
    return sum(pipe.execute())


def new_task_id() -> str:
    """Return an id for a Celery task."""
    return str(uuid4())


def wake(producer: Producer, wakeup_id: str, cause: str) -> None:
    """Send the `drain` that the store registered under this id; `cause` explains it to operators."""
    producer.send_task(DRAIN, queue=Lane.INTERACTIVE, task_id=wakeup_id, ignore_result=True, argsrepr=cause)


def publish(producer: Producer, chunks: Iterable[ChunkRef], *, again: bool = False) -> None:
    """Send one `classify_chunk` for each chunk, with the priority of its job; `again` when an earlier one was lost.

    The first chunk of a job gets high priority, so that a small job starts at once behind a large one.
    """
    for chunk in chunks:
        producer.send_task(
            CLASSIFY_CHUNK,
            args=tuple(chunk),
            queue=Lane.BULK,
            priority=chunk.level if chunk.chunk_no > 0 or chunk.level == Priority.LOW.level else Priority.HIGH.level,
            ignore_result=True,
            argsrepr=f"{'again ' if again else ''}chunk={chunk.chunk_no} rows={chunk.rows} job={chunk.job_id}",
        )
