"""Several models side by side: each job is answered by the one it asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiq.core.settings import BUNDLED_MODELS
from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_model
from tests.support.processes import wait_until

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    copy_model(store, "second")
    (copy_model(store, "damaged") / "model.bin").write_bytes(b"cut")
    return store


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_MODEL_ROOT=str(store))
    try:
        cluster.start(interactive=1, bulk=1)
        yield cluster
    finally:
        cluster.close()


def test_the_store_and_the_bundled_model_are_listed(cluster: Cluster) -> None:
    models = {m["id"]: m for m in cluster.http.get("/api/v1/models").json()["data"]}

    assert {m["id"]: m["active"] for m in models.values()} == {BUNDLED: True, "second": False, "damaged": False}
    assert len(models["second"]["workers"]) == 2
    metrics = json.loads((BUNDLED_MODELS / BUNDLED / "metrics.json").read_text(encoding="utf-8"))
    measured = (metrics["int8"]["accuracy"], metrics["texts"]["test"])
    assert (models[BUNDLED]["accuracy"], models[BUNDLED]["tested_on"]) == measured


@pytest.mark.parametrize("texts", [3, 1_000], ids=["interactive", "bulk"])
def test_a_job_is_answered_by_the_model_it_asks_for(cluster: Cluster, texts: int) -> None:
    asked = [
        cluster.submit(["味道不错", "很失望"] * texts, **({"model": m} if m else {})) for m in ("second", "", BUNDLED)
    ]
    answers = [cluster.rows(cluster.wait_ended(job_id)["id"]) for job_id in asked]

    assert {row["model"] for row in answers[0]} == {"second@c0ffee"}
    assert {row["model"].partition("@")[0] for row in answers[1] + answers[2]} == {BUNDLED}
    assert [row["probabilities"] for row in answers[0]] == [row["probabilities"] for row in answers[1]]
    assert cluster.job(asked[0])["model"] == {"id": "second", "version": "c0ffee"}


def test_a_damaged_model_fails_its_rows_with_the_reason_and_nothing_else(cluster: Cluster) -> None:
    job = cluster.wait_ended(cluster.submit(["味道不错"], model="damaged"))

    assert job["counts"] == {"total": 1, "completed": 0, "failed": 1, "without_text": 0}
    (row,) = cluster.rows(job["id"])
    assert row["error"]["code"] == "model_unavailable"
    assert "model.bin is damaged" in row["error"]["detail"]
    assert cluster.wait_ended(cluster.submit(["味道不错"]))["counts"]["completed"] == 1


def test_a_model_prepared_later_is_found_without_a_restart(cluster: Cluster, store: Path) -> None:
    copy_model(store, "later")

    wait_until(lambda: "later" in {m["id"] for m in cluster.http.get("/api/v1/models").json()["data"]})
    rows = cluster.rows(cluster.wait_ended(cluster.submit(["味道不错"], model="later"))["id"])
    assert {row["model"] for row in rows} == {"later@c0ffee"}
