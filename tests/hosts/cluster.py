"""The whole service on several hosts, its workers supervised."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import httpx
from celery import Celery

from sentiq.core.redis import text
from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.jobs.types import ChunkRef, Lane
from tests.hosts.network import Network
from tests.support.cluster import Cluster, waiting_model
from tests.support.processes import Process, wait_until
from tests.support.programs import BROKEN, WORKER
from tests.support.redis_server import RedisServer, redis_binary

LEASE_S = 3.0
TOKEN = "of-the-tests-alone"
WORKER_HOSTS = ("worker1", "worker2")
SERVERS = ("api", "redis", *WORKER_HOSTS)


class HostedRedis(RedisServer):
    """redis-server on the host `redis`."""

    def __init__(self, directory: Path, network: Network) -> None:
        address = network.addresses["redis"]
        super().__init__(directory, {"--bind": address, "--protected-mode": "no"})
        self.reached_by = {"redis_url": f"redis://{address}:{self.port}/0"}
        self._command = network.command("redis")

    def start(self) -> None:
        options = (word for option in self._options.items() for word in option)
        self.process = subprocess.Popen([*self._command, redis_binary(), *options], stdout=subprocess.DEVNULL)
        wait_until(self._listens, message="redis-server answers")


class HostedCluster(Cluster):
    """Redis and the API on a host each, and two hosts with a worker for each lane, whose model waits for each text.

    A worker that exits is started again after a second, as systemd does with `Restart=always`.
    """

    def __init__(self, directory: Path, network: Network) -> None:
        address = network.addresses["api"]
        super().__init__(
            directory,
            HostedRedis(directory, network),
            SENTIQ_HOST=address,
            SENTIQ_AUTH="keys",  # without them the API would listen on the loopback only
            SENTIQ_ADMIN_TOKEN=TOKEN,
            SENTIQ_LEASE_S=f"{LEASE_S:g}",
            **waiting_model(directory),
        )
        self.app = BROKEN
        self.network = network
        self.url = f"http://{address}:{self.port}"
        self.http.close()
        self.http = self.user()
        self.exits: list[tuple[str, int]] = []  # workers that ended by themselves, with their exit codes
        self._workers: dict[str, Process] = {}
        self._supervision = threading.Lock()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self._celery = Celery("tests", broker=self.redis_server.reached_by["redis_url"], set_as_current=False)

    def user(self) -> httpx.Client:
        """Someone who asks the API from outside."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=100, trust_env=False)

    def start_all(self) -> None:
        self.redis_server.start()
        self.start_api()
        for host in WORKER_HOSTS:
            self.boot(host)
        self._supervisor.start()
        self.wait_all_serve()

    def boot(self, host: str) -> None:
        """Start the workers of a host."""
        with self._supervision:
            for lane in Lane:
                self._start_on(host, lane)

    def lose(self, host: str) -> None:
        """The power of a worker host fails: silence on its link, no process and no socket is left."""
        self.network.isolate(host)
        with self._supervision:
            for lane in Lane:
                process = self._workers.pop(f"{lane}@{host}")
                process.kill()
                self.processes.remove(process)
        self.network.vanish(host)

    def executed(self, worker: str) -> int | None:
        """Tasks that a worker has run since it started; None when it does not answer."""
        answers = self._celery.control.inspect(destination=[worker], timeout=1).stats()
        return None if not answers else sum(answers[worker]["total"].values())

    def wait_all_serve(self) -> None:
        """Every worker has been heard of in the last two seconds."""
        names = {f"{lane}@{host}" for host in WORKER_HOSTS for lane in Lane}

        def heard() -> bool:
            now_s = self.redis.time()[0]
            return {w.worker for w in self.live() if now_s - w.seen_at_s <= 2} == names

        wait_until(heard, message=f"all workers are heard of; exits so far: {self.exits}")

    def held_chunks(self) -> list[ChunkRef]:
        """The bulk chunks that children hold."""
        return [ChunkRef.parse(text(member)) for member in self.redis.hkeys(LaneKeys.of(Lane.BULK).owners)]

    def recorded(self, chunks: Iterable[ChunkRef]) -> bool:
        """All these chunks have their results."""
        return all(self.redis.hexists(JobKeys.of(ref.job_id).output, str(ref.chunk_no)) for ref in chunks)

    def close(self) -> None:
        self._closing.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        self._celery.close()
        super().close()

    def _start_on(self, host: str, lane: Lane) -> None:
        name = f"{lane}@{host}"
        options = ["-Q", lane, "-n", name, "-c", "1", "--without-gossip", "--without-mingle", "-l", "INFO"]
        self._workers[name] = self._start(name, [sys.executable, "-m", WORKER, self.app, *options])

    def _start(self, name: str, command: list[str], env: dict[str, str] | None = None) -> Process:
        host = name.partition("@")[2] or name
        return super()._start(name, [*self.network.command(host), *command], env)

    def _supervise(self) -> None:
        while not self._closing.wait(1):
            with self._supervision:
                for name, process in tuple(self._workers.items()):
                    if (code := process.popen.poll()) is not None:
                        self.exits.append((name, code))
                        self.processes.remove(process)
                        lane, _, host = name.partition("@")
                        self._start_on(host, Lane(lane))
