"""The cluster goes over to another model while it works; no request fails and no row is lost."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.admin import admin
from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_model

pytestmark = pytest.mark.cluster

SWITCHES = 5
ROWS = 50_000
REQUESTS_PER_S = 50
TEXT = "房间干净，服务热情，早餐一般，下次还来。" * 28  #: longer than the model reads, so that the job lasts


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    copy_model(store, "second")
    (copy_model(store, "damaged") / "model.bin").write_bytes(b"cut")
    unusable = copy_model(store, "unusable")  # its checksums are right, its network is not
    (unusable / "model.xml").write_text("<net/>")
    manifest = json.loads((unusable / "manifest.json").read_text())
    manifest["files"]["model.xml"] = hashlib.sha256(b"<net/>").hexdigest()
    (unusable / "manifest.json").write_text(json.dumps(manifest))
    return store


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_MODEL_ROOT=str(store), SENTIQ_CACHE_ENTRIES="0")
    try:
        cluster.start(interactive=2, bulk=2)
        yield cluster
    finally:
        cluster.close()


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
        with httpx.Client(base_url=url, timeout=60) as http:
            while not self._stop.is_set():
                due = time.monotonic() + interval_s
                texts = [f"很失望，{visitor} 号，第 {self.answered} 次"]
                response = http.post("/api/v1/jobs", json={"texts": texts}, headers={"Prefer": "wait=20"})
                if response.status_code == 200 and (rows := response.json()["results"]["data"])[0]["error"] is None:
                    self.models.add(rows[0]["model"])
                    self.answered += 1
                else:
                    self.wrong.append(response.text)
                self._stop.wait(max(0.0, due - time.monotonic()))


@pytest.mark.timeout(300)
def test_five_switches_under_load_lose_nothing(cluster: Cluster) -> None:
    lines = "".join(f'"{TEXT}{row}"\n' for row in range(ROWS)).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    with Visitors(cluster.url) as visitors:
        job_id = cluster.http.post("/api/v1/jobs", content=lines, headers=headers).json()["id"]
        for switch in range(SWITCHES):
            done = admin(cluster, "activate", ("second", BUNDLED)[switch % 2])
            assert done.returncode == 0, done.stderr
            assert cluster.job(job_id)["ended_at"] is None, "all switches happen while the job runs"
        job = cluster.wait_ended(job_id, timeout_s=200)

    assert visitors.wrong == []
    assert visitors.answered > SWITCHES * REQUESTS_PER_S
    assert {name.partition("@")[0] for name in visitors.models} == {"second", BUNDLED}
    assert job["counts"] == {"total": ROWS, "completed": ROWS, "failed": 0, "without_text": 0}
    rows = cluster.rows(job_id)
    assert [row["index"] for row in rows] == list(range(ROWS))
    assert {row["model"].partition("@")[0] for row in rows} == {"second", BUNDLED}
    assert all(row["model"].endswith(("@c0ffee", "@31f3a9e3366b")) for row in rows)


@pytest.mark.parametrize(
    ("model", "reason"),
    [("damaged", "model.bin is damaged"), ("unusable", "OpenVINO cannot load"), ("absent", "no model 'absent'")],
)
def test_a_model_that_fails_is_not_activated_and_the_old_one_serves(cluster: Cluster, model: str, reason: str) -> None:
    before = {(w.worker, w.model) for w in cluster.live()}

    refused = admin(cluster, "activate", model)

    assert refused.returncode == 1
    assert reason in refused.stderr
    assert {(w.worker, w.model) for w in cluster.live()} == before
    assert cluster.wait_ended(cluster.submit(["味道不错"]))["counts"]["completed"] == 1


def test_a_worker_that_starts_later_serves_the_active_model(cluster: Cluster) -> None:
    assert admin(cluster, "activate", "second").returncode == 0
    cluster.start_worker("bulk", 1, name="later")

    (later,) = [w for w in cluster.live() if w.worker.startswith("later@")]
    assert later.model == "second"
    assert "second@c0ffee int8 negative,positive active on" in admin(cluster, "models").stdout
