"""`make run` as a user sees it: it comes up, answers, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support import REPOSITORY, free_port, wait_until

pytestmark = pytest.mark.cluster

RUN = [sys.executable, "-m", "deploy.local.run"]
DEMO = [sys.executable, "-m", "deploy.local.demo"]


class LocalRun:
    """One `make run` with ports and a temporary directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.tmp, self.home = directory / "tmp", directory / "home"
        self.tmp.mkdir()
        self.home.mkdir()
        self.port, self.flower_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = directory / "output"
        env = {name: value for name, value in os.environ.items() if not name.startswith("SENTIQ_")}
        self.env = env | {
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_FLOWER_PORT": str(self.flower_port),
            "TMPDIR": str(self.tmp),
            "HOME": str(self.home),
        }
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(RUN, cwd=REPOSITORY, env=self.env, stdout=output, stderr=output)

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        def said() -> bool:
            assert words in self.output or self.process.poll() is None, self.output
            return words in self.output

        wait_until(said, timeout_s=100, message=f"make run says {words!r}")

    def family(self) -> list[psutil.Process]:
        members: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return members

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture
def local_run(tmp_path: Path) -> Iterator[LocalRun]:
    run = LocalRun(tmp_path)
    yield run
    run.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_classifies_the_samples_and_leaves_nothing_behind(local_run: LocalRun, number: signal.Signals) -> None:
    local_run.wait_for("Ctrl-C stops everything")
    assert re.search(r"completed: 200 rows, .* 0 failed", local_run.output)
    assert httpx.get(f"{local_run.url}/readyz").status_code == 200
    assert httpx.get(f"http://127.0.0.1:{local_run.flower_port}/").status_code == 200

    demo = subprocess.run(
        DEMO, env=local_run.env | {"SENTIQ_URL": local_run.url}, cwd=REPOSITORY, capture_output=True, check=False
    )
    assert demo.returncode == 0, demo.stderr

    family = local_run.family()
    assert len(family) >= 9  # Redis, API, Flower, two workers with two children each
    local_run.process.send_signal(number)
    assert local_run.process.wait(60) == 0
    assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    assert [*local_run.tmp.iterdir(), *local_run.home.iterdir()] == []


def test_a_killed_worker_is_started_again_with_all_its_children(local_run: LocalRun) -> None:
    local_run.wait_for("Ctrl-C stops everything")
    workers = [p for p in local_run.family() if "bulk@%h" in p.cmdline()]
    parent = next(p for p in workers if p.ppid() == local_run.process.pid)
    parent.kill()
    local_run.wait_for("worker-bulk ended with code -9; it is started again")
    wait_until(lambda: not any(p.is_running() for p in workers), message="the children of the dead worker are gone")
    demo = subprocess.run(
        DEMO, env=local_run.env | {"SENTIQ_URL": local_run.url}, cwd=REPOSITORY, capture_output=True, check=False
    )
    assert demo.returncode == 0, demo.stderr


def test_a_taken_port_is_named_with_the_setting_that_chooses_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        env = os.environ | {"SENTIQ_PORT": str(port)}
        run = subprocess.run(RUN, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 2
    assert f"127.0.0.1:{port}" in run.stderr
    assert f"SENTIQ_PORT={port + 1} make run" in run.stderr


def test_a_wrong_setting_stops_the_start() -> None:
    env = os.environ | {"SENTIQ_PROT": "8080"}
    run = subprocess.run(RUN, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 2
    assert "SENTIQ_PROT: no such setting. Did you mean SENTIQ_PORT?" in run.stderr


def test_a_service_that_cannot_start_is_named_with_its_words(tmp_path: Path) -> None:
    env = os.environ | {
        "SENTIQ_PORT": str(free_port()),
        "SENTIQ_FLOWER_PORT": str(free_port()),
        "SENTIQ_MODEL": "no-such-model",
        "TMPDIR": str(tmp_path),
    }
    run = subprocess.run(RUN, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 1
    assert "no model 'no-such-model'" in run.stderr
    assert re.search(r"worker-\w+ ended with code 78", run.stderr)
    assert list(tmp_path.iterdir()) == []


def test_the_demo_says_how_to_reach_a_service() -> None:
    env = os.environ | {"SENTIQ_URL": f"http://127.0.0.1:{free_port()}"}
    run = subprocess.run(DEMO, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 1
    assert "SENTIQ_URL" in run.stderr + run.stdout
