"""Heartbeats: which workers live, what they serve, how many children they have."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from redis import Redis

from jobs import keys
from jobs.keys import LaneKeys
from jobs.models import Lane, StoredModel

SILENT_AFTER_S = 10.0  #: a worker without a heartbeat for so long does not count as live
FORGET_AFTER_S = 60.0  #: and after so long it is no longer listed


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One worker at one moment."""

    worker: str  # Celery's node name, lane@host
    lane: Lane
    children: int  # warm pool processes
    busy: int  # tasks running
    model: str  # id of the one it has loaded
    model_version: str
    stored: tuple[StoredModel, ...]  # all it could load: the newest version of each id first
    started_at_s: float  # Unix time
    seen_at_s: float  # Unix time of the Redis clock


def beat(redis: Redis, heartbeat: Heartbeat, ttl_s: int) -> None:
    """Announce a worker and refresh what the scripts need to know: the number of children of each lane."""
    document = asdict(heartbeat) | {"seen_at_s": _now_s(redis)}
    redis.hset(keys.WORKERS, heartbeat.worker, json.dumps(document))
    redis.expire(keys.WORKERS, ttl_s)
    children = sum(w.children for w in live_workers(redis) if w.lane is heartbeat.lane)
    redis.set(LaneKeys.of(heartbeat.lane).children, children, ex=ttl_s)


def leave(redis: Redis, worker: str) -> None:
    """A worker shuts down."""
    redis.hdel(keys.WORKERS, worker)


def live_workers(redis: Redis) -> list[Heartbeat]:
    """Workers heard of lately, by name; the long silent ones are forgotten."""
    now_s = _now_s(redis)
    live = []
    for name, document in sorted(redis.hgetall(keys.WORKERS).items()):
        fields = json.loads(document)
        age_s = now_s - fields["seen_at_s"]
        if age_s <= SILENT_AFTER_S:
            stored = tuple(StoredModel(**model | {"labels": tuple(model["labels"])}) for model in fields["stored"])
            live.append(Heartbeat(**fields | {"lane": Lane(fields["lane"]), "stored": stored}))
        elif age_s > FORGET_AFTER_S:
            redis.hdel(keys.WORKERS, name)
    return live


def _now_s(redis: Redis) -> float:
    seconds, micros = redis.time()
    return float(seconds) + micros / 1e6
