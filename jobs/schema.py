"""The version of what is kept in Redis: `sentiq:schema`. Data without one are of version 1.

Most changes need no new version, since documents are read with tolerance (jobs/documents.py). It is raised when older
processes would read or write wrongly what is kept. Then `MIGRATIONS` says how the data of the version before are
carried over; the first process of the new version that meets them does so. A process that meets newer data refuses to
start. docs/upgrading.md is for operators, ADR 32 has the reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError

from jobs import keys
from jobs.errors import NewerData
from jobs.version import VERSION as RELEASE

#: Gets a pipeline that watches the version: reads what it needs, calls `multi()`, queues its writes. They happen
#: together with the raise of the version, or not at all. It may meet data that are carried over already, where Redis
#: has lost the version.
Migration = Callable[[Pipeline], None]

VERSION = 1
MIGRATIONS: Mapping[int, Migration] = {}  #: by the version whose data it carries over to the next

log = structlog.get_logger(__name__)


def check(redis: Redis) -> int | None:
    """Return the version that is noted; None where there is none. Raises NewerData when this release is too old."""
    noted = redis.get(keys.SCHEMA)
    return None if noted is None else parse_version(noted, "Redis")


def parse_version(noted: bytes | str, where: str) -> int:
    """Return a noted version as a number. Raises NewerData when this release is too old for it."""
    if int(noted) > VERSION:
        raise NewerData(
            f"The data in {where} are of schema version {int(noted)} ({keys.SCHEMA}), and sentiq {RELEASE} knows those "
            f"up to {VERSION}. Use the release that wrote them, or a newer one; the way back is a backup that was made "
            "before the upgrade (docs/upgrading.md)."
        )
    return int(noted)


def ensure(redis: Redis) -> None:
    """Carry older data over, version by version, where nobody else does. Raises NewerData, as `check` does."""
    while (noted := check(redis)) != VERSION:
        with redis.pipeline() as pipe:
            pipe.watch(keys.SCHEMA)  # type: ignore[no-untyped-call]  # redis-py has no type for it
            if pipe.get(keys.SCHEMA) != (None if noted is None else str(noted).encode()):
                continue  # somebody else was quicker
            found = noted or 1
            if found < VERSION:
                MIGRATIONS[found](pipe)
            else:
                pipe.multi()
            pipe.set(keys.SCHEMA, min(found + 1, VERSION))
            try:
                pipe.execute()
            except WatchError:
                continue
        if found < VERSION:
            log.info("the data in Redis were carried over", schema=found + 1)
