"""Workers of docker-compose follow their lane; the workers are real, docker-compose is a stand-in."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.compose import scaler
from deploy.compose.scaler import Refused, arguments, find_compose
from sentiq.core.api_keys import KeyStore, Scope
from tests.support.cluster import Cluster, check_all_answered
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, wait_until
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

TOKEN = "an admin token of tests"
CHUNK_TEXTS = 25


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the stand-in keeps its containers; those that are left are ended."""
    folder = tmp_path / "compose"
    folder.mkdir()
    program = folder / "docker-compose"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.support.programs.stand_in_compose "$@"\n')
    program.chmod(stat.S_IRWXU)
    yield folder
    for pid in folder.glob("*.pid"):
        try:
            worker = psutil.Process(int(pid.read_text()))
            for process in [worker, *worker.children(recursive=True)]:
                process.kill()
        except psutil.NoSuchProcess:
            pass


@pytest.fixture
def cluster(tmp_path: Path, folder: Path) -> Iterator[Cluster]:
    environment = {
        "STAND_IN_COMPOSE": str(folder),
        "PYTHONPATH": str(REPOSITORY),
        "SENTIQ_SCALE_KEEPALIVE_S": "3",
        "SENTIQ_SCALE_CPU_SHARE": "1",
        "SENTIQ_CHUNK_TEXTS": str(CHUNK_TEXTS),
        "SENTIQ_AUTH": "keys",
        "SENTIQ_ADMIN_TOKEN": TOKEN,
    }
    with Cluster(tmp_path, None, **environment) as cluster:
        cluster.http.headers["Authorization"] = f"Bearer {TOKEN}"
        cluster.redis_server.start()
        cluster.start_api()
        yield cluster


def start_scaler(cluster: Cluster, folder: Path, *options: str, key: str = "") -> Process:
    key = key or KeyStore(cluster.redis).create("scaler", [Scope.READ])[1]
    command = [sys.executable, "-m", "deploy.compose.scaler", "--max", "3", "--children", "1", "--interval", "0.3"]
    command += ["--url", cluster.url, "--compose", str(folder / "docker-compose"), "--worker-mb", "64", *options]
    process = Process("scaler", command, cluster.env | {"SENTIQ_API_KEY": key}, cluster.directory)
    cluster.processes.append(process)
    return process


def containers(folder: Path) -> int:
    return len(list(folder.glob("*.pid")))


def test_containers_come_with_the_load_and_go_after_it(cluster: Cluster, folder: Path, tmp_path: Path) -> None:
    process = start_scaler(cluster, folder)
    wait_until(lambda: containers(folder) == 1, message="the least is started")
    cluster.wait_workers(1)

    answered = tmp_path / "answered"
    texts = [f"【等待】{answered}" if row % CHUNK_TEXTS == 0 else text for row, text in enumerate(sentences(300))]
    job_id = cluster.submit(texts)  # each chunk keeps its child until the load may go
    wait_until(lambda: containers(folder) == 3, message="more come")
    cluster.wait_workers(3)
    answered.touch()
    check_all_answered(cluster, job_id, 300)

    wait_until(lambda: containers(folder) == 1, message="all but one go")
    assert "released the work" not in "".join(log.read_text() for log in folder.glob("*.log"))
    assert process.stop() == 0
    assert containers(folder) == 1, "what runs goes on"
    calls = (folder / "calls").read_text()
    assert "up -d --no-deps --no-recreate --scale worker-bulk=1 worker-bulk" in calls


def test_what_is_away_is_waited_for(cluster: Cluster, folder: Path) -> None:
    (folder / "broken").touch()
    process = start_scaler(cluster, folder)
    wait_until(lambda: "Cannot connect to the Docker daemon" in process.log.read_text())
    cluster.redis_server.stop()
    wait_until(lambda: "answers 503" in process.log.read_text())
    cluster.redis_server.start()
    (folder / "broken").unlink()
    wait_until(lambda: containers(folder) == 1)
    assert process.stop() == 0


def test_a_key_that_is_not_enough_ends_it_with_the_remedy(cluster: Cluster, folder: Path) -> None:
    _, key = KeyStore(cluster.redis).create("poster", [Scope.SUBMIT])
    process = start_scaler(cluster, folder, key=key)
    assert process.wait() == 2
    assert "--scopes read" in process.log.read_text()
    assert containers(folder) == 0


def test_bounds_that_cannot_be_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        arguments(["--min", "3", "--max", "2"])
    assert ended.value.code == 2
    assert "1 <= --min <= --max" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"docker": "exit 0", "docker-compose": "exit 0"}, ["docker", "compose"]),
        ({"docker": "exit 1", "docker-compose": "exit 0"}, ["docker-compose"]),
        ({"docker-compose": "exit 0"}, ["docker-compose"]),
    ],
)
def test_the_plugin_goes_before_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], found: list[str]
) -> None:
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compose() == found


def test_without_docker_compose_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="--compose"):
        find_compose()
    assert scaler.main(["--max", "2"]) == 2
    assert "--compose" in capsys.readouterr().err
    assert os.environ["PATH"] == str(tmp_path)
