"""deploy/supervisor by a real supervisord, deploy/logrotate by a real logrotate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.paths import REPOSITORY
from tests.support.processes import READY_S, WAIT_S, free_port, wait_until
from tests.support.redis_server import RedisServer

PROGRAMS = ("api", "interactive", "bulk", "webhooks", "flower")


class Supervisord:
    def __init__(self, directory: Path, redis_url: str) -> None:
        self.logs = directory / "logs"
        self.logs.mkdir()
        here = directory / "here"
        here.mkdir()
        (here / ".venv").symlink_to(sys.prefix)
        for part in REPOSITORY.iterdir():
            if part.name != ".venv":
                (here / part.name).symlink_to(part)
        self.port = free_port()
        self.env = os.environ | {
            "HERE": str(here),
            "LOGS": str(self.logs),
            "INTERACTIVE": "1",
            "BULK": "1",
            "SENTIQ_REDIS_URL": redis_url,
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_FLOWER_PORT": str(free_port()),
            "SENTIQ_LOG_FORMAT": "json",
        }
        self.config = str(directory / "sentiq.conf")
        shutil.copy(REPOSITORY / "deploy/supervisor/sentiq.conf", self.config)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **env: str) -> None:
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", self.config]
        with (self.logs / "start.log").open("wb") as log:
            self.process = subprocess.Popen(command, env=self.env | env, cwd="/", stdout=log, stderr=log)

    def control(self, *command: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "supervisor.supervisorctl", "-c", self.config, *command],
            env=self.env,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def pid(self, program: str) -> int:
        """0 where it does not run."""
        answer = self.control("pid", program)
        return int(answer) if answer.isdigit() else 0

    def wait_ready(self) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}") as http:

            def ready() -> bool:
                try:
                    return http.get("/readyz").status_code == 200
                except httpx.TransportError:
                    return False

            wait_until(ready, timeout_s=READY_S, message=self.control("status"))

    def stop(self) -> None:
        if self.process is None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(WAIT_S)
        finally:
            for left in (p for p in [*family, self.process] if (p.poll() if p is self.process else p.is_running())):
                left.kill()


@pytest.fixture
def supervisord(tmp_path: Path) -> Iterator[Supervisord]:
    redis = RedisServer(tmp_path)
    redis.start()
    running = Supervisord(tmp_path, redis.url)
    try:
        yield running
    finally:
        running.stop()
        redis.stop(kill=True)


@pytest.mark.cluster
def test_all_programs_start_are_started_again_and_stop_cleanly(supervisord: Supervisord) -> None:
    supervisord.start()
    supervisord.wait_ready()
    assert all(f"{name} " in supervisord.control("status") for name in PROGRAMS)
    assert supervisord.control("status").count("RUNNING") == len(PROGRAMS)

    first = supervisord.pid("bulk")
    family = [psutil.Process(first), *psutil.Process(first).children(recursive=True)]
    family[0].kill()
    wait_until(lambda: supervisord.pid("bulk") not in (0, first))
    wait_until(lambda: not any(process.is_running() for process in family), message="no child is left of it")
    # Not /readyz: for some seconds it knows the dead one's heartbeat, and whoever is starting dies of a signal at once.
    log = supervisord.logs / "bulk.log"
    wait_until(lambda: log.read_text().count(" ready.") == 2, message="the new one is ready")

    processes = psutil.Process(supervisord.process.pid).children(recursive=True) if supervisord.process else []
    supervisord.stop()
    assert not [process for process in processes if process.is_running()]
    said = (supervisord.logs / "supervisord.log").read_text()
    assert "stopped: bulk (exit status 0)" in said
    assert "killing" not in said, "nobody had to be killed"


@pytest.mark.cluster
def test_a_bad_setting_is_not_tried_again(supervisord: Supervisord) -> None:
    supervisord.start(SENTIQ_LEASE_S="-1")

    wait_until(lambda: supervisord.control("status").count("EXITED") == len(PROGRAMS))

    assert "exit status 78; expected" in (supervisord.logs / "supervisord.log").read_text()
    assert supervisord.control("status").count("EXITED") == len(PROGRAMS), "and stays so"


@pytest.mark.cluster
@pytest.mark.full
def test_supervisord_keeps_its_logs_small(supervisord: Supervisord) -> None:
    small = Path(supervisord.config).read_text().replace("_maxbytes = 50MB", "_maxbytes = 2KB")
    Path(supervisord.config).write_text(small)
    supervisord.start(SENTIQ_LOG_LEVEL="DEBUG")
    supervisord.wait_ready()

    wait_until(lambda: (supervisord.logs / "interactive.log.1").exists())
    assert len(list(supervisord.logs.glob("interactive.log.*"))) <= 5


@pytest.mark.skipif(not shutil.which("logrotate"), reason="logrotate is not installed")
def test_no_line_is_lost_when_a_log_in_use_is_rotated(tmp_path: Path) -> None:
    logs, state = tmp_path / "logs", tmp_path / "state"
    logs.mkdir(mode=0o755)
    config = tmp_path / "sentiq"
    text = (REPOSITORY / "deploy/logrotate/sentiq").read_text()
    config.write_text(text.replace("/var/log/sentiq", str(logs)))
    config.chmod(0o644)
    writer = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
    with (logs / "worker.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-c", writer], stdin=subprocess.PIPE, stdout=log, text=True)
    assert process.stdin is not None
    for number in range(3):
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        wait_until(lambda number=number: (logs / "worker.log").read_text() == f"{number}\n")  # type: ignore[misc]
        subprocess.run(["logrotate", "--force", "--state", state, config], check=True)
        assert (logs / "worker.log").stat().st_size == 0
        time.sleep(1.1)  # the names of rotated files have seconds
    process.stdin.close()
    process.wait()

    assert len(list(logs.glob("worker.log-*.gz"))) == 3
