"""`sentiq-admin backup` and `restore`: everything the service keeps in Redis, in one file, while it runs.

A backup is of one moment: Redis takes no writes while it is read (CLIENT PAUSE … WRITE; reads go on). If the reader
dies, the pause ends by itself. A restore checks the whole file first, writes its keys beside those that are there, and
exchanges them in one step.

Left out is what belongs to the moment: heartbeats, wake-ups, rates, the result cache, and Celery's messages, which the
sweeper sends again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from redis import Redis

from sentiq.admin.backup_file import BackupRefused, Part, read, write
from sentiq.core import redis_keys
from sentiq.core.redis_keys import LaneKeys
from sentiq.core.version import VERSION
from sentiq.jobs import schema
from sentiq.jobs.scripts import Script
from sentiq.jobs.types import Lane

PREFIX = "sentiq:"
STAGING = "sentiq:restoring:"

PAUSE_MS = 5_000  #: writes wait for so long at most when the reader has died
RENEW_S = 1.0  #: how often the reader says that it lives
KEYS_AT_ONCE = 100  #: keys that are looked at in one round trip
SMALL = 8  #: elements up to which a key is read in one piece, together with others
PART = 128  #: elements of a part of a larger key; those of jobs are chunks of some ten kilobytes

#: They belong to the running cluster, not to what it was told.
OF_THE_MOMENT = frozenset(
    {
        *(
            redis_keys.WORKERS,
            redis_keys.API_PROCESSES,
            redis_keys.CLOCK,
            redis_keys.WAKEUPS,
            redis_keys.ARRIVED,
            redis_keys.VOTES,
        ),
        *(redis_keys.CACHE_CURRENT, redis_keys.CACHE_PREVIOUS, redis_keys.CACHE_STATS),
        *(LaneKeys.of(lane).children for lane in Lane),
    }
)


@dataclass(frozen=True, slots=True)
class Report:
    keys: int
    paused_s: float  # for how long Redis took no writes


def backup(redis: Redis, path: Path) -> Report:
    """Write a backup; `path` appears when it is complete. Raises BackupRefused."""
    if path.exists():
        raise BackupRefused(f"{path} exists: name a new file.")
    beside = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            report = backup_to(redis, file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        beside.unlink(missing_ok=True)
    return report


def backup_to(redis: Redis, file: IO[bytes]) -> Report:
    """Write a backup to an open file, such as a pipe. Raises BackupRefused; what was written is then cut off."""
    with _no_writes(redis) as still_paused:
        started_s = time.monotonic()
        count = write(file, _header(redis), _parts(redis, still_paused))
        still_paused(final=True)
        return Report(count, time.monotonic() - started_s)


def restore(redis: Redis, path: Path, *, replace: bool) -> dict[str, Any]:
    """Put a backup in the place of what Redis holds, and return its header. Raises BackupRefused, and NewerData.

    Jobs, keys and webhooks that Redis holds now are lost with `replace`, and a reason to refuse without. What had time
    left to live when the backup was made has the same time left now.
    """
    for part in read(path):  # all of it is sound and can be used, before anything is written
        if isinstance(part, list) and part[0] == redis_keys.SCHEMA.encode():
            schema.parse_version(part[3][0], str(path))
    jobs, api_keys = redis.zcard(redis_keys.JOBS), redis.hlen(redis_keys.KEYS)
    if (jobs or api_keys) and not replace:
        raise BackupRefused(
            f"Redis holds {jobs:,} jobs and {api_keys:,} API keys, which would be lost. Add --replace if they may be."
        )
    _drop_staged(redis)
    try:
        parts = read(path)
        header: dict[str, Any] = next(parts)
        for part in parts:
            _put(redis, *part)
        Script(redis, "adopt")(prefix=PREFIX, staging=STAGING, preserved=sorted(OF_THE_MOMENT))
    finally:
        _drop_staged(redis)
    schema.ensure(redis)  # those who run do not look for an older version any more
    return header


@contextmanager
def _no_writes(redis: Redis) -> Iterator[Callable[..., None]]:
    """Hold back all writes. What is yielded must be called often; it raises BackupRefused if writes were possible."""
    renewed_s = float("-inf")

    def still_paused(*, final: bool = False) -> None:
        nonlocal renewed_s
        now_s = time.monotonic()
        if now_s - renewed_s > PAUSE_MS / 1000 and renewed_s > float("-inf"):
            raise BackupRefused("Reading took too long between two signs of life: Redis took writes again. Try again.")
        if not final and now_s - renewed_s > RENEW_S:
            redis.client_pause(PAUSE_MS, all=False)
            renewed_s = now_s

    still_paused()
    try:
        yield still_paused
    finally:
        redis.client_unpause()


def _parts(redis: Redis, still_paused: Callable[[], None]) -> Iterator[Part]:
    for names in _batches(_names(redis), KEYS_AT_ONCE):
        still_paused()
        pipe = redis.pipeline(transaction=False)
        for name in names:
            pipe.type(name)
            pipe.pttl(name)
        answers = pipe.execute()
        found = [
            (name, kind.decode(), None if left_ms == -1 else left_ms)
            for name, kind, left_ms in zip(names, answers[::2], answers[1::2], strict=True)
            if kind != b"none" and left_ms != -2  # else it has just expired
        ]
        for name, kind, _ in found:
            _ask(pipe, "size", kind, name)
        sizes = pipe.execute()
        small = [entry for entry, size in zip(found, sizes, strict=True) if size <= SMALL or entry[1] == "string"]
        for name, kind, _ in small:
            _ask(pipe, "all", kind, name)
        for (name, kind, left_ms), answer in zip(small, pipe.execute(), strict=True):
            if elements := _flat(kind, answer):  # else its time to live ended between two reads
                yield name, kind, left_ms, elements
        for (name, kind, left_ms), size in zip(found, sizes, strict=True):
            if size > SMALL and kind != "string":
                for items in _pieces(redis, kind, name):
                    still_paused()
                    if items:
                        yield name, kind, left_ms, items


def _names(redis: Redis) -> Iterator[bytes]:
    """The service's keys, each once: a table that Redis enlarges meanwhile may show some again."""
    seen = set()
    for name in redis.scan_iter(match=f"{PREFIX}*", count=1_000):
        text = name.decode()
        if text in OF_THE_MOMENT or text.startswith((STAGING, f"{redis_keys.RATE}:")) or name in seen:
            continue
        seen.add(name)
        yield name


