"""The cluster in the storm: real processes under the product's supervisor, each with a network of its own to Redis."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
from redis import RedisError

from deploy.local.supervisor import Supervisor
from sentiq.core.redis import connect
from sentiq.core.redis_address import RedisAddress
from sentiq.jobs.workers import Heartbeat, live_workers
from tests.storm.plan import WORKERS
from tests.support.paths import REPOSITORY
from tests.support.processes import free_port
from tests.support.proxy import FaultyProxy
from tests.support.redis_server import redis_binary

CHILDREN = 2  #: of each worker
TEXT_S = {"bulk": "0.02", "interactive": "0.005"}  #: what a text takes

SETTINGS = {
    "SENTIQ_LEASE_S": "3",
    "SENTIQ_TASK_TIME_LIMIT_S": "10",
    "SENTIQ_VISIBILITY_TIMEOUT_S": "20",
    "SENTIQ_UPLOAD_TIMEOUT_S": "8",
    "SENTIQ_CHUNK_TEXTS": "50",
    "SENTIQ_LOG_FORMAT": "json",
}


class Parts:
    """Started by `start`, found again by name, stopped by `stop`."""

    def __init__(self, directory: Path) -> None:
        self.redis_port, self.api_port = free_port(), free_port()
        self.api_url = f"http://127.0.0.1:{self.api_port}"
        self.proxies = {name: FaultyProxy(self.redis_port) for name in (*WORKERS, "api")}
        self.redis = connect(RedisAddress.parse(f"redis://127.0.0.1:{self.redis_port}/0"), timeout_s=2.0)
        procfile = directory / "Procfile"
        procfile.write_text("".join(f"{name}: {line}\n" for name, line in self._lines(directory).items()))
        env = os.environ | SETTINGS | {"PYTHONPATH": str(REPOSITORY), "SENTIQ_PORT": str(self.api_port)}
        self.logs = directory / "logs"
        self._supervisor = Supervisor(procfile, env, self.logs, without=())

    def start(self) -> None:
        self._supervisor.start()
        self._supervisor.keep()

    def stop(self) -> None:
        self._supervisor.stop()
        self.redis.close()
        for proxy in self.proxies.values():
            proxy.close()

    def pid(self, name: str) -> int:
        """Of `redis`, `api` or a worker."""
        pid = next(service.pid for service in self._supervisor.services if service.name == name)
        assert pid is not None, f"{name} was never started"
        return pid

    def children(self, name: str) -> list[psutil.Process]:
        """Living ones, by age."""
        try:
            found: list[psutil.Process] = psutil.Process(self.pid(name)).children()
            living = [child for child in found if child.status() != psutil.STATUS_ZOMBIE]
            return sorted(living, key=lambda child: (child.create_time(), child.pid))
        except psutil.NoSuchProcess:
            return []

    def heartbeat(self, worker: str) -> Heartbeat | None:
        try:
            return next((beat for beat in live_workers(self.redis) if beat.worker.startswith(f"{worker}@")), None)
        except RedisError:
            return None

    def whole(self, name: str, without: frozenset[int] = frozenset()) -> Callable[[], bool]:
        """A condition: the part has all its processes, none of which is in `without`, and all of them work."""
        if name == "redis":
            return lambda: self.pid(name) not in without and self._redis_answers()
        if name == "api":
            return lambda: not without & self._pids(name) and self._api_answers()
        complete_since_s: float | None = None

        def condition() -> bool:
            nonlocal complete_since_s
            if without & self._pids(name) or len(self.children(name)) != CHILDREN:
                complete_since_s = None
                return False
            complete_since_s = complete_since_s or time.time()
            beat = self.heartbeat(name)  # one that was sent when the processes were there: then they are warm
            return beat is not None and beat.seen_at_s > complete_since_s and beat.children == CHILDREN

        return condition

    def _pids(self, name: str) -> set[int]:
        return {self.pid(name), *(child.pid for child in self.children(name))}

    def _redis_answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def _api_answers(self) -> bool:
        try:
            return httpx.get(f"{self.api_url}/livez", timeout=2, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _lines(self, directory: Path) -> dict[str, str]:
        data = directory / "redis"
        data.mkdir()
        redis = [redis_binary(), *f"--port {self.redis_port} --bind 127.0.0.1 --appendonly yes".split()]
        redis += ["--dir", str(data), "--save", "", "--maxmemory-policy", "noeviction"]
        lines = {"redis": shlex.join(redis)}
        for worker in WORKERS:
            lane = worker.partition("-")[0]
            # One of four has a result cache: with it in all of them, repeated work would never be done twice.
            cache = {} if worker == WORKERS[-1] else {"SENTIQ_CACHE_ENTRIES": "0"}
            options = f"-Q {lane} -n {worker}@%h -c {CHILDREN} --without-gossip --without-mingle -l INFO"
            celery = f"-m celery -A tests.storm.app worker {options}".split()
            lines[worker] = self._python(worker, celery, {"STORM_TEXT_S": TEXT_S[lane], **cache})
        gunicorn = ["-m", "gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app"]
        lines["api"] = self._python("api", gunicorn, {})
        return lines

    def _python(self, name: str, arguments: list[str], variables: dict[str, str]) -> str:
        url = f"redis://127.0.0.1:{self.proxies[name].port}/0"
        env = [f"{key}={value}" for key, value in {"SENTIQ_REDIS_URL": url, **variables}.items()]
        return shlex.join(["env", "-C", str(REPOSITORY), *env, sys.executable, *arguments])
