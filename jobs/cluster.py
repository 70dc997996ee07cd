"""Heartbeats: which workers live, what they serve, how many children they have."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from redis import Redis

from jobs import keys
from jobs.documents import load
from jobs.keys import LaneKeys
from jobs.models import Lane, StoredModel
from jobs.redis_clock import now_s, unix_s

SILENT_AFTER_S = 10.0  #: a worker without a heartbeat for so long does not count as live
FORGET_AFTER_S = 60.0  #: and after so long it is no longer listed

#: Release 0.1 fails on any other field of a stored model. So that it may run beside this one, `stored` has these alone,
#: and `models` has all.
_FIELDS_OF_0_1 = ("id", "version", "labels", "max_tokens", "precision", "source")


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
    degraded: bool = False  # the bundled model stands in for it now
    memory_bytes: int | None = None  # parent and children, what they share counted once; None: not known


def beat(redis: Redis, heartbeat: Heartbeat, ttl_s: int) -> None:
    """Announce a worker."""
    pipe = redis.pipeline(transaction=True)
    document = asdict(heartbeat) | {"seen_at_s": now_s(redis)}
    models = document["stored"]
    document |= {"models": models, "stored": [{name: model[name] for name in _FIELDS_OF_0_1} for model in models]}
    pipe.hset(keys.WORKERS, heartbeat.worker, json.dumps(document))
    pipe.expire(keys.WORKERS, ttl_s)
    pipe.execute()


def count_children(redis: Redis, ttl_s: int) -> None:
    """Refresh what the scripts need to know: the number of children of each lane.

    It reads every worker's heartbeat, so not every worker should do it.
    """
    live = live_workers(redis)
    pipe = redis.pipeline(transaction=True)
    for lane in Lane:
        children = sum(worker.children for worker in live if worker.lane is lane)
        pipe.set(LaneKeys.of(lane).children, children, ex=ttl_s)
    pipe.execute()


def leave(redis: Redis, worker: str) -> None:
    """A worker shuts down."""
    redis.hdel(keys.WORKERS, worker)


def check_writes(redis: Redis) -> None:
    """Raises RedisFull and RedisRefuses where Redis would take no write, and what REDIS_AWAY names.

    To set a key that must exist already, and never does, is refused as every write is, and changes nothing: Redis does
    not grow, nor does its append-only file.
    """
    redis.set(keys.PROBE, "", xx=True)


def live_workers(redis: Redis) -> list[Heartbeat]:
    """Workers heard of lately, by name; the long silent ones are forgotten."""
    pipe = redis.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(keys.WORKERS)
    time, documents = pipe.execute()
    now_s = unix_s(time)
    live = []
    for name, document in sorted(documents.items()):
        fields = json.loads(document)
        try:
            heartbeat = load(Heartbeat, fields | {"stored": fields.get("models", fields["stored"])})
        except ValueError:  # of a lane that only newer workers know
            continue
        age_s = now_s - heartbeat.seen_at_s
        if age_s <= SILENT_AFTER_S:
            live.append(heartbeat)
        elif age_s > FORGET_AFTER_S:
            redis.hdel(keys.WORKERS, name)
    return live
