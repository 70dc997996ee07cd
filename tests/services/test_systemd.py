"""The units of deploy/systemd: checked by systemd's own tools, and run by a real systemd where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.paths import REPOSITORY
from tests.support.processes import READY_S, free_port, wait_until
from tests.support.redis_server import RedisServer

UNITS = REPOSITORY / "deploy" / "systemd"
SERVICES = sorted(unit.name for unit in UNITS.glob("*.service"))
INSTANCES = [name.replace("@", "@bulk") for name in SERVICES]
EXPOSED_AT_MOST = 25  #: tenths of systemd's own scale, where 100 is a service with all rights of root

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file system in which the units are installed."""
    directory = tmp_path_factory.mktemp("root")
    shutil.copytree(UNITS, directory / "etc/systemd/system")
    shutil.copytree("/lib/systemd/system", directory / "lib/systemd/system", symlinks=True)
    for command in ("python", "gunicorn"):
        program = directory / "srv/sentiq/current/.venv/bin" / command
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(0o755)
    return directory


@needs_analyze
def test_the_units_are_well_formed(root: Path) -> None:
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *INSTANCES, "sentiq.target"],
        capture_output=True,
        text=True,
    )

    assert [line for line in checked.stderr.splitlines() if "sentiq" in line] == []


@needs_analyze
@pytest.mark.parametrize("unit", INSTANCES)
def test_a_service_may_do_little(root: Path, unit: str) -> None:
    checked = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--root={root}", f"--threshold={EXPOSED_AT_MOST}", unit],
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout[-3000:]


