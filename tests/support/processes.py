"""Processes of a test, and waiting for what they do. Only what was started here is ever stopped."""

from __future__ import annotations

import random
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.support.paths import REPOSITORY

READY_S = 90.0  #: a worker loads and warms its model in this time, even on a busy machine


def wait_until(condition: Callable[[], object], *, timeout_s: float = 20.0, message: str = "") -> None:
    """Wait until `condition()` is true; fail with `message` when it does not become so in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {timeout_s} s: {message or condition}")
        time.sleep(0.02)


def free_port() -> int:
    """Below those that the kernel gives to connections, or one of them may have it when its server starts."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


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

    def stop(self, timeout_s: float = 30.0) -> int:
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
        self.popen.wait(10)
