"""Connections to Redis whose failures are quick and clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.commands.core import Script
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

#: What redis-py raises when Redis is away; callers answer 503 or try again later.
REDIS_AWAY = (ConnectionError, TimeoutError)

_LUA = Path(__file__).parent / "lua"


def connect(url: str, *, timeout_s: float = 5.0, max_connections: int = 256) -> Redis:
    """A client with binary answers. One quick retry heals a connection that went stale; more would hide an outage."""
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 2.0),
        socket_keepalive=True,
        health_check_interval=25,
        max_connections=max_connections,
        retry=Retry(ConstantBackoff(0.05), 1),
    )


def script(redis: Redis, name: str) -> Script:
    """The transition `jobs/lua/<name>.lua`, with the prelude before it."""
    source = (_LUA / "prelude.lua").read_text() + (_LUA / f"{name}.lua").read_text()
    return redis.register_script(source)


def text(value: Any) -> str:
    """An answer of Redis as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
