"""Which model the cluster uses, and how it comes to another one.

A user proposes a candidate. Every live worker rehearses it in a process of its own and votes; when all are for it,
it becomes the active model, and each worker switches to it without stopping. One vote against drops the candidate, with
the reason, and the active model stays. The record outlives workers: one that starts later begins with the active model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.errors import FieldError, UnknownModel
from sentiq.core.redis import text
from sentiq.jobs.scripts import Script
from sentiq.jobs.workers import Heartbeat

IN_FAVOUR = "ok"  #: the vote of a worker whose rehearsal went well; any other vote is the reason against


@dataclass(frozen=True, slots=True)
class Activation:
    """The active model, the candidate and the last error. Models are named `id@version`; "" is none."""

    active: str  # "" while none has been activated: each worker serves the model of its settings
    candidate: str  # being rehearsed
    error: str  # why the last candidate was dropped


def read(redis: Redis) -> Activation:
    fields = redis.hmget(redis_keys.ACTIVATION, "active", "candidate", "error")
    return Activation(*(text(field or b"") for field in fields))


def propose(redis: Redis, model: str, workers: Iterable[Heartbeat]) -> str:
    """Make a model, by `id` or `id@version`, the candidate, in place of any other. Returns its `id@version`.

    Raises UnknownModel when a live worker does not have it, or none is live.
    """
    having = {w.worker: [found.name for found in w.stored if model in (found.id, found.name)] for w in workers}
    names = {found[0] for found in having.values() if found}  # the newest version first
    lacking = sorted(worker for worker, found in having.items() if not found)
    if lacking or len(names) != 1:
        detail = (
            f"There is no model {model!r} that can be activated: "
            + (f"it is not in the store of {', '.join(lacking)}." if lacking else "")
            + (f"The workers have different versions of it, name one: {', '.join(sorted(names))}." if names else "")
            + ("No worker is live." if not having else "")
        )
        raise UnknownModel(detail, errors=(FieldError("unknown_model", detail, pointer="/model"),))
    (name,) = names
    pipe = redis.pipeline(transaction=True)
    pipe.delete(redis_keys.VOTES)
    pipe.hset(redis_keys.ACTIVATION, mapping={"candidate": name, "error": ""})
    pipe.execute()
    return name


def vote(redis: Redis, candidate: str, worker: str, verdict: str) -> None:
    """Store the verdict of a worker: `IN_FAVOUR` or the reason against."""
    redis.hset(redis_keys.VOTES, f"{candidate} {worker}", verdict)


def decide(redis: Redis, candidate: str, workers: Iterable[Heartbeat]) -> None:
    """Decide on the candidate if one vote is against it, or all live workers have voted."""
    votes = {text(voter): text(verdict) for voter, verdict in redis.hgetall(redis_keys.VOTES).items()}
    found = {worker.worker: votes.get(f"{candidate} {worker.worker}") for worker in workers}
    against = [f"{worker}: {verdict}" for worker, verdict in found.items() if verdict not in (None, IN_FAVOUR)]
    if against or (found and all(found.values())):
        Script(redis, "decide_activation")(
            activation=redis_keys.ACTIVATION,
            votes=redis_keys.VOTES,
            candidate=candidate,
            reason_against="; ".join(against),
        )
