"""Connections to Redis: each thread has its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from redis import Redis

from sentiq.core.redis import connect
from sentiq.core.settings import Settings
from tests.support.processes import wait_until

THREADS = 8


@pytest.fixture
def client(settings: Settings) -> Iterator[Redis]:
    with connect(settings.redis_address) as client:
        yield client


def ids_of_threads(client: Redis) -> list[set[int]]:
    """Return for each of THREADS threads the connections, by their ids, that it used for three commands."""
    together = Barrier(THREADS)

    def use() -> set[int]:
        together.wait()
        return {client.client_id() for _ in range(3)}

    with ThreadPoolExecutor(THREADS) as threads:
        return [future.result() for future in [threads.submit(use) for _ in range(THREADS)]]


def open_ids(redis: Redis) -> set[int]:
    return {int(connection["id"]) for connection in redis.client_list()}


def test_a_thread_has_one_connection_which_is_closed_when_the_thread_ends(client: Redis, redis: Redis) -> None:
    used = ids_of_threads(client)

    assert [len(ids) for ids in used] == [1] * THREADS
    assert len(set.union(*used)) == THREADS
    wait_until(lambda: not set.union(*used) & open_ids(redis), message="no connection outlives its thread")


def test_close_ends_the_connections_of_all_threads(client: Redis, redis: Redis) -> None:
    with ThreadPoolExecutor(1) as thread:
        used = {client.client_id(), thread.submit(client.client_id).result()}
        assert used <= open_ids(redis)
        client.close()
        wait_until(lambda: not used & open_ids(redis), message="both connections are closed")
        assert client.ping(), "a closed client connects again"


def test_a_thread_that_needs_two_connections_at_once_has_two_and_keeps_them(client: Redis) -> None:
    first = client.client_id()
    with client.pipeline() as watching:
        watching.watch("key")  # type: ignore[no-untyped-call]
        assert watching.client_id() == first
        second = client.client_id()
        assert second != first
        assert client.client_id() == second

    assert {client.client_id() for _ in range(3)} < {first, second}


def test_an_answer_that_nobody_has_read_is_not_that_of_the_next_command(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(client, "parse_response", break_off)
        with pytest.raises(KeyboardInterrupt):
            client.echo("first")

    assert client.echo("second") == b"second"


def test_a_connection_that_redis_has_closed_is_replaced(client: Redis, redis: Redis) -> None:
    closed = client.client_id()
    redis.client_kill_filter(_id=str(closed))

    assert client.client_id() > closed


def test_a_forked_process_has_connections_of_its_own(settings: Settings) -> None:
    script = f"""
import os
from sentiq.core.redis import connect
from sentiq.core.redis_address import RedisAddress
client = connect(RedisAddress.parse({settings.redis_url.get_secret_value()!r}))
before = client.client_id()
if os.fork() == 0:
    assert client.client_id() != before
    os._exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
assert client.client_id() == before
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=100)
