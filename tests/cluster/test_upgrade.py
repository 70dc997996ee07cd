"""Versions beside each other: a running cluster is upgraded and taken back, and nobody works on data of a newer one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentiq.core.api_keys import KeyStore, Scope
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, free_port, wait_until
from tests.support.receiver import Receiver
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

#: A release that notes no version of its data and reads some documents strictly.
OLDER = "e93cb6ab01829bc2d21a17fa8ffcd7959116e2b5"
SCHEMA = "sentiq:schema"
NEWER = "1000000"
LANES = ("bulk", "interactive")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of an older release."""
    if shutil.which("git") is None:
        pytest.skip("there is no git to take an older release from")
    packed = subprocess.run(["git", "archive", OLDER], cwd=REPOSITORY, capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip(f"this copy of the repository does not reach back to {OLDER[:7]}")
    directory = tmp_path_factory.mktemp("older")
    subprocess.run(["tar", "--extract"], cwd=directory, input=packed.stdout, check=True)
    return directory


class Load:
    """Submits jobs one after another, small and large, to whichever API is there. What is refused is kept."""

    def __init__(self, url: str, webhook: str) -> None:
        self.jobs: dict[str, int] = {}  # with their rows
        self.told: set[str] = set()  # jobs whose end is told to the webhook
        self.refused: list[str] = []
        self._url, self._webhook = url, webhook
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def move(self, url: str) -> None:
        """From the next request on, go there."""
        self._url = url

    def _run(self) -> None:
        with httpx.Client(timeout=100) as http:
            while not self._stop.is_set():
                large = len(self.jobs) % 10 == 0
                body = {"texts": sentences(1_100 if large else 2)} | ({"webhook": self._webhook} if large else {})
                try:
                    answer = http.post(f"{self._url}/api/v1/jobs", json=body, headers={"Prefer": "wait=5"})
                    document = answer.json()
                    self.jobs[document["id"]] = len(body["texts"])
                    if large:
                        self.told.add(document["id"])
                except (httpx.TransportError, KeyError) as error:
                    self.refused.append(f"{error!r}: {answer.text if isinstance(error, KeyError) else self._url}")
                time.sleep(0.1)


class Upgrade:
    """Replaces the processes of a cluster, one after another, each by one of other sources beside it."""

    def __init__(self, cluster: Cluster, load: Load, parts: dict[str, Process]) -> None:
        self._cluster, self._load, self._parts, self._turn = cluster, load, parts, 0

    def to(self, sources: Path) -> None:
        """From now on, what starts runs these."""
        self._cluster.sources = sources
        self._turn += 1

    def workers(self) -> None:
        started = {lane: start_worker(self._cluster, lane, f"{lane}{self._turn}") for lane in LANES}
        wait_live(self._cluster, [process.name for process in started.values()])
        for lane, process in started.items():
            self._replace(lane, process)

    def webhooks(self) -> None:
        self._replace("webhooks", start_webhooks(self._cluster, f"webhooks{self._turn}"))

    def api(self) -> None:
        port = free_port()
        self._cluster.env |= {"SENTIQ_PORT": str(port)}
        self._cluster.http.base_url = httpx.URL(f"http://127.0.0.1:{port}")
        process = self._cluster.start_api()
        self._load.move(f"http://127.0.0.1:{port}")
        self._replace("api", process)

    def _replace(self, part: str, process: Process) -> None:
        assert self._parts[part].stop() == 0
        self._parts[part] = process


def start_worker(cluster: Cluster, lane: str, name: str) -> Process:
    return cluster.start_worker(lane, 1, name=name, wait=False)


def start_webhooks(cluster: Cluster, name: str) -> Process:
    older = (cluster.sources / "webhooks").is_dir()  # before the rooms had their present names
    module = "webhooks" if older else "sentiq.webhooks"
    process = Process(name, [sys.executable, "-m", module], cluster.env, cluster.directory, cluster.sources)
    cluster.processes.append(process)
    return process


def wait_live(cluster: Cluster, names: list[str]) -> None:
    def live() -> bool:
        for process in cluster.processes:
            if process.name in names:
                process.check_alive()
        return set(names) <= {worker.worker.partition("@")[0] for worker in cluster.live()}

    wait_until(live, message=f"{names} are live")


def left_behind(cluster: Cluster) -> dict[str, Any]:
    """What people leave in a cluster: a paused job, one with a row without a text, an upload, an API key."""
    soon = datetime.now(UTC) + timedelta(seconds=20)  # so that nothing of it runs before it is paused
    paused = cluster.submit(sentences(1_100), name="paused", start_at=soon.isoformat())
    assert cluster.http.post(f"/api/v1/jobs/{paused}/pause").status_code == 200
    lines = '{"text": "很好"}\n{"text": ""}\n'
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"left {cluster.sources}"}
    odd = cluster.http.post("/api/v1/jobs", content=lines, headers=headers).json()["id"]
    upload = cluster.http.post("/api/v1/uploads", files={"file": ("a.csv", "text\n不错\n太慢\n")}).json()["id"]
    _, token = KeyStore(cluster.redis).create("a shop", [Scope.SUBMIT])
    return {"paused": paused, "odd": odd, "upload": upload, "token": token, "lines": lines, "headers": headers}


