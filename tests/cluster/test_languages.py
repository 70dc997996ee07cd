"""A model of three labels for all languages beside the bundled one, in one worker, in one job with mixed languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentiq.engine import Engine
from sentiq.engine.routing import find_any
from tests.support.admin import admin
from tests.support.cluster import Cluster
from tests.support.command import sentiq
from tests.support.models import BUNDLED, make_multilingual
from tests.support.paths import BUNDLED_MODEL
from tests.support.programs import BROKEN

pytestmark = pytest.mark.cluster

ROUTES = f"zh={BUNDLED},*=tri"
TEXTS = ["菜很好吃，下次还来", "とても良い商品です", "the food was great", "정말 좋아요", "房間又髒又吵", "👍👍"]
LANGUAGES = ["zh", "ja", "en", "ko", "zh", None]
MODELS = [BUNDLED, "tri", "tri", "tri", BUNDLED, BUNDLED]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    make_multilingual(store, "tri")
    return store


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_MODEL_ROOT=str(store), SENTIQ_ROUTES=ROUTES) as cluster:
        cluster.app = BROKEN  # where a text asks for it
        cluster.start(interactive=1, bulk=0)
        cluster.start_worker("bulk", 1, SENTIQ_ENGINE_LOAD="child")
        yield cluster


def answers(cluster: Cluster, texts: list[str], **options: Any) -> list[dict[str, Any]]:
    job = cluster.wait_ended(cluster.submit(texts, **options))
    assert job["counts"]["completed"] == len(texts)
    return cluster.rows(job["id"])


def models(rows: list[dict[str, Any]]) -> list[str]:
    return [row["model"].partition("@")[0] for row in rows]


def test_both_lanes_answer_each_text_by_the_model_of_its_language(cluster: Cluster, store: Path) -> None:
    small = answers(cluster, TEXTS)
    large = answers(cluster, TEXTS * 20)

    assert [row.get("language") for row in small] == LANGUAGES
    assert models(small) == MODELS
    assert models(large) == MODELS * 20
    engines = {BUNDLED: Engine.load(BUNDLED_MODEL), "tri": Engine.load(store / "tri")}
    for row, text, model in zip(small, TEXTS, MODELS, strict=True):
        expected = dict(
            zip(engines[model].manifest.labels, engines[model].classify([text])[0].probabilities, strict=True)
        )
        assert row["probabilities"] == pytest.approx(expected, abs=0.02)


def test_a_job_may_name_its_language_or_one_of_the_models(cluster: Cluster) -> None:
    assert models(answers(cluster, TEXTS, language="ja")) == ["tri"] * len(TEXTS)
    assert models(answers(cluster, TEXTS, model="tri")) == ["tri"] * len(TEXTS)
    assert models(answers(cluster, TEXTS, model=BUNDLED)) == [BUNDLED] * len(TEXTS)


def test_a_row_that_failed_names_the_model_that_it_was_routed_to(cluster: Cluster, tmp_path: Path) -> None:
    """One that ended its process is routed only by a language that was given; one without a text is not."""
    file = tmp_path / "a.csv"
    file.write_text(
        "text,language\n这条【异常】很好,\nとても【异常】良い,\n这条【崩溃】,ja\n这条【崩溃】,\n,ja\n菜很好吃,\n",
        encoding="utf-8",
    )
    job = json.loads(sentiq(cluster.url, "submit", str(file), "--json").stdout)["id"]
    assert cluster.wait_ended(job)["counts"] == {"total": 6, "completed": 1, "failed": 4, "without_text": 1}

    rows = cluster.rows(job)

    listed = cluster.http.get("/api/v1/models").json()["data"]
    names = {model["id"]: f"{model['id']}@{model['version']}" for model in listed}
    failed, killed = "inference_failed", "killed_worker"
    assert [(row["error"] and row["error"]["code"], row["model"]) for row in rows] == [
        (failed, names[BUNDLED]),
        (failed, names["tri"]),
        (killed, names["tri"]),
        (killed, None),
        ("empty_text", None),
        (None, names[BUNDLED]),
    ]


def test_the_command_gives_a_language_chooses_rows_by_it_and_counts_them(cluster: Cluster) -> None:
    job = cluster.wait_ended(cluster.submit(TEXTS))["id"]
    counted = sentiq(cluster.url, "summary", job).stdout.decode()
    assert [line.split() for line in counted.splitlines() if line.startswith("  ")] == [
        ["zh", "2"],
        *(["ja", "1"], ["en", "1"], ["ko", "1"]),
    ]
    shown = sentiq(cluster.url, "results", job, "--language", "ja", "--language", "ko").stdout.decode()
    assert [line.split("\t")[-1] for line in shown.splitlines()] == [TEXTS[1], TEXTS[3]]
    label = {
        language: json.loads(sentiq(cluster.url, "analyze", TEXTS[0], "--language", language, "--json").stdout)["score"]
        for language in ("zh", "ja")
    }
    assert label["zh"] != label["ja"]


def test_the_command_crosses_languages_and_tells_of_labels_that_a_model_does_not_have(
    cluster: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"text,情感\n{TEXTS[0]},好评\n{TEXTS[4]},中性\n{TEXTS[1]},中性\n", encoding="utf-8")
    said = sentiq(cluster.url, "submit", str(file), "--wait", "--json").stdout
    job = json.loads(said)["id"]
    crossed = sentiq(cluster.url, "cross", job, "--rows", "language", "--columns", "label").stdout.decode()
    assert [line.split("\t")[:2] for line in crossed.splitlines()[1:]] == [["zh", "2"], ["ja", "1"]]
    told = sentiq(cluster.url, "evaluation", job).stdout.decode()
    assert re.search(rf"^wrong in any case, as {BUNDLED}@\w+ does not have the label neutral: 1$", told, re.MULTILINE)


def test_the_routes_are_shown_where_a_model_is(cluster: Cluster, store: Path) -> None:
    manifest = find_any([store, BUNDLED_MODEL.parent], ROUTES).manifest
    job = cluster.wait_ended(cluster.submit(TEXTS, model=manifest.name))
    assert job["model"] == {"id": manifest.id, "version": manifest.version}
    listed = {model["id"]: model for model in cluster.http.get("/api/v1/models").json()["data"]}
    assert listed[ROUTES]["active"]
    assert listed[ROUTES]["labels"] == ["negative", "positive", "neutral"]
    assert not listed["tri"]["active"]
    assert f"{manifest.name} " in admin(cluster, "models").stdout


def test_a_running_cluster_goes_over_to_one_model_and_back_to_the_routes(cluster: Cluster) -> None:
    for name, expected in (("tri", ["tri"] * len(TEXTS)), (ROUTES, MODELS)):
        assert admin(cluster, "activate", name).returncode == 0
        assert models(answers(cluster, TEXTS)) == expected
        assert models(answers(cluster, TEXTS * 20)) == expected * 20, "children that load models themselves do so again"


def test_routes_to_a_model_that_is_not_there_are_refused(cluster: Cluster) -> None:
    checked = admin(cluster, "config", "check", SENTIQ_ROUTES=f"zh={BUNDLED},ja=nowhere,*=nowhere")
    assert checked.returncode == 1
    assert "SENTIQ_ROUTES: ja=nowhere, *=nowhere: there is no model 'nowhere'" in checked.stderr
    assert "there is no model" not in admin(cluster, "config", "check").stderr
    both = admin(cluster, "config", "check", SENTIQ_CASCADE="a,b")
    assert "SENTIQ_ROUTES: SENTIQ_CASCADE is set too" in both.stderr
