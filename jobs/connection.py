"""Connections to Redis whose failures are quick and clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import ConstantBackoff, ExponentialWithJitterBackoff
from redis.commands.core import Script
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

#: What redis-py raises when Redis is away; callers answer 503 or try again later.
REDIS_AWAY = (ConnectionError, TimeoutError)

_LUA = Path(__file__).parent / "lua"


def connect(url: str, *, timeout_s: float = 5.0, max_connections: int = 256, patient: bool = False) -> Redis:
    """A client with binary answers.

    One quick retry heals a connection that went stale; more would hide an outage from those who must answer at once.
    A `patient` client goes on for most of a minute: a child that holds a result waits for Redis to come back.
    """
    retry = Retry(ExponentialWithJitterBackoff(cap=2.0, base=0.1), 40) if patient else Retry(ConstantBackoff(0.05), 1)
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=min(timeout_s, 2.0),
        socket_keepalive=True,
        health_check_interval=25,
        max_connections=max_connections,
        retry=retry,
    )


def script(redis: Redis, name: str) -> Script:
    """The transition `jobs/lua/<name>.lua`, with the prelude before it."""
    source = (_LUA / "prelude.lua").read_text() + (_LUA / f"{name}.lua").read_text()
    return redis.register_script(source)


def text(value: Any) -> str:
    """An answer of Redis as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
