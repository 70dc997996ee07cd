"""How fast the children of a lane are, from what they recorded lately."""

from __future__ import annotations

from redis import Redis

from jobs.keys import LaneKeys
from jobs.models import Lane


def texts_per_second(redis: Redis, lane: Lane) -> float | None:
    """Of all children of the lane that live now; None while nothing was recorded or nobody lives."""
    k = LaneKeys.of(lane)
    pipe = redis.pipeline(transaction=False)
    pipe.hmget(k.speed, "rows", "ms")
    pipe.get(k.children)
    (rows, ms), children = pipe.execute()
    if not int(rows or 0) or not int(ms or 0) or not int(children or 0):
        return None
    return int(children) * int(rows) / int(ms) * 1000
