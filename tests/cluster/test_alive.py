"""A worker says that it lives: to systemd, and by the age of a file."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.processes import Process, wait_until
from tests.support.programs import HANGING

pytestmark = pytest.mark.cluster

SILENT_S = 3.0  #: three times the interval of a living worker


class Systemd:
    """What the service manager hears."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self._last_s = time.monotonic()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()

    def hears(self, state: str) -> bool:
        """Some message so far had it."""
        self._listen()
        return any(state in message for message in self.said)

    def silent_for_s(self) -> float:
        self._listen()
        return time.monotonic() - self._last_s

    def forget(self) -> None:
        self._listen()
        self.said.clear()

    def _listen(self) -> None:
        while True:
            try:
                self.said.append(self._socket.recv(4096).decode())
                self._last_s = time.monotonic()
            except BlockingIOError:
                return


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(tmp_path / "notify")
    yield listening
    listening.close()


def start_worker(cluster: Cluster, systemd: Systemd, app: str = "worker.app", hang: str = "") -> Process:
    return cluster.start_worker(
        "bulk",
        app=app,
        wait=False,
        NOTIFY_SOCKET=str(systemd.path),
        WATCHDOG_USEC="3000000",
        SENTIQ_ALIVE_FILE=str(cluster.directory / "alive"),
        HANG=hang,
    )


def test_a_worker_is_ready_when_warm_lives_and_takes_its_leave(empty_cluster: Cluster, systemd: Systemd) -> None:
    alive = empty_cluster.directory / "alive"
    empty_cluster.redis_server.start()
    worker = start_worker(empty_cluster, systemd)

    wait_until(lambda: systemd.hears("READY=1"))
    assert worker.log.read_text().count('"child warm"') == 2, "it says so after its children are warm"
    assert systemd.hears("WATCHDOG=1")
    assert systemd.hears("STATUS=bulk: sentiq-small-zh@")
    assert systemd.hears("0 of 2 children busy")
    first_s = alive.stat().st_mtime
    wait_until(lambda: alive.stat().st_mtime > first_s)

    assert worker.stop() == 0
    assert systemd.hears("STOPPING=1")
    assert not alive.exists()


def test_a_worker_whose_event_loop_hangs_falls_silent(empty_cluster: Cluster, systemd: Systemd) -> None:
    empty_cluster.redis_server.start()
    start_worker(empty_cluster, systemd, app=HANGING, hang="long")

    wait_until(lambda: systemd.hears("READY=1"))
    wait_until(lambda: systemd.silent_for_s() > SILENT_S)

    assert time.time() - (empty_cluster.directory / "alive").stat().st_mtime > SILENT_S - 1


def test_a_worker_without_redis_waits_lives_and_can_be_stopped(empty_cluster: Cluster, systemd: Systemd) -> None:
    worker = start_worker(empty_cluster, systemd)
    wait_until(lambda: systemd.hears("EXTEND_TIMEOUT_USEC="), message="it asks for time to start")
    assert not systemd.hears("READY=1")

    empty_cluster.redis_server.start()
    wait_until(lambda: systemd.hears("READY=1"))

    empty_cluster.redis_server.stop(kill=True)
    wait_until(lambda: systemd.hears("STATUS=waiting for Redis"))
    for _ in range(3):
        systemd.forget()
        wait_until(lambda: systemd.hears("WATCHDOG=1"))
    worker.popen.send_signal(signal.SIGTERM)
    assert worker.wait() == 0


def test_a_folder_that_cannot_be_written_to_stops_the_start(empty_cluster: Cluster) -> None:
    worker = empty_cluster.start_worker("bulk", wait=False, SENTIQ_ALIVE_FILE="/nowhere/alive")

    assert worker.wait() == 78
    assert "SENTIQ_ALIVE_FILE" in worker.log.read_text()
