"""The protocol of sd_notify(3)."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiq.core.systemd import notify, watchdog_s


@pytest.fixture(params=["a file", "abstract"])
def supervisor(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    name = str(tmp_path / "notify") if request.param == "a file" else f"@sentiq-{secrets.token_hex(8)}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0"))
        listener.settimeout(5)
        yield listener


def test_states_come_in_one_message(supervisor: socket.socket) -> None:
    notify("READY=1", "STATUS=好")

    assert supervisor.recv(100).decode() == "READY=1\nSTATUS=好"


def test_a_supervisor_that_does_not_listen_holds_nobody_up(supervisor: socket.socket) -> None:
    for _ in range(10_000):
        notify("WATCHDOG=1")


def test_one_that_went_away_is_no_fault(supervisor: socket.socket) -> None:
    supervisor.close()

    notify("WATCHDOG=1")


def test_the_watchdog_is_for_the_process_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_s() is None

    monkeypatch.setenv("WATCHDOG_USEC", "90000000")
    assert watchdog_s() == 90

    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert watchdog_s() == 90

    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_s() is None
