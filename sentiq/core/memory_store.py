"""The store of `sentiq serve --embedded`: a Redis within this process. What it holds is gone when the process ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis

from sentiq.core.redis_pools import Pool

if TYPE_CHECKING:  # only the process that has the store needs its library
    from fakeredis import FakeServer

_opened: list[FakeServer] = []  # the store of this process, once there is one


class NotOpened(RuntimeError):
    """The address is that of a store in memory, and this process has none."""


def open_store(max_bytes: int) -> None:
    """Make the store of this process, empty, in place of any other. INFO names `max_bytes` as its `maxmemory`."""
    from fakeredis import FakeServer

    close_store()
    _opened.append(FakeServer(version=(7, 2), config={b"maxmemory": str(max_bytes).encode()}))


def close_store() -> None:
    """Forget the store with all that is in it."""
    _opened.clear()


def is_open() -> bool:
    """Tell whether this process has a store."""
    return bool(_opened)


def connect() -> Redis:
    """Return a client of the store. Raises NotOpened."""
    if not _opened:
        raise NotOpened("memory:// is the store of `sentiq serve --embedded`; no other process can reach it")
    from sentiq.core.memory_redis import Connection

    return Redis.from_pool(Pool(connection_class=Connection, server=_opened[0]))
