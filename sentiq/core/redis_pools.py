"""Pools of connections to Redis in which each thread has its own: threads do not wait for each other."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import Any

from redis import ConnectionPool, RedisError
from redis.sentinel import SentinelConnectionPool


class _Connections(list[Any]):
    """Those of one thread that it does not use now. They are closed when the thread ends."""

    def __del__(self) -> None:
        for connection in self:
            connection.disconnect()


class _Free(threading.local):
    def __init__(self) -> None:
        self.connections = _Connections()


class _OfThreads(ConnectionPool):
    """Replaces the pool's list, which all threads share and lock, by one for each thread.

    A thread that uses two connections at once, such as a watching pipeline and a command, gets two. redis-py looks at
    the socket before each command, for an answer that nobody has read and for an end; here a connection whose use was
    broken off is closed at once, and one that Redis has closed is found by the command, which is tried again.
    """

    def reset(self) -> None:
        """Forget all connections: redis-py calls this at the start, and at the first use after a fork."""
        self._free = _Free()
        self._all: weakref.WeakSet[Any] = weakref.WeakSet()
        super().reset()

    def get_connection(self, *_: Any, **__: Any) -> Any:
        self._checkpid()
        free = self._free.connections
        connection = free.pop() if free else self.make_connection()
        try:
            if connection.should_reconnect():
                connection.disconnect()
            if not connection.is_connected:
                connection.connect()
        except BaseException:
            free.append(connection)
            raise
        return connection

    def make_connection(self) -> Any:
        connection = self.connection_class(**self.connection_kwargs)
        with self._lock:
            self._all.add(connection)
        return connection

    def release(self, connection: Any) -> None:
        self._checkpid()
        if connection.pid != os.getpid():
            return  # of the process that forked this one
        error = sys.exception()
        is_broken_off = error is not None and not isinstance(error, RedisError)  # redis-py closes it at its own errors
        if is_broken_off or connection.should_reconnect() or not self.owns_connection(connection):
            connection.disconnect()
        self._free.connections.append(connection)

    def disconnect(self, inuse_connections: bool = True) -> None:
        """Close all connections; without those in use, each thread closes its own when it uses it again."""
        self._checkpid()
        with self._lock:
            connections = list(self._all)
        for connection in connections:
            if inuse_connections:
                connection.disconnect()
            elif connection.is_connected:
                connection.mark_for_reconnect()


class Pool(_OfThreads):
    """Connects to one server."""


class SentinelPool(_OfThreads, SentinelConnectionPool):
    """Connects to the master that Sentinels name."""