class Systemd:
    """A real one, in namespaces of its own."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        self.port = free_port()
        self.log = directory / "systemd.log"
        command = [
            str(REPOSITORY / "tests/services/systemd_lab.sh"),
            str(REPOSITORY),
            sys.base_prefix,
            sysconfig.get_path("purelib"),
            redis_url,
            str(self.port),
        ]
        with self.log.open("wb") as log:
            self._lab = subprocess.Popen(["sh", *command], stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait(self) -> None:
        """Skips the test where systemd does not come up."""
        try:
            wait_until(lambda: self._lab.poll() is not None or self.run("systemctl", "is-system-running") == "running")
        except AssertionError:
            pass
        if self._lab.poll() is not None:
            pytest.skip(f"no systemd can be run here: {self.log.read_text()[-300:]}")

    def run(self, *command: str) -> str:
        """The output of a command beside it."""
        inside = psutil.Process(self._lab.pid).children()
        if not inside:
            return ""
        entered = subprocess.run(
            ["nsenter", "--target", str(inside[0].pid), "--mount", "--pid", "--uts", "--ipc", "--cgroup", *command],
            capture_output=True,
            text=True,
            timeout=300,
        )
        return entered.stdout.strip()

    def write(self, path: str, content: str) -> None:
        self.run("mkdir", "-p", str(Path(path).parent))
        self.run("sh", "-c", 'printf "%s" "$2" >"$1"', "sh", path, content)
        self.run("systemctl", "daemon-reload")

    def tail(self) -> str:
        """The last lines of all services."""
        return self.run("tail", "-c", "3000", "/run/lab/log")

    def shows(self, unit: str, prop: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", prop, unit)

    def is_up(self, unit: str) -> Callable[[], bool]:
        return lambda: self.run("systemctl", "is-active", unit) == "active"

    def close(self) -> None:
        self._lab.kill()  # and with it, by --kill-child, all processes in it
        self._lab.wait()


@pytest.fixture(scope="module")
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systemd]:
    if os.geteuid() != 0 or not Path("/lib/systemd/systemd").exists() or not shutil.which("nsenter"):
        pytest.skip("needs root and an installed systemd")
    directory = tmp_path_factory.mktemp("systemd")
    redis = RedisServer(directory)
    redis.start()
    running = Systemd(directory, redis.url)
    try:
        running.wait()
        yield running
    finally:
        running.close()
        redis.stop(kill=True)


WORKER = "sentiq-worker@bulk.service"


@pytest.fixture
def worker(systemd: Systemd) -> Iterator[str]:
    """The unit of a worker that is up."""
    systemd.run("systemctl", "reset-failed")
    systemd.run("systemctl", "start", WORKER)
    assert systemd.is_up(WORKER)(), systemd.tail()
    yield WORKER
    systemd.run("systemctl", "stop", WORKER)


@pytest.mark.cluster
def test_all_services_start_under_their_restrictions_and_stop(systemd: Systemd) -> None:
    systemd.run("systemctl", "start", "sentiq.target", "sentiq-flower.service")
    try:
        for unit in (WORKER, "sentiq-api.service", "sentiq-webhooks.service", "sentiq-flower.service"):
            wait_until(systemd.is_up(unit), timeout_s=READY_S, message=unit + systemd.tail())
        with httpx.Client(base_url=f"http://127.0.0.1:{systemd.port}") as http:
            wait_until(lambda: http.get("/readyz").status_code == 200, timeout_s=READY_S)
            answer = http.post("/api/v1/jobs", json={"texts": ["很好"]}, headers={"Prefer": "wait=20"})
            assert answer.json()["state"] == "completed", answer.text
    finally:
        systemd.run("systemctl", "stop", "sentiq.target", "sentiq-flower.service")
    wait_until(lambda: systemd.run("systemctl", "is-active", WORKER) == "inactive", message=systemd.tail())
    assert systemd.shows(WORKER, "Result") == "success"
    assert systemd.shows("sentiq-api.service", "Result") == "success"


@pytest.mark.cluster
def test_a_worker_says_how_it_does(systemd: Systemd, worker: str) -> None:
    assert systemd.shows(worker, "StatusText").startswith("bulk: sentiq-small-zh@")


@pytest.mark.cluster
def test_a_killed_worker_is_started_again_and_leaves_no_child(systemd: Systemd, worker: str) -> None:
    before, first = systemd.run("pgrep", "-u", "sentiq").split(), systemd.shows(worker, "MainPID")

    systemd.run("kill", "-KILL", first)

    wait_until(lambda: systemd.shows(worker, "NRestarts") == "1")
    wait_until(systemd.is_up(worker), timeout_s=READY_S)
    assert systemd.shows(worker, "MainPID") != first
    assert not set(before) & set(systemd.run("pgrep", "-u", "sentiq").split())


@pytest.mark.cluster
def test_a_worker_that_hangs_is_started_again(systemd: Systemd) -> None:
    drop_in = f"/etc/systemd/system/{WORKER}.d/hang.conf"
    command = (
        "/srv/sentiq/current/.venv/bin/python -m celery -A tests.support.programs.hanging_loop worker -Q bulk -c 1"
    )
    systemd.write(
        drop_in,
        f"[Service]\nExecStart=\nExecStart={command}\nEnvironment=HANG=long\nWatchdogSec=3s\n",
    )
    try:
        systemd.run("systemctl", "start", WORKER)
        wait_until(lambda: systemd.shows(WORKER, "Result") == "watchdog", timeout_s=READY_S)
        wait_until(lambda: systemd.shows(WORKER, "NRestarts") == "1")
    finally:
        systemd.run("rm", drop_in)
        systemd.run("systemctl", "stop", WORKER)
        systemd.run("systemctl", "daemon-reload")


@pytest.mark.cluster
def test_a_bad_setting_stops_the_start_for_good(systemd: Systemd) -> None:
    systemd.write("/etc/sentiq/bulk.env", "SENTIQ_LEASE_S=-1\n")
    try:
        systemd.run("systemctl", "reset-failed", WORKER)
        systemd.run("systemctl", "start", WORKER)
        assert systemd.run("systemctl", "is-failed", WORKER) == "failed"
        assert systemd.shows(WORKER, "ExecMainStatus") == "78"
        assert systemd.shows(WORKER, "NRestarts") == "0"
    finally:
        systemd.write("/etc/sentiq/bulk.env", "CHILDREN=1\n")
        systemd.run("systemctl", "reset-failed", WORKER)
