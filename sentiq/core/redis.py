"""Connections to Redis that fail fast and with clear errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from redis import Redis, SSLConnection, UnixDomainSocketConnection
from redis.backoff import ConstantBackoff, ExponentialWithJitterBackoff
from redis.connection import Connection
from redis.exceptions import ConnectionError, OutOfMemoryError, ReadOnlyError, ResponseError, TimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from sentiq.core import memory_store
from sentiq.core.redis_address import RedisAddress
from sentiq.core.redis_pools import Pool, SentinelPool

#: Errors of redis-py when Redis cannot be reached; callers answer 503 or try again later.
REDIS_AWAY = (ConnectionError, TimeoutError)

READ_BYTES = 16_384  #: of an answer, at a time; each connection holds so much memory


class RedisRefuses(ConnectionError):
    """Redis answers, but refuses writes now: its disk fails, or it is not the master any more.

    It counts as unreachable, since the remedy is the same: connect again, which may find another master, and retry.
    """


class RedisFull(RedisRefuses):
    """Redis has reached its `maxmemory`."""


#: Beginnings of answers that mean RedisRefuses: the disk is full or broken, too few replicas, no master.
_REFUSALS = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "READONLY")

#: What Redis 6.2 puts before the answer to a command within a script; 7 does not.
_IN_SCRIPT = re.compile(r"^Error running script .*?: -(?=[A-Z]+ )")


class _Clear:
    """A connection that distinguishes refusals of all writes from errors of one command."""

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)  # type: ignore[misc]  # that of the class beside this one
        except OutOfMemoryError as error:
            raise RedisFull(str(error)) from error
        except ReadOnlyError as error:
            raise RedisRefuses(str(error)) from error
        except ResponseError as error:
            answer = _IN_SCRIPT.sub("", str(error))
            if answer.startswith("OOM"):
                raise RedisFull(answer) from error
            if answer.startswith(_REFUSALS):
                raise RedisRefuses(answer) from error
            raise


class _Tcp(_Clear, Connection):
    pass


class _Tls(_Clear, SSLConnection):
    pass


class _Unix(_Clear, UnixDomainSocketConnection):
    pass


class _OfMaster:
    """A connection that asks the Sentinels for their master each time it connects.

    redis-py 8.1 asks once, and then tries the old address again as long as a command is retried (its issue 3874): a
    patient client would wait most of a minute for a server that is gone, beside a master that is there.
    """

    def connect(self) -> None:
        check: bool = self.connection_pool.check_connection  # type: ignore[attr-defined]
        self.retry.call_with_retry(lambda: self.connect_check_health(check), lambda _: None)  # type: ignore[attr-defined]

    def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = False) -> None:
        """Connect once: whoever calls tries again, and asks anew."""
        if not self._sock:  # type: ignore[attr-defined]
            self.host, self.port = self.connection_pool.get_master_address()  # type: ignore[attr-defined]
            super().connect_check_health(check_health, retry_socket_connect=False)  # type: ignore[misc]


class _Managed(_OfMaster, _Clear, SentinelManagedConnection):
    pass


class _ManagedTls(_OfMaster, _Clear, SentinelManagedSSLConnection):
    pass


def connect(address: RedisAddress, *, timeout_s: float = 5.0, patient: bool = False) -> Redis:
    """Return a client with binary answers, in which each thread has a connection of its own.

    One quick retry replaces a stale connection; more would hide an outage from callers that must answer at once.
    A `patient` client retries for most of a minute: a child that holds a result waits for Redis to come back.
    """
    if address.is_in_memory:
        return memory_store.connect()
    retry = Retry(ExponentialWithJitterBackoff(cap=2.0, base=0.1), 40) if patient else Retry(ConstantBackoff(0.05), 1)
    return Redis.from_pool(
        _pool(
            address,
            socket_timeout=timeout_s,
            # Where packets are lost, each try connects twice: half the time each, or two tries take as long as three.
            socket_connect_timeout=min(timeout_s / 2, 2.0),
            socket_keepalive=True,
            health_check_interval=25,
            socket_read_size=READ_BYTES,
            retry=retry,
        )
    )


def _pool(address: RedisAddress, **options: Any) -> Pool | SentinelPool:
    options |= {"db": address.db, **address.login}
    if address.path:
        for tcp_only in ("socket_connect_timeout", "socket_keepalive"):
            del options[tcp_only]
        return Pool(connection_class=_Unix, path=address.path, **options)
    tls = address.tls
    if not address.master:
        ((host, port),) = address.hosts
        return Pool(connection_class=_Tcp if tls is None else _Tls, host=host, port=port, **options | (tls or {}))
    # A Sentinel that does not answer is skipped quickly: there are others.
    patience = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "retry": Retry(ConstantBackoff(0), 0)}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        address.hosts, sentinel_kwargs=patience | address.sentinel_options
    )
    return SentinelPool(  # type: ignore[no-untyped-call]
        address.master,
        sentinel,
        connection_class=_Managed if tls is None else _ManagedTls,
        **options | (tls or {}),
    )


def text(value: Any) -> str:
    """Return an answer of Redis as text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def memory_limit(info: Mapping[str, int]) -> int:
    """Return the bytes that Redis may use, from its INFO: its `maxmemory`, else the memory of its host."""
    return info["maxmemory"] or info["total_system_memory"]
