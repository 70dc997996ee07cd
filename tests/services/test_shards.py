"""deploy/nginx/shards.conf: two whole stacks behind one real nginx."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import nginx
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, free_port, wait_until

pytestmark = [pytest.mark.cluster, nginx.needed]


class Shards:
    """Both stacks and their door."""

    def __init__(self, directory: Path) -> None:
        self.stacks: dict[str, Cluster] = {}
        self.port = free_port()
        self.directory = directory
        for name in ("a", "b"):
            (directory / name).mkdir()
            self.stacks[name] = Cluster(directory / name, SENTIQ_SHARD=name, SENTIQ_AUTH="off")
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=100)
        self._nginx: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for stack in self.stacks.values():
            stack.start(interactive=1, bulk=0)
        config = (REPOSITORY / "deploy/nginx/shards.conf").read_text()
        for written, port in (("8001", self.stacks["a"].port), ("8002", self.stacks["b"].port), ("8080", self.port)):
            config = config.replace(f"127.0.0.1:{written}", f"127.0.0.1:{port}")
        (self.directory / "shards.conf").write_text(config)
        self._nginx = nginx.start(
            self.directory,
            f"pid {self.directory}/nginx.pid; error_log {self.directory}/error.log; events {{}}"
            f"http {{ access_log off; {nginx.temp_paths(self.directory)} include {self.directory}/shards.conf; }}",
        )
        wait_until(self._answers, message="nginx answers")

    def submit(self, text: str, key: str = "") -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.http.post("/api/v1/jobs", json={"texts": [text]}, headers=headers)
        assert answer.status_code == 202, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def close(self) -> None:
        self.http.close()
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(WAIT_S)
        for stack in self.stacks.values():
            stack.close()

    def _answers(self) -> bool:
        try:
            return self.http.get("/livez").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    both = Shards(tmp_path_factory.mktemp("shards"))
    try:
        both.start()
        yield both
    finally:
        both.close()


def shard_of(job_id: str) -> str:
    return job_id.removeprefix("job_").split("-")[0]


def test_ids_lead_back_to_their_shard(shards: Shards) -> None:
    jobs = [shards.submit(f"第{n}个") for n in range(40)]

    assert {shard_of(job["id"]) for job in jobs} == {"a", "b"}, "new work is spread"
    for job in jobs:
        wait_until(lambda job=job: shards.http.get(job["links"]["self"]).json()["ended_at"])  # type: ignore[misc]
        page = shards.http.get(job["links"]["results"]).json()
        assert len(page["data"]) == 1
        assert page["data"][0]["label"]


def test_a_key_finds_the_job_that_it_made(shards: Shards) -> None:
    made = {f"key {n}": shards.submit("好", f"key {n}")["id"] for n in range(30)}

    assert {shard_of(job_id) for job_id in made.values()} == {"a", "b"}
    assert {key: shards.submit("好", key)["id"] for key in made} == made


def test_uploads_and_webhooks_have_their_shard_too(shards: Shards) -> None:
    answer = shards.http.post("/api/v1/uploads", content="好\n坏\n".encode())
    upload_id = answer.json()["id"]
    shard = upload_id.removeprefix("upl_").split("-")[0]

    assert shard in shards.stacks
    assert shards.http.get(f"/api/v1/uploads/{upload_id}").status_code == 200
    made = shards.http.post(f"/shards/{shard}/api/v1/jobs", json={"upload": upload_id})
    assert made.status_code == 202, made.text
    assert shard_of(made.json()["id"]) == shard


def test_lists_are_those_of_one_shard(shards: Shards) -> None:
    job_id = shards.submit("好")["id"]
    shard = shard_of(job_id)
    other = {"a": "b", "b": "a"}[shard]

    assert job_id in shards.http.get(f"/shards/{shard}/api/v1/jobs?limit=1").text
    assert job_id not in shards.http.get(f"/shards/{other}/api/v1/jobs?limit=1").text
    for nowhere in ("/api/v1/jobs", "/api/v1/jobs/job_z-0123", "/shards/z/api/v1/jobs"):
        refused = shards.http.get(nowhere)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), nowhere
    assert shards.http.get(f"/api/v1/jobs/job_{shard}-0123").json()["detail"].startswith("There is no job")


def test_one_shard_down_leaves_the_other(shards: Shards) -> None:
    made = {f"down {n}": shards.submit("好", f"down {n}")["id"] for n in range(12)}
    api = next(process for process in shards.stacks["a"].processes if process.name == "api")
    api.kill()
    try:
        for key, job_id in made.items():
            status = 503 if shard_of(job_id) == "a" else 200
            assert shards.http.get(f"/api/v1/jobs/{job_id}").status_code == status
            again = shards.http.post("/api/v1/jobs", json={"texts": ["好"]}, headers={"Idempotency-Key": key})
            assert again.status_code == (503 if status == 503 else 202), "nobody else may make it again"
            if status == 503:
                assert again.json()["code"] == "service_away"
                assert again.headers["Retry-After"]
        assert {shard_of(shards.submit("好")["id"]) for _ in range(20)} == {"b"}, "new work goes where it can"
    finally:
        shards.stacks["a"].processes.remove(api)
        shards.stacks["a"].start_api()
    assert {key: shards.submit("好", key)["id"] for key in made} == made
