"""What the API processes tell of themselves, so that each can answer for all: requests, the time these took, memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redis import Redis

from jobs import keys
from jobs.documents import dump, load
from jobs.redis_clock import now_s, unix_s

ANNOUNCED_EVERY_S = 5.0
SILENT_AFTER_S = 20.0  #: a process that told nothing for so long has ended


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """One process that answers requests, since it started."""

    id: str
    requests: int
    seconds: float  # that all of them took
    memory_bytes: int  # resident
    seen_at_s: float = 0.0  # Unix time of the Redis clock


def announce(redis: Redis, process: ApiProcess) -> None:
    pipe = redis.pipeline(transaction=True)
    pipe.hset(keys.API_PROCESSES, process.id, dump(replace(process, seen_at_s=now_s(redis))))
    pipe.expire(keys.API_PROCESSES, round(SILENT_AFTER_S))
    pipe.execute()


def leave(redis: Redis, process_id: str) -> None:
    redis.hdel(keys.API_PROCESSES, process_id)


def announced(redis: Redis) -> list[ApiProcess]:
    """Those that live, as they were when they last told; the silent ones are forgotten."""
    pipe = redis.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(keys.API_PROCESSES)
    time, documents = pipe.execute()
    live = []
    for process_id, document in documents.items():
        process = load(ApiProcess, document)
        if unix_s(time) - process.seen_at_s > SILENT_AFTER_S:
            leave(redis, process_id)
        else:
            live.append(process)
    return live
