"""The cluster goes over to another model while it works; no request fails and no row is lost."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.admin import admin, admin_process
from tests.support.cluster import Cluster
from tests.support.models import copy_model
from tests.support.processes import wait_until
from tests.support.programs import BROKEN
from tests.support.streams import Stream

pytestmark = pytest.mark.cluster

#: Two models whose inference waits instead of computing: chunks are in flight at each switch, and cores are free.
FIRST, SECOND = "slow-first", "slow-second"
CHUNK = 25  #: rows; one takes half a second
REQUESTS_PER_S = 10


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    copy_model(store, FIRST)
    copy_model(store, SECOND)
    (copy_model(store, "damaged") / "model.bin").write_bytes(b"cut")
    unusable = copy_model(store, "unusable")  # its checksums are right, its network is not
    (unusable / "model.xml").write_text("<net/>")
    manifest = json.loads((unusable / "manifest.json").read_text())
    manifest["files"]["model.xml"] = hashlib.sha256(b"<net/>").hexdigest()
    (unusable / "manifest.json").write_text(json.dumps(manifest))
    return store


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Cluster]:
    with Cluster(
        tmp_path_factory.mktemp("cluster"),
        SENTIQ_MODEL_ROOT=str(store),
        SENTIQ_MODEL=FIRST,
        SENTIQ_CACHE_ENTRIES="0",
        SENTIQ_CHUNK_TEXTS=str(CHUNK),
    ) as cluster:
        cluster.start(interactive=0, bulk=0)
        for lane in ("interactive", "bulk"):
            cluster.start_worker(lane, app=BROKEN, wait=False)
        cluster.wait_workers(2)
        yield cluster


class Visitors:
    """Small jobs at a steady rate, each waited for; keeps what went wrong and who answered."""

    def __init__(self, url: str) -> None:
        self.wrong: list[str] = []
        self.models: set[str] = set()
        self.answered = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(url, n)) for n in range(10)]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, url: str, visitor: int) -> None:
        interval_s = len(self._threads) / REQUESTS_PER_S
        with httpx.Client(base_url=url, timeout=100) as http:
            while not self._stop.is_set():
                due = time.monotonic() + interval_s
                texts = [f"很失望，{visitor} 号，第 {self.answered} 次"]
                response = http.post("/api/v1/jobs", json={"texts": texts}, headers={"Prefer": "wait=20"})
                if response.status_code == 202:  # a busy machine needs longer
                    path = f"/api/v1/jobs/{response.json()['id']}"
                    while http.get(path).json().get("ended_at") is None:
                        time.sleep(0.1)
                    response = http.get(f"{path}/results")
                document = response.json()
                (row,) = document.get("results", document).get("data", [{}])
                if response.status_code == 200 and row.get("error", "?") is None:
                    self.models.add(row["model"])
                    self.answered += 1
                else:
                    self.wrong.append(response.text)
                self._stop.wait(max(0.0, due - time.monotonic()))


@pytest.mark.parametrize("switches", [2, pytest.param(5, marks=pytest.mark.full)])
def test_switches_under_load_lose_nothing(cluster: Cluster, switches: int) -> None:
    stream = Stream(cluster, CHUNK)
    with ThreadPoolExecutor(1) as sender:
        sent = sender.submit(stream.submit)
        try:
            stream.wait_running()
            with Visitors(cluster.url) as visitors:
                for switch in range(switches):
                    done = admin(cluster, "activate", (SECOND, FIRST)[switch % 2])
                    assert done.returncode == 0, done.stderr
                    answered = visitors.answered
                    wait_until(lambda least=answered + REQUESTS_PER_S: visitors.answered > least)  # type: ignore[misc]
                assert not sent.done(), sent.result()  # all switches happen while the job runs
        finally:
            stream.end()
        job_id = sent.result()
    job = cluster.wait_ended(job_id)

    assert visitors.wrong == []
    assert {name.partition("@")[0] for name in visitors.models} == {FIRST, SECOND}
    assert job["counts"] == {"total": stream.rows, "completed": stream.rows, "failed": 0, "without_text": 0}
    rows = cluster.rows(job_id)
    assert [row["index"] for row in rows] == list(range(stream.rows))
    assert {row["model"].partition("@")[0] for row in rows} == {FIRST, SECOND}
    assert {row["model"].partition("@")[2] for row in rows} == {"c0ffee"}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("damaged", "model.bin is damaged"),
        pytest.param("unusable", "OpenVINO cannot load", marks=pytest.mark.full),
        pytest.param("absent", "no model 'absent'", marks=pytest.mark.full),
    ],
)
def test_a_model_that_fails_is_not_activated_and_the_old_one_serves(cluster: Cluster, model: str, reason: str) -> None:
    before = {(w.worker, w.model) for w in cluster.live()}

    refused = admin_process(cluster, "activate", model)

    assert refused.returncode == 1
    assert reason in refused.stderr
    assert {(w.worker, w.model) for w in cluster.live()} == before
    assert cluster.wait_ended(cluster.submit(["味道不错"]))["counts"]["completed"] == 1


def test_a_worker_that_starts_later_serves_the_active_model(cluster: Cluster) -> None:
    assert admin_process(cluster, "activate", SECOND).returncode == 0
    cluster.start_worker("bulk", 1, name="later")

    (later,) = [w for w in cluster.live() if w.worker.startswith("later@")]
    assert later.model == SECOND
    assert f"{SECOND}@c0ffee int8 negative,positive active on" in admin_process(cluster, "models").stdout
