"""The API's process takes new connections as they come, however busy it is."""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import Mock

import pytest
from gunicorn.config import Config

from api.http.gunicorn_worker import Worker


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Closes what is opened."""
    with ExitStack() as stack:
        yield stack


def accepted_in_one_turn(clients: ExitStack, *, waiting: int, processes: int, most: int = 1_000) -> int:
    """Return how many of the connections that wait are taken at one event of their listener."""
    listener = clients.enter_context(socket.create_server(("127.0.0.1", 0)))
    listener.setblocking(False)
    config = Config()
    config.set("workers", processes)
    config.set("worker_connections", most)
    worker = Worker(1, os.getpid(), [listener], None, 30, config, Mock())
    worker.poller = clients.enter_context(selectors.DefaultSelector())
    for _ in range(waiting):
        clients.enter_context(socket.create_connection(listener.getsockname()))
    worker.accept(listener)
    for connection in worker.pending_conns:
        clients.callback(connection.sock.close)
    worker.tmp.close()
    return len(worker.pending_conns)


def test_all_that_wait_are_taken_at_once(clients: ExitStack) -> None:
    assert accepted_in_one_turn(clients, waiting=20, processes=1) == 20


def test_of_several_processes_each_gets_its_share(clients: ExitStack) -> None:
    assert accepted_in_one_turn(clients, waiting=20, processes=2) == 1


def test_no_more_are_taken_than_the_process_may_have(clients: ExitStack) -> None:
    assert accepted_in_one_turn(clients, waiting=20, processes=1, most=5) == 5
