"""The clock of Redis, which all processes share: its answers to TIME as Unix time."""

from __future__ import annotations

from redis import Redis

Time = tuple[int, int]  #: an answer to TIME: seconds and microseconds


def unix_ms(time: Time) -> int:
    """Return an answer to TIME in milliseconds."""
    seconds, micros = time
    return int(seconds) * 1000 + int(micros) // 1000


def unix_s(time: Time) -> float:
    """Return an answer to TIME in seconds."""
    seconds, micros = time
    return float(seconds) + int(micros) / 1e6


def now_ms(redis: Redis) -> int:
    """Ask Redis for the time, in milliseconds."""
    return unix_ms(redis.time())


def now_s(redis: Redis) -> float:
    """Ask Redis for the time, in seconds."""
    return unix_s(redis.time())
