"""A pair of models in a running cluster: who answers what, on both lanes, from the cache, and in an overload.

The teacher says the contrary of the student, so that its answers can be told from those of the student.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sentiq.engine import Engine, Prediction, StoredPair
from tests.support.admin import admin
from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_contrary, copy_model, dividing_threshold, make_pair
from tests.support.paths import BUNDLED_MODEL
from tests.support.processes import wait_until
from tests.support.programs import BROKEN
from tests.support.streams import Stream
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

QUESTIONS = sentences(300, 18)
SMALL = 60  #: of them in a job of the interactive lane
CHUNK = 25  #: rows of which a slow model answers two chunks a second
JOBS, TEXTS = 50, 20  #: an overload: two children would need ten seconds for them


@pytest.fixture(scope="module")
def alone() -> dict[str, Prediction]:
    """What the student says, who knows nothing of a teacher."""
    return dict(zip(QUESTIONS, Engine.load(BUNDLED_MODEL).classify(QUESTIONS), strict=True))


@pytest.fixture(scope="module")
def threshold() -> float:
    return dividing_threshold(Engine.load(BUNDLED_MODEL), QUESTIONS)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    copy_contrary(store, "contrary")
    return store


@pytest.fixture(scope="module")
def pair(store: Path, threshold: float) -> StoredPair:
    return make_pair(store, BUNDLED, "contrary", threshold)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, store: Path, pair: StoredPair) -> Iterator[Cluster]:
    with Cluster(
        tmp_path_factory.mktemp("cluster"), SENTIQ_MODEL_ROOT=str(store), SENTIQ_CASCADE=f"{BUNDLED},contrary"
    ) as cluster:
        cluster.start(interactive=1, bulk=0)
        cluster.start_worker("bulk", 1, SENTIQ_ENGINE_LOAD="child")
        yield cluster


def cache_misses(cluster: Cluster) -> float:
    found = re.search(r"^sentiq_cache_misses_total (\S+)$", cluster.http.get("/metrics").text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def degraded(cluster: Cluster) -> bool:
    return any(worker["degraded"] for worker in cluster.http.get("/api/v1/cluster").json()["workers"])


def answers(cluster: Cluster, texts: list[str], **options: Any) -> list[dict[str, Any]]:
    job = cluster.wait_ended(cluster.submit(texts, **options))
    assert job["counts"]["completed"] == len(texts)
    return cluster.rows(job["id"])


def check(rows: list[dict[str, Any]], alone: dict[str, Prediction], pair: StoredPair, threshold: float) -> None:
    """Each row is of the one who had to answer it, and says what that one says."""
    student, teacher = pair.manifest.parts
    sure = [max(alone[text].probabilities) >= threshold for text in QUESTIONS[: len(rows)]]
    assert [row["model"] for row in rows] == [student if is_sure else teacher for is_sure in sure]
    for row, text, is_sure in zip(rows, QUESTIONS, sure, strict=False):
        negative, positive = alone[text].probabilities if is_sure else reversed(alone[text].probabilities)
        assert row["probabilities"] == pytest.approx({"negative": negative, "positive": positive}, abs=0.02)


def test_both_lanes_name_who_answered_and_the_cache_agrees(
    cluster: Cluster, alone: dict[str, Prediction], pair: StoredPair, threshold: float
) -> None:
    small = answers(cluster, QUESTIONS[:SMALL])
    misses = cache_misses(cluster)
    large = answers(cluster, QUESTIONS)

    check(small, alone, pair, threshold)
    check(large, alone, pair, threshold)
    assert {row["model"] for row in small} == {row["model"] for row in large} == set(pair.manifest.parts)
    assert large[:SMALL] == small
    assert cache_misses(cluster) == misses + len(QUESTIONS) - SMALL
    assert answers(cluster, QUESTIONS) == large
    assert cache_misses(cluster) == misses + len(QUESTIONS) - SMALL


def test_a_job_that_names_one_of_them_is_answered_by_it_alone(cluster: Cluster) -> None:
    for _ in range(2):  # without the cache, then from it
        assert {row["model"] for row in answers(cluster, QUESTIONS[:SMALL], model="contrary")} == {"contrary@c0ffee"}
        by_student = answers(cluster, QUESTIONS[:SMALL], model=BUNDLED)
        assert {row["model"].partition("@")[0] for row in by_student} == {BUNDLED}


def test_the_pair_is_shown_where_a_model_is(cluster: Cluster, pair: StoredPair) -> None:
    name = pair.manifest.name
    job = cluster.job(cluster.submit(["味道不错"], model=name))

    models = {model["id"]: model for model in cluster.http.get("/api/v1/models").json()["data"]}
    assert {model_id: model["active"] for model_id, model in models.items()} == {
        BUNDLED: False,
        "contrary": False,
        pair.manifest.id: True,
    }
    assert models[pair.manifest.id]["source"] == pair.manifest.source
    assert cluster.http.get("/health").json()["model"] == pair.manifest.id
    assert {worker["model"] for worker in cluster.http.get("/api/v1/cluster").json()["workers"]} == {name}
    assert f"{name} int8 positive,negative active on" in admin(cluster, "models").stdout
    assert name in admin(cluster, "status").stdout
    assert cluster.wait_ended(job["id"])["model"] == {"id": pair.manifest.id, "version": pair.manifest.version}


def test_a_pair_that_was_not_fitted_is_refused_with_the_command_that_fits_it(cluster: Cluster) -> None:
    pair = f"contrary,{BUNDLED}"
    worker = cluster.start_worker("bulk", 1, name="unfitted", wait=False, SENTIQ_CASCADE=pair)
    cluster.processes.remove(worker)

    assert worker.wait() == os.EX_CONFIG
    assert f"sentiq-cascade contrary {BUNDLED} TEXTS" in worker.log.read_text()
    checked = admin(cluster, "config", "check", SENTIQ_CASCADE=pair)
    assert checked.returncode == 1
    assert f"SENTIQ_CASCADE: no fitted pair '{pair.replace(',', '+')}'" in checked.stderr
    assert "SENTIQ_CASCADE: no" not in admin(cluster, "config", "check").stderr


def test_another_threshold_takes_over_while_a_job_runs_and_no_old_answer_comes_back(
    tmp_path: Path,
) -> None:
    """At first the student answers all, then the teacher."""
    store = tmp_path / "store"
    copy_model(store, "slow-student")
    copy_contrary(store, "contrary")
    strict = make_pair(store, "slow-student", "contrary", 1.5)
    os.utime(strict.directory / "cascade.json", (1, 1))  # not the newest
    make_pair(store, "slow-student", "contrary", 0.0)
    with Cluster(
        tmp_path, SENTIQ_MODEL_ROOT=str(store), SENTIQ_CASCADE="slow-student,contrary", SENTIQ_CHUNK_TEXTS=str(CHUNK)
    ) as cluster:
        cluster.app = BROKEN
        cluster.start(interactive=1, bulk=1)
        assert {row["model"] for row in answers(cluster, QUESTIONS[:SMALL])} == {"slow-student@c0ffee"}
        stream = Stream(cluster, CHUNK)
        with ThreadPoolExecutor(1) as sender:
            sent = sender.submit(stream.submit)
            try:
                stream.wait_running()
                done = admin(cluster, "activate", strict.manifest.name)
                assert done.returncode == 0, done.stderr
                assert not sent.done(), sent.result()
            finally:
                stream.end()
            job = cluster.wait_ended(sent.result())

        assert job["counts"]["completed"] == stream.rows
        rows = cluster.rows(job["id"])
        assert {row["model"] for row in rows} == {"slow-student@c0ffee", "contrary@c0ffee"}
        labels = {(row["model"], row["label"]) for row in rows}
        assert len(labels) == 2, "they say the contrary of each other"
        assert {row["model"] for row in answers(cluster, QUESTIONS[:SMALL])} == {"contrary@c0ffee"}


@pytest.mark.full
def test_in_an_overload_the_student_answers_all_and_says_so(tmp_path: Path) -> None:
    store = tmp_path / "store"
    copy_contrary(store, "slow")
    make_pair(store, BUNDLED, "slow", 1.5)
    with Cluster(
        tmp_path,
        SENTIQ_MODEL_ROOT=str(store),
        SENTIQ_CASCADE=f"{BUNDLED},slow",
        SENTIQ_CACHE_ENTRIES="0",
        SENTIQ_DEGRADE_ABOVE_S="0.5",
    ) as cluster:
        cluster.start(interactive=0, bulk=0)
        cluster.start_worker("interactive", app=BROKEN)
        cluster.wait_ended(cluster.submit(["味道不错"]))

        jobs = [cluster.submit([f"味道不错，第{job}次来了，{i}人" for i in range(TEXTS)]) for job in range(JOBS)]
        wait_until(lambda: degraded(cluster))

        rows = [row for job_id in jobs for row in cluster.rows(cluster.wait_ended(job_id)["id"])]
        assert {(row["degraded"], row["model"].partition("@")[0]) for row in rows} == {(False, "slow"), (True, BUNDLED)}
        wait_until(lambda: not degraded(cluster), message="the mode ends when the load has gone")
        (row,) = cluster.rows(cluster.wait_ended(cluster.submit(["味道不错"]))["id"])
        assert (row["degraded"], row["model"]) == (False, "slow@c0ffee")
