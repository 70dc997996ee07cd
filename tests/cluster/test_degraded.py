"""An overload of the interactive lane: the bundled model stands in, says so, and leaves again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_model
from tests.support.processes import wait_until
from tests.support.programs import BROKEN, SLOW_TEXT_S

pytestmark = pytest.mark.cluster

LIMIT_S = 0.5
CHILDREN = 2
TEXTS = 10  #: of one job
OVERLOAD = 5  #: times what the children can do
FOR_S = 8.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A slow model, and a limit to what texts may wait for it."""
    store = tmp_path / "store"
    copy_model(store, "slow")
    with Cluster(
        tmp_path,
        SENTIQ_MODEL_ROOT=str(store),
        SENTIQ_MODEL="slow",
        SENTIQ_CACHE_ENTRIES="0",
        SENTIQ_DEGRADE_ABOVE_S=str(LIMIT_S),
    ) as cluster:
        cluster.start(interactive=0, bulk=0)
        cluster.start_worker("interactive", CHILDREN, app=BROKEN)
        yield cluster


def degraded(cluster: Cluster) -> bool:
    (worker,) = cluster.http.get("/api/v1/cluster").json()["workers"]
    return bool(worker["degraded"])


def overload(cluster: Cluster) -> list[str]:
    """Jobs that come at a steady pace, whatever becomes of those before."""
    pause_s = TEXTS * SLOW_TEXT_S / CHILDREN / OVERLOAD
    jobs: list[str] = []
    began = time.monotonic()
    while time.monotonic() - began < FOR_S:
        jobs.append(cluster.submit([f"味道不错，第{len(jobs)}次来了，{i}人" for i in range(TEXTS)]))
        time.sleep(max(0.0, began + len(jobs) * pause_s - time.monotonic()))
    return jobs


def took_s(job: dict[str, str]) -> float:
    return (datetime.fromisoformat(job["ended_at"]) - datetime.fromisoformat(job["created_at"])).total_seconds()


def test_an_overload_is_answered_by_the_bundled_model_until_it_is_over(cluster: Cluster) -> None:
    cluster.wait_ended(cluster.submit(["味道不错"]))
    assert not degraded(cluster)

    jobs = overload(cluster)

    assert degraded(cluster)
    assert "sentiq_degraded 1.0" in cluster.http.get("/metrics").text
    named = cluster.submit(["味道不错"], model="slow")
    shortcut = cluster.http.post("/analyze", json={"text": "味道不错"})
    assert (shortcut.status_code, shortcut.headers["Sentiq-Degraded"]) == (200, "true")
    assert {row["degraded"] for row in cluster.rows(cluster.wait_ended(named)["id"])} == {False}

    ended = [cluster.wait_ended(job_id) for job_id in jobs]
    rows = [row for job_id in jobs for row in cluster.rows(job_id)]
    assert len(rows) == len(jobs) * TEXTS
    assert {(row["degraded"], row["model"].partition("@")[0]) for row in rows} == {(False, "slow"), (True, BUNDLED)}
    assert "true" in cluster.http.get(f"/api/v1/jobs/{jobs[-1]}/results.csv").text.lower()
    longest = sorted(map(took_s, ended))[len(ended) * 95 // 100]
    assert longest < FOR_S * OVERLOAD / 2, "half of what the last of them would have waited without the bundled model"

    wait_until(lambda: not degraded(cluster), message="the mode ends when the load has gone")
    (row,) = cluster.rows(cluster.wait_ended(cluster.submit(["味道不错"]))["id"])
    assert (row["degraded"], row["model"].partition("@")[0]) == (False, "slow")
    assert "Sentiq-Degraded" not in cluster.http.post("/analyze", json={"text": "味道不错"}).headers
