"""Fixtures for all tests: an empty Redis of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from jobs.connection import connect
from jobs.settings import Settings
from tests.support import RedisServer


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that only need an empty Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop(kill=True)


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[Redis]:
    """A client of an empty Redis."""
    with connect(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def settings(redis_server: RedisServer) -> Settings:
    """Settings with the test's Redis and short times."""
    return Settings(redis_url=redis_server.url, lease_s=0.3, upload_timeout_s=0.5, log_format="json")
