"""How fast the cluster's bulk children are, from what they recorded lately."""

from __future__ import annotations

from redis import Redis

from jobs import keys
from jobs.keys import LaneKeys
from jobs.models import Lane


def bulk_texts_per_second(redis: Redis) -> float | None:
    """Of all bulk children that live now; None while nothing was recorded or nobody lives."""
    rows, ms = redis.hmget(keys.SPEED, "rows", "ms")
    children = int(redis.get(LaneKeys.of(Lane.BULK).children) or 0)
    if not rows or not ms or not int(ms) or not children:
        return None
    return children * int(rows) / int(ms) * 1000
