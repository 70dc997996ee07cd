"""docker-compose.yml under a project of its own, with free ports and secrets of its own, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.support.paths import REPOSITORY
from tests.support.processes import free_port, wait_until
from tests.support.redis_server import NOTHING

BUILD_S = 1_200.0
UP_S = 180.0
IMAGES = ("sentiq-api", "sentiq-worker", "sentiq-flower")


def missing() -> str:
    """Why containers cannot be run here; "" when they can."""
    if not shutil.which("docker"):
        return "there is no `docker`"
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        return "no Docker engine answers"
    if not shutil.which("docker-compose"):
        return "there is no `docker-compose`"
    return ""


def docker(*words: str, check: bool = True, timeout_s: float = 60) -> str:
    """What the command writes, errors included."""
    done = subprocess.run(
        ["docker", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


class Project:
    """The service as `make up` starts it, with the profile `proxy`."""

    def __init__(self, directory: Path) -> None:
        self.name = f"sentiq-test-{os.getpid()}"
        self.secrets_dir = directory / "secrets"
        self.port, self.flower_port, self.proxy_port, self.prometheus_port = (free_port() for _ in range(4))
        self._env = os.environ | {
            "COMPOSE_PROJECT_NAME": self.name,
            "SENTIQ_SECRETS": str(self.secrets_dir),
            "SENTIQ_TAG": "test",
            "SENTIQ_PORT": str(self.port),
            "SENTIQ_FLOWER_PORT": str(self.flower_port),
            "SENTIQ_PROXY_PORT": str(self.proxy_port),
            "SENTIQ_PROXY_PUBLISH": "127.0.0.1",
            "SENTIQ_PROMETHEUS_PORT": str(self.prometheus_port),
        }
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.proxy_port}", timeout=100, trust_env=False)

    def compose(
        self,
        *words: str,
        timeout_s: float = UP_S,
        profiles: tuple[str, ...] = ("proxy",),
        env: Mapping[str, str] = NOTHING,
    ) -> str:
        options = [word for profile in profiles for word in ("--profile", profile)]
        command = ["docker-compose", *options, *words]
        done = subprocess.run(
            command,
            cwd=REPOSITORY,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def up(self) -> None:
        subprocess.run([REPOSITORY / "deploy" / "make-secrets.sh", self.secrets_dir], check=True)
        self.compose("build", timeout_s=BUILD_S)
        self.compose("up", "--no-start")
        # An image of other origin may lack the folder that its user redis owns.
        volume = f"{self.name}_redis:/data"
        docker("run", "--rm", "--user", "0", "--volume", volume, "redis:7.4-bookworm", "chown", "999:999", "/data")
        self.compose("up", "-d", timeout_s=2 * UP_S)
        wait_until(self.all_healthy, timeout_s=UP_S, message="all containers are healthy")
        name = "the tests"
        key = self.compose("exec", "-T", "api", "python", "-m", "sentiq.admin", "keys", "create", name).split()[-1]
        self.http.headers["Authorization"] = f"Bearer {key}"

    def down(self) -> None:
        self.http.close()
        self.compose("down", "--volumes", "--remove-orphans", profiles=("proxy", "monitoring"))

    def inspected(self) -> list[dict[str, Any]]:
        """What `docker inspect` tells of each container."""
        ids = self.compose("ps", "--quiet", profiles=("proxy", "monitoring")).split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids))
        return found

    @property
    def containers(self) -> dict[str, dict[str, Any]]:
        """The same by service; of several containers of one service, the last."""
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in self.inspected()}

    def container(self, service: str) -> str:
        """Its id."""
        return str(self.containers[service]["Id"])

    def all_healthy(self) -> bool:
        return all(map(_is_healthy, self.inspected()))

    def secrets(self) -> dict[str, str]:
        return {file.name: file.read_text().strip() for file in self.secrets_dir.iterdir()}

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def wait_ended(self, job_id: str) -> dict[str, Any]:
        """Return the ended job. However slow, it must go on: the bulk worker has a small share of busy processors."""
        job = self.job(job_id)
        while not job["ended_at"]:
            before = job["state"], job["counts"]
            moved = partial(self._has_moved, job_id, before)
            wait_until(moved, timeout_s=UP_S, message=f"{job_id} goes on from {before}")
            job = self.job(job_id)
        return job

    def _has_moved(self, job_id: str, before: tuple[str, dict[str, int]]) -> bool:
        job = self.job(job_id)
        return (job["state"], job["counts"]) != before

    def indices(self, job_id: str) -> list[int]:
        """Of all rows, in the order in which they come; each has a label."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
            page = self.http.get(f"/api/v1/jobs/{job_id}/results", params=query).json()
            rows += page["data"]
            cursor = page["next"]
        assert all(row["label"] in ("positive", "negative") for row in rows)
        return [row["index"] for row in rows]


def _is_healthy(container: dict[str, Any]) -> bool:
    state = container["State"]
    assert state["Status"] != "exited", docker("logs", "--tail", "40", container["Id"])
    return bool(state.get("Health", {}).get("Status") == "healthy")
