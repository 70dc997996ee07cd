"""Heartbeats: which workers are live, what they serve, and how many children they have."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.documents import load
from sentiq.core.redis_clock import now_s, unix_s
from sentiq.core.redis_keys import LaneKeys
from sentiq.jobs.types import Lane, StoredModel

SILENT_AFTER_S = 10.0  #: a worker without a heartbeat for so long does not count as live
FORGET_AFTER_S = 60.0  #: and after so long it is no longer listed

#: Release 0.1 fails on any other field of a stored model. So that it can run beside this release, `stored` has only
#: these fields, and `models` has all.
_FIELDS_OF_0_1 = ("id", "version", "labels", "max_tokens", "precision", "source")


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The state of one worker at one moment."""

    worker: str  # Celery's node name, lane@host
    lane: Lane
    children: int  # warm pool processes
    busy: int  # tasks running
    model: str  # id of the loaded model
    model_version: str
    stored: tuple[StoredModel, ...]  # all models it can load: the newest version of each id first
    started_at_s: float  # Unix time
    seen_at_s: float  # Unix time of the Redis clock
    degraded: bool = False  # a smaller model answers in its place now
    memory_bytes: int | None = None  # of parent and children, shared memory counted once; None: not known


def beat(redis: Redis, heartbeat: Heartbeat, ttl_s: int) -> None:
    """Store the heartbeat of a worker; it expires after `ttl_s`."""
    pipe = redis.pipeline(transaction=True)
    document = asdict(heartbeat) | {"seen_at_s": now_s(redis)}
    models = document["stored"]
    document |= {"models": models, "stored": [{name: model[name] for name in _FIELDS_OF_0_1} for model in models]}
    pipe.hset(redis_keys.WORKERS, heartbeat.worker, json.dumps(document))
    pipe.expire(redis_keys.WORKERS, ttl_s)
    pipe.execute()


def count_children(redis: Redis, ttl_s: int) -> None:
    """Update the number of children of each lane, which the scripts need.

    This reads the heartbeats of all workers, so not every worker should do it.
    """
    live = live_workers(redis)
    pipe = redis.pipeline(transaction=True)
    for lane in Lane:
        children = sum(worker.children for worker in live if worker.lane is lane)
        pipe.set(LaneKeys.of(lane).children, children, ex=ttl_s)
    pipe.execute()


def leave(redis: Redis, worker: str) -> None:
    """Remove the heartbeat of a worker that shuts down."""
    redis.hdel(redis_keys.WORKERS, worker)


def check_writes(redis: Redis) -> None:
    """Check that Redis accepts writes. Raises RedisFull, RedisRefuses and the errors of REDIS_AWAY.

    It sets a key only if that exists, and it never does: Redis refuses this where it refuses writes, and otherwise
    nothing changes. Neither Redis nor its append-only file grows.
    """
    redis.set(redis_keys.PROBE, "", xx=True)


def live_workers(redis: Redis) -> list[Heartbeat]:
    """Return the workers with a recent heartbeat, by name; those that have been silent for long are removed."""
    pipe = redis.pipeline(transaction=True)
    pipe.time()
    pipe.hgetall(redis_keys.WORKERS)
    time, documents = pipe.execute()
    now_s = unix_s(time)
    live = []
    for name, document in sorted(documents.items()):
        fields = json.loads(document)
        try:
            heartbeat = load(Heartbeat, fields | {"stored": fields.get("models", fields["stored"])})
        except ValueError:  # of a lane that this version does not know
            continue
        age_s = now_s - heartbeat.seen_at_s
        if age_s <= SILENT_AFTER_S:
            live.append(heartbeat)
        elif age_s > FORGET_AFTER_S:
            redis.hdel(redis_keys.WORKERS, name)
    return live