def _ask(pipe: Any, what: str, kind: str, name: bytes) -> None:
    """Queue the command that gives the size, or all elements, of a key."""
    commands: dict[str, dict[str, Callable[[], object]]] = {
        "size": {
            "string": lambda: pipe.strlen(name),
            "list": lambda: pipe.llen(name),
            "hash": lambda: pipe.hlen(name),
            "set": lambda: pipe.scard(name),
            "zset": lambda: pipe.zcard(name),
        },
        "all": {
            "string": lambda: pipe.get(name),
            "list": lambda: pipe.lrange(name, 0, -1),
            "hash": lambda: pipe.hgetall(name),
            "set": lambda: pipe.smembers(name),
            "zset": lambda: pipe.zrange(name, 0, -1, withscores=True),
        },
    }
    if kind not in commands[what]:
        raise BackupRefused(f"The key {name!r} is a {kind}, which this service does not use: whose is it?")
    commands[what][kind]()


def _flat(kind: str, answer: Any) -> list[Any]:
    """The elements as `_put` takes them."""
    if kind == "string":
        return [] if answer is None else [answer]
    if kind == "hash":
        return [word for pair in answer.items() for word in pair]
    if kind == "zset":
        return [[member, score] for member, score in answer]
    return list(answer)


def _pieces(redis: Redis, kind: str, name: bytes) -> Iterator[list[Any]]:
    """The elements of a large key, some at a time; of a list in their order."""
    if kind == "list":
        for start in range(0, redis.llen(name), PART):
            yield redis.lrange(name, start, start + PART - 1)
    elif kind == "hash":
        for pairs in _batches(redis.hscan_iter(name, count=PART), PART):
            yield [word for pair in pairs for word in pair]
    elif kind == "zset":
        for scored in _batches(redis.zscan_iter(name, count=PART), PART):
            yield [list(pair) for pair in scored]
    else:
        yield from _batches(redis.sscan_iter(name, count=PART), PART)


def _put(redis: Redis, name: bytes, kind: str, left_ms: int | None, items: list[Any]) -> None:
    if items in ([], [None]):  # of a backup made by 0.2 or before: the key expired while it was read
        return
    staged = STAGING.encode() + name
    pipe = redis.pipeline(transaction=False)
    if kind == "string":
        pipe.set(staged, items[0])
    elif kind == "list":
        pipe.rpush(staged, *items)
    elif kind == "hash":
        pipe.hset(staged, items=items)
    elif kind == "set":
        pipe.sadd(staged, *items)
    elif kind == "zset":
        pipe.zadd(staged, dict(items))
    if left_ms is not None:
        pipe.pexpire(staged, left_ms)
    pipe.execute()


def _drop_staged(redis: Redis) -> None:
    for names in _batches(redis.scan_iter(match=f"{STAGING}*", count=1_000), 1_000):
        redis.unlink(*names)


def _header(redis: Redis) -> dict[str, Any]:
    info: dict[str, Any] = redis.info("server")
    return {
        "version": VERSION,
        "redis": info["redis_version"],
        "made_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _batches(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
