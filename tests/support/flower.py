"""The dashboard of a test cluster, by its real command and configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import httpx

from tests.support.cluster import Cluster
from tests.support.processes import Process, free_port, wait_until

LOGIN = ("operator", "correct-horse-battery")


class Flower:
    """Runs while its context is open; `settings` are ours, `options` Flower's own."""

    def __init__(self, cluster: Cluster, directory: Path, *options: str, **settings: str) -> None:
        self.port = free_port()
        self._environment = cluster.env | {
            "SENTIQ_FLOWER_PORT": str(self.port),
            "SENTIQ_FLOWER_LOGIN": ":".join(LOGIN),
            "SENTIQ_FLOWER_PATH": "flower",
            "SENTIQ_FLOWER_DB": str(directory / "flower.db"),
            **{f"SENTIQ_{name.upper()}": value for name, value in settings.items()},
        }
        self._options, self._directory = options, directory
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/flower", auth=LOGIN, timeout=100)
        self._process: Process | None = None

    def __enter__(self) -> Flower:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self._process is not None:
            self._process.kill()

    def start(self) -> None:
        command = [sys.executable, "-m", "celery", "-A", "deploy.flower.app", "flower"]
        command += ["--conf=deploy/flower/flowerconfig.py", *self._options]
        process = self._process = Process("flower", command, self._environment, self._directory)

        def answers() -> bool:
            process.check_alive()
            try:
                return self.http.get("/healthcheck").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, message="Flower answers")

    def stop(self) -> None:
        self.process.stop()

    @property
    def process(self) -> Process:
        assert self._process is not None
        return self._process

    @property
    def log(self) -> str:
        return self.process.log.read_text()

    def tasks(self, **query: str) -> list[dict[str, Any]]:
        answer = self.http.get("/api/tasks", params=query)
        assert answer.status_code == 200, answer.text
        # Of a task that was sent before it listened it knows no arguments.
        return [task | {"args": task["args"] or ""} for task in answer.json().values()]

    def known(self) -> int:
        """How many tasks it keeps."""
        query = "draw=1&start=0&length=1&search[value]=&order[0][column]=0&order[0][dir]=desc&columns[0][data]=name"
        return int(self.http.get(f"/tasks/datatable?{query}").json()["recordsTotal"])

    def ended(self, name: str) -> list[dict[str, Any]]:
        return [task for task in self.tasks(taskname=name) if task["state"] == "SUCCESS"]
