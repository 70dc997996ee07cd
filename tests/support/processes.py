"""Processes of a test, and waiting for what they do. Only what was started here is ever stopped."""

from __future__ import annotations

import itertools
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.support.paths import REPOSITORY

READY_S = 300.0  #: a worker loads and warms its model in this time, and any answer comes, even on a busy machine
WAIT_S = 200.0  #: no condition takes so long, even on a busy machine; the limit only ends a test that has failed


def wait_until(condition: Callable[[], object], *, timeout_s: float = WAIT_S, message: str = "") -> None:
    """Wait until `condition()` is true; fail with `message` when it does not become so in time.

    The longer it has waited, the less often it looks: most conditions ask the API, and a question takes milliseconds.
    """
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        if waited_s > timeout_s:
            raise AssertionError(f"not so within {timeout_s} s: {message or condition}")
        time.sleep(min(max(0.02, waited_s / 20), 0.25))


def _ports() -> Iterator[int]:
    """Give each port once before any comes again. Each process of pytest-xdist has ports of its own.

    They lie below those that the kernel gives to connections, or one of them may have it when its server starts.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(10_000 + worker, 30_000, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
    return itertools.cycle(random.sample(ports, len(ports)))


_own_ports = _ports()


def free_port() -> int:
    """Find a port on which nothing listens; it is not given again soon, though nothing may listen on it yet."""
    for port in _own_ports:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("the ports never end")


class Process:
    """A child process of the test with its log."""

    def __init__(
        self, name: str, command: list[str], env: dict[str, str], directory: Path, sources: Path = REPOSITORY
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(command, cwd=sources, env=env, stdout=log, stderr=log)

    @property
    def ps(self) -> psutil.Process:
        return psutil.Process(self.popen.pid)

    def children(self) -> list[psutil.Process]:
        children: list[psutil.Process] = self.ps.children()
        return children

    def check_alive(self) -> None:
        if self.popen.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.log.read_text()[-3000:]}")

    def wait(self) -> int:
        """Wait until it ends by itself; returns its status."""
        return self.popen.wait(WAIT_S)

    def stop(self, timeout_s: float = WAIT_S) -> int:
        self.popen.terminate()
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            tail = self.log.read_text()[-3000:]
            raise AssertionError(f"{self.name} did not stop in {timeout_s} s:\n{tail}") from None

    def kill(self) -> None:
        """SIGKILL to the process and its children, as when a host dies."""
        try:
            family = [self.ps, *self.children()]
        except psutil.NoSuchProcess:
            family = []
        for process in family:
            if process.is_running():
                process.kill()
        self.popen.wait(WAIT_S)