def check_left(cluster: Cluster, left: dict[str, Any]) -> dict[str, int]:
    """Go on with it, by whatever version runs now; returns the jobs that are then to end, with their rows."""
    http = cluster.http
    again = http.post("/api/v1/jobs", content=left["lines"], headers=left["headers"])
    assert again.json()["id"] == left["odd"], again.text
    assert http.get(f"/api/v1/jobs/{left['odd']}/summary").json()["rows"] == 2
    made = http.post("/api/v1/jobs", json={"upload": left["upload"]})
    assert made.status_code == 202, made.text
    assert cluster.job(left["paused"])["state"] == "paused"
    assert http.post(f"/api/v1/jobs/{left['paused']}/resume").status_code == 200
    assert KeyStore(cluster.redis).find(left["token"]) is not None
    return {made.json()["id"]: 2, left["paused"]: 1_100}


def check_answered(cluster: Cluster, job_id: str, rows: int) -> None:
    job = cluster.wait_ended(job_id)
    assert (job["state"], job["counts"]["completed"]) == ("completed", rows), job
    assert [row["index"] for row in cluster.rows(job_id) if row["label"]] == list(range(rows))


def test_a_rolling_upgrade_and_the_way_back_lose_no_row_and_refuse_nobody(
    older: Path, tmp_path: Path, receiver: Receiver
) -> None:
    with Cluster(tmp_path, SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8") as cluster:
        cluster.sources = older
        cluster.redis_server.start()
        parts = {lane: start_worker(cluster, lane, lane) for lane in LANES}
        parts |= {"webhooks": start_webhooks(cluster, "webhooks"), "api": cluster.start_api()}
        wait_live(cluster, list(LANES))
        assert cluster.redis.get(SCHEMA) is None
        webhook = cluster.http.post("/api/v1/webhooks", json={"url": receiver.url}).json()["id"]
        with Load(cluster.url, webhook) as load:
            of_older = left_behind(cluster)
            upgrade = Upgrade(cluster, load, parts)

            upgrade.to(REPOSITORY)
            upgrade.workers()
            assert cluster.http.get("/health").json()["workers"], "the older API reads what newer workers tell"
            upgrade.webhooks()
            upgrade.api()

            assert cluster.redis.get(SCHEMA), "the newer release notes the version of the data"
            going_on = check_left(cluster, of_older)
            of_newer = left_behind(cluster)
            by_newer = len(load.jobs)

            upgrade.to(older)
            upgrade.workers()
            going_on |= {cluster.submit(sentences(1_100)): 1_100}  # by a newer API, for older workers
            upgrade.webhooks()
            upgrade.api()

            going_on |= check_left(cluster, of_newer)
            wait_until(lambda: len(load.jobs) > by_newer + 3)

        assert load.refused == []
        for job_id, rows in (load.jobs | going_on).items():
            check_answered(cluster, job_id, rows)
        wait_until(lambda: all(any(job_id.encode() in body for _, body in receiver.got) for job_id in load.told))


def test_no_process_works_on_newer_data(empty_cluster: Cluster) -> None:
    """At the start, or as soon as Redis is there: to wait for Redis is no refusal."""
    cluster = empty_cluster
    cluster.redis_server.start()
    cluster.redis.set(SCHEMA, NEWER)
    cluster.redis_server.stop()
    waiting = all_processes(cluster, "waiting")
    wait_until(lambda: cluster._get_status("/livez") == 200)
    wait_until(lambda: "Cannot connect to Redis" in waiting["worker"].log.read_text())
    assert [process.popen.poll() for process in waiting.values()] == [None] * 3

    cluster.redis_server.start()

    codes = {name: process.wait() for name, process in waiting.items()}
    assert codes == {"api": 3, "worker": 78, "webhooks": 78}, "gunicorn's own code, and that of a wrong setting"
    refusing = all_processes(cluster, "refusing")
    assert {name: process.wait() for name, process in refusing.items()} == dict.fromkeys(refusing, 78)
    for process in (*waiting.values(), *refusing.values()):
        log = process.log.read_text()
        assert f"schema version {NEWER}" in log, process.name
        assert "docs/upgrading.md" in log
        assert "Traceback" not in log
    assert cluster.redis.keys("sentiq:*") == [SCHEMA.encode()], "nobody wrote anything"


def all_processes(cluster: Cluster, suffix: str) -> dict[str, Process]:
    return {
        "api": cluster.start_api(wait=False),
        "worker": cluster.start_worker("bulk", 1, name=f"worker-{suffix}", wait=False),
        "webhooks": start_webhooks(cluster, f"webhooks-{suffix}"),
    }
