"""The whole service on several hosts, and users who never stop asking."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx

from jobs.connection import REDIS_AWAY
from tests.cluster.test_main_job import sentences
from tests.hosts.network import Network
from tests.support import Cluster, Process, RedisServer, redis_binary, wait_until

LEASE_S = 3.0
WORKER_HOSTS = ("worker1", "worker2")
SERVERS = ("api", "redis", *WORKER_HOSTS)
LANES = ("interactive", "bulk")


class HostedRedis(RedisServer):
    """redis-server on the host `redis`."""

    def __init__(self, directory: Path, network: Network) -> None:
        address = network.addresses["redis"]
        super().__init__(directory, {"--bind": address, "--protected-mode": "no"})
        self._command = network.command("redis")
        self.reached_by = {"redis_url": f"redis://{address}:{self.port}/0"}

    def start(self) -> None:
        options = (word for option in self._options.items() for word in option)
        self.process = subprocess.Popen([*self._command, redis_binary(), *options], stdout=subprocess.DEVNULL)
        wait_until(self._listens, message="redis-server answers")


class HostedCluster(Cluster):
    """Redis and the API on a host each, and two hosts with a worker for each lane.

    A supervisor starts every worker that exits again after a second, as systemd does with `Restart=always`.
    """

    def __init__(self, directory: Path, network: Network) -> None:
        super().__init__(
            directory, HostedRedis(directory, network), SENTIQ_HOST=network.addresses["api"], SENTIQ_LEASE_S=f"{LEASE_S}"
        )
        self.network = network
        self.url = f"http://{network.addresses['api']}:{self.port}"
        self.http.close()
        self.http = self.client()
        self.exits: list[tuple[str, int]] = []  # workers that ended by themselves, with their exit codes
        self._workers: dict[str, Process] = {}
        self._supervised = threading.Lock()
        self._closing = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def start_all(self) -> None:
        self.redis_server.start()
        self.start_api()
        for host in WORKER_HOSTS:
            self.boot(host)
        self._supervisor.start()
        self.wait_all_live()

    def boot(self, host: str) -> None:
        """Start both workers of a host."""
        with self._supervised:
            for lane in LANES:
                self._start_on(host, lane)

    def kill_host(self, host: str) -> None:
        """The power of a worker host fails: its link is silent, its processes and its kernel's sockets are gone."""
        self.network.impair_all(host)
        with self._supervised:
            for lane in LANES:
                process = self._workers.pop(f"{lane}@{host}")
                process.kill()
                self.processes.remove(process)
        self.network.vanish(host)

    def wait_all_live(self) -> None:
        names = {f"{lane}@{host}" for host in WORKER_HOSTS for lane in LANES}
        wait_until(
            lambda: {worker.worker for worker in self.live_now()} == names,
            timeout_s=90,
            message=f"all workers are live; exits so far: {self.exits}",
        )

    def live_now(self, within_s: float = 3.0) -> list[str]:
        ...

    def close(self) -> None:
        self._closing.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        super().close()
