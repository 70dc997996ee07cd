"""What the API processes tell of themselves, so that each can answer for all: requests, the time these took, memory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from redis import Redis

from jobs import keys

ANNOUNCED_EVERY_S = 5.0
SILENT_AFTER_S = 20.0  #: a process that told nothing for so long has ended


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """One process that answers requests, since it started."""

    id: str
    requests: int
    seconds: float  # that all of them took
    memory_bytes: int  # resident


def announce(redis: Redis, process: ApiProcess) -> None:
    seconds, micros = redis.time()
    document = json.dumps(asdict(process) | {"seen_at_s": seconds + micros / 1e6})
    pipe = redis.pipeline(transaction=True)
    pipe.hset(keys.API_PROCESSES, process.id, document)
    pipe.expire(keys.API_PROCESSES, round(SILENT_AFTER_S))
    pipe.execute()


def leave(redis: Redis, process_id: str) -> None:
    redis.hdel(keys.API_PROCESSES, process_id)


def announced(redis: Redis) -> list[ApiProcess]:
    """Those that live, as they were when they last told; the silent ones are forgotten."""
    pipe = redis.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(keys.API_PROCESSES)
    (seconds, micros), documents = pipe.execute()
    known = [field.name for field in fields(ApiProcess)]
    live = []
    for process_id, text in documents.items():
        document = json.loads(text)
        if seconds + micros / 1e6 - document["seen_at_s"] > SILENT_AFTER_S:
            leave(redis, process_id)
        else:
            live.append(ApiProcess(**{name: document[name] for name in known}))
    return live
