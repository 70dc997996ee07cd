"""Statistics of the API processes in Redis (requests, their time, memory), so that each process can report for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.documents import dump, load
from sentiq.core.redis_clock import now_s, unix_s

ANNOUNCED_EVERY_S = 5.0
SILENT_AFTER_S = 20.0  #: a process that has announced nothing for so long has ended


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """Statistics of one process since it started."""

    id: str
    requests: int
    seconds: float  # that all of them took
    memory_bytes: int  # resident
    seen_at_s: float = 0.0  # Unix time of the Redis clock


def announce(redis: Redis, process: ApiProcess) -> None:
    """Store the statistics of a process."""
    pipe = redis.pipeline(transaction=True)
    pipe.hset(redis_keys.API_PROCESSES, process.id, dump(replace(process, seen_at_s=now_s(redis))))
    pipe.expire(redis_keys.API_PROCESSES, round(SILENT_AFTER_S))
    pipe.execute()


def leave(redis: Redis, process_id: str) -> None:
    """Remove a process that ends."""
    redis.hdel(redis_keys.API_PROCESSES, process_id)


def announced(redis: Redis) -> list[ApiProcess]:
    """Return the live processes with their last statistics; silent ones are removed."""
    pipe = redis.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(redis_keys.API_PROCESSES)
    time, documents = pipe.execute()
    live = []
    for process_id, document in documents.items():
        process = load(ApiProcess, document)
        if unix_s(time) - process.seen_at_s > SILENT_AFTER_S:
            leave(redis, process_id)
        else:
            live.append(process)
    return live
