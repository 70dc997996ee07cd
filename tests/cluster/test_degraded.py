"""An overload of the interactive lane: the bundled model stands in, says so, and leaves again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_model, make_multilingual
from tests.support.processes import wait_until
from tests.support.programs import BROKEN

pytestmark = pytest.mark.cluster

LIMIT_S = 0.5  #: in which two children whose model waits 20 ms for a text answer 50
JOBS, TEXTS = 50, 20  #: which they would answer in ten seconds


@contextmanager
def limited(directory: Path, **settings: str) -> Iterator[Cluster]:
    """Start a cluster with a limit to what texts may wait; its models are in the folder `store`."""
    with Cluster(
        directory,
        None,  # a Redis of its own
        SENTIQ_MODEL_ROOT=str(directory / "store"),
        SENTIQ_CACHE_ENTRIES="0",
        SENTIQ_DEGRADE_ABOVE_S=str(LIMIT_S),
        **settings,
    ) as cluster:
        cluster.start(interactive=0, bulk=0)
        cluster.start_worker("interactive", app=BROKEN)
        yield cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A slow model."""
    copy_model(tmp_path / "store", "slow")
    with limited(tmp_path, SENTIQ_MODEL="slow") as cluster:
        yield cluster


def degraded(cluster: Cluster) -> bool:
    (worker,) = cluster.http.get("/api/v1/cluster").json()["workers"]
    return bool(worker["degraded"])


def test_an_overload_is_answered_by_the_bundled_model_until_it_is_over(cluster: Cluster) -> None:
    cluster.wait_ended(cluster.submit(["味道不错"]))
    assert not degraded(cluster)

    jobs = [cluster.submit([f"味道不错，第{job}次来了，{i}人" for i in range(TEXTS)]) for job in range(JOBS)]

    wait_until(lambda: degraded(cluster))
    assert "sentiq_degraded 1.0" in cluster.http.get("/metrics").text
    named = cluster.submit(["味道不错"], model="slow")
    shortcut = cluster.http.post("/analyze", json={"text": "味道不错"})
    assert (shortcut.status_code, shortcut.headers["Sentiq-Degraded"]) == (200, "true")
    assert {row["degraded"] for row in cluster.rows(cluster.wait_ended(named)["id"])} == {False}

    rows = [row for job_id in jobs for row in cluster.rows(cluster.wait_ended(job_id)["id"])]
    assert len(rows) == JOBS * TEXTS
    assert {(row["degraded"], row["model"].partition("@")[0]) for row in rows} == {(False, "slow"), (True, BUNDLED)}
    assert "true" in cluster.http.get(f"/api/v1/jobs/{jobs[-1]}/results.csv").text.lower()
    assert sum(row["degraded"] for row in rows) > len(rows) / 2, "most of them did not wait for the model"

    wait_until(lambda: not degraded(cluster), message="the mode ends when the load has gone")
    (row,) = cluster.rows(cluster.wait_ended(cluster.submit(["味道不错"]))["id"])
    assert (row["degraded"], row["model"].partition("@")[0]) == (False, "slow")
    assert "Sentiq-Degraded" not in cluster.http.post("/analyze", json={"text": "味道不错"}).headers


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Cluster]:
    """Routes with the same slow model."""
    copy_model(tmp_path / "store", "slow")
    make_multilingual(tmp_path / "store", "tri")
    with limited(tmp_path, SENTIQ_ROUTES="zh=slow,*=tri") as cluster:
        yield cluster


@pytest.mark.full
def test_nothing_stands_in_for_routes(routed: Cluster) -> None:
    routed.wait_ended(routed.submit(["味道不错"]))
    jobs = [routed.submit([f"味道不错，第{job}次来了，{i}人" for i in range(TEXTS)]) for job in range(JOBS)]
    worker = next(process for process in routed.processes if process.name == "interactive")
    wait_until(lambda: "nothing stands in" in worker.log.read_text(), message="the overload is told of")
    assert not degraded(routed)
    rows = [row for job_id in jobs for row in routed.rows(routed.wait_ended(job_id)["id"])]
    assert {(row["degraded"], row["model"].partition("@")[0]) for row in rows} == {(False, "slow")}
    assert "sentiq_degraded 0.0" in routed.http.get("/metrics").text
