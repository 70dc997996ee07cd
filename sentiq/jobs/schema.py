"""The version of the data in Redis: `sentiq:schema`. Data without a version have version 1.

Most changes need no new version, since documents are read with tolerance (sentiq/core/documents.py). It is raised when
older processes would read or write the data wrongly. Then `MIGRATIONS` converts the data of the version before; the
first process of the new version that finds them does so. A process that finds newer data refuses to start.
docs/upgrading.md is for operators, ADR 32 has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError

from sentiq.core import redis_keys
from sentiq.core.errors import NewerData
from sentiq.core.version import VERSION as RELEASE

#: Takes a pipeline that watches the version: reads what it needs, calls `multi()` and queues its writes. They happen
#: together with the raise of the version, or not at all. It may find data that are converted already, where Redis has
#: lost the version.
Migration = Callable[[Pipeline], None]

VERSION = 1
MIGRATIONS: Mapping[int, Migration] = {}  #: by the version whose data it converts to the next

log = structlog.get_logger(__name__)


def check(redis: Redis) -> int | None:
    """Return the stored version; None where there is none. Raises NewerData when this release is too old."""
    noted = redis.get(redis_keys.SCHEMA)
    return None if noted is None else parse_version(noted, "Redis")


def parse_version(noted: bytes | str, where: str) -> int:
    """Return a stored version as a number. Raises NewerData when this release is too old for it."""
    if int(noted) > VERSION:
        raise NewerData(
            f"The data in {where} are of schema version {int(noted)} ({redis_keys.SCHEMA}), and sentiq "
            f"{RELEASE} knows those "
            f"up to {VERSION}. Use the release that wrote them, or a newer one; the way back is a backup that was made "
            "before the upgrade (docs/upgrading.md)."
        )
    return int(noted)


def ensure(redis: Redis) -> None:
    """Convert older data, version by version, unless another process does. Raises NewerData, as `check` does."""
    while (noted := check(redis)) != VERSION:
        with redis.pipeline() as pipe:
            pipe.watch(redis_keys.SCHEMA)  # type: ignore[no-untyped-call]  # redis-py has no type for it
            if pipe.get(redis_keys.SCHEMA) != (None if noted is None else str(noted).encode()):
                continue  # another process was faster
            found = noted or 1
            if found < VERSION:
                MIGRATIONS[found](pipe)
            else:
                pipe.multi()
            pipe.set(redis_keys.SCHEMA, min(found + 1, VERSION))
            try:
                pipe.execute()
            except WatchError:
                continue
        if found < VERSION:
            log.info("the data in Redis were carried over", schema=found + 1)
