"""A file of reviews with a set of aspects on a real cluster: from the upload to what is to be mended."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import openpyxl
import pytest

from sentiq.aspects.files import built_in
from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from sentiq.jobs.types import Outcome
from tests.support.cluster import Cluster
from worker.child.divided_text import divide

pytestmark = pytest.mark.cluster

SHOP = built_in()["shop"]
NAMES = [aspect.name for aspect in SHOP.aspects]
COMPLAINTS = ["物流太慢了，等了十天", "快递员态度恶劣，物流很差", "物流慢，包装也破了"]
PRAISE = ["质量非常好，做工精致", "质量不错，价格也便宜", "客服热情，质量满意"]
OTHERS = ["下次还来", "一般般吧", "送给妈妈的"]
MIXED = "质量非常好，就是物流太慢了。"
KILLER, FAULTY = "物流太慢【崩溃】，质量很好", "物流太慢，质量【异常】很好"


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Engine:
    """The same model in the test's own process, as the reference."""
    return Engine.load(find_model(cluster.settings.model_roots, cluster.settings.model).directory)


def reviews(count: int) -> list[str]:
    """Reviews that all differ, in which three of nine complain of the delivery and three praise the quality."""
    kinds = [*COMPLAINTS, *PRAISE, *OTHERS]
    return [f"{kinds[n % len(kinds)]}，第{n}单" for n in range(count)]


def judged(engine: Engine, texts: list[str]) -> dict[str, dict[str, float]]:
    """What the model says of each text: p(positive) by the name of the aspect."""
    divided = divide(texts, SHOP.dumps())
    parts = list(dict.fromkeys(part for text in divided.values() for part in text.texts()))
    outcomes = {
        part: Outcome(prediction.probabilities) for part, prediction in zip(parts, engine.classify(parts), strict=True)
    }
    column = engine.manifest.labels.index("positive")
    return {
        text: {NAMES[found.aspect]: found.probabilities[column] for found in of_text.outcome(outcomes).aspects}
        for text, of_text in divided.items()
    }


def submit_file(cluster: Cluster, texts: list[str]) -> str:
    """Upload a CSV of reviews and make a job of it, with the aspects of shops; return its id."""
    table = io.StringIO()
    csv.writer(table).writerows([["编号", "评论"], *enumerate(texts)])
    upload = cluster.http.post(
        "/api/v1/uploads", content=table.getvalue().encode(), headers={"Content-Type": "text/csv"}
    ).json()
    asked = {"upload": upload["id"], "aspects": "shop", "keep_columns": True}
    made = cluster.http.post("/api/v1/jobs", json=asked)
    assert made.status_code == 202, made.text
    job_id: str = made.json()["id"]
    return job_id


def labels(row: dict[str, Any]) -> dict[str, str]:
    """The label of each aspect of a row."""
    return {aspect["aspect"]: aspect["label"] for aspect in row["aspects"]}


def test_a_file_is_read_for_its_aspects_and_every_way_to_read_it_agrees(cluster: Cluster, engine: Engine) -> None:
    texts = [*reviews(700), MIXED]
    job = cluster.wait_ended(submit_file(cluster, texts))
    assert (job["state"], job["lane"], job["options"]["aspects"]) == ("completed", "bulk", SHOP.name)

    rows = cluster.rows(job["id"], include="text")
    expected = judged(engine, texts)
    for row in rows:
        assert labels(row).keys() == expected[row["text"]].keys()
        for aspect in row["aspects"]:
            positive = expected[row["text"]][aspect["aspect"]]
            assert aspect["score"] == pytest.approx(max(positive, 1 - positive), abs=0.05)
            assert aspect["clause"] in row["text"]
    assert labels(rows[-1]) == {"质量": "positive", "物流": "negative"}

    counted = cluster.http.get(job["links"]["aspects"]).json()
    by_hand = Counter(pair for row in rows for pair in labels(row).items())
    assert {(found["aspect"], label): n for found in counted["data"] for label, n in found["counts"].items() if n} == (
        by_hand
    )
    assert (counted["rows"], counted["rows_with_aspects"]) == (701, sum(bool(row["aspects"]) for row in rows))
    worst = counted["data"][0]
    assert worst["shares"]["negative"]["low"] == max(
        found["shares"]["negative"]["low"] for found in counted["data"] if found["rows"]
    )

    late = cluster.rows(job["id"], aspect="物流", label="negative")
    assert [row["index"] for row in late] == [row["index"] for row in rows if labels(row).get("物流") == "negative"]
    assert len(late) == by_hand["物流", "negative"] > 200
    matches = cluster.http.get(f"/api/v1/jobs/{job['id']}/matches", params={"aspect": "物流", "label": "negative"})
    assert matches.json()["matches"] == len(late)
    worst_first = cluster.rows(job["id"], aspect="物流", sort="polarity")
    assert {row["index"] for row in worst_first} == {row["index"] for row in rows if "物流" in labels(row)}

    table = cluster.http.get(f"/api/v1/jobs/{job['id']}/results.csv", params={"include": "columns"}).content
    lines = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    shown = [{name: line[f"aspect_{name}"] for name in NAMES if line[f"aspect_{name}"]} for line in lines]
    assert shown == [labels(row) for row in rows]
    book = cluster.http.get(f"/api/v1/jobs/{job['id']}/results.xlsx", params={"include": "columns", "lang": "zh"})
    headings, *cells = openpyxl.load_workbook(io.BytesIO(book.content)).worksheets[0].values
    at = headings.index("物流")
    assert Counter(row[at] for row in cells)["消极"] == len(late)


def test_small_jobs_and_the_shortcuts_say_the_same(cluster: Cluster, engine: Engine) -> None:
    expected = judged(engine, [MIXED])[MIXED]
    asked = {"text": MIXED, "aspects": "shop"}
    waited = cluster.http.post("/api/v1/jobs", json=asked, headers={"Prefer": "wait=60"}).json()
    assert waited["lane"] == "interactive"
    for aspects in (
        waited["results"]["data"][0]["aspects"],
        cluster.http.post("/analyze", json=asked).json()["aspects"],
        cluster.http.post("/api/sentiment", json=asked).json()["aspects"],
        cluster.http.post("/api/v1/sentiment/analyze", json=asked).json()["data"]["aspects"],
        cluster.http.post(
            "/api/v1/sentiment/analyze/batch", json={"texts": ["下次还来", MIXED], "aspects": "shop"}
        ).json()["data"][1]["aspects"],
    ):
        assert {found["aspect"]: found["label"] for found in aspects} == {"质量": "positive", "物流": "negative"}
        for found in aspects:
            positive = expected[found["aspect"]]
            assert found["score"] == pytest.approx(max(positive, 1 - positive), abs=0.05)
    assert "aspects" not in cluster.http.post("/analyze", json={"text": MIXED}).json()


@pytest.mark.parametrize("count", [20, 100], ids=["interactive", "bulk"])
def test_a_text_that_breaks_its_child_costs_itself_alone_and_a_retry_keeps_the_others(
    cluster: Cluster, count: int
) -> None:
    texts = [*reviews(count), KILLER, FAULTY, MIXED]
    job = cluster.wait_ended(cluster.submit(texts, aspects="shop"))

    rows = cluster.rows(job["id"])
    assert [row["error"] and row["error"]["code"] for row in rows[-3:]] == ["killed_worker", "inference_failed", None]
    assert [row["aspects"] for row in rows[-3:-1]] == [[], []]
    assert labels(rows[-1]) == {"质量": "positive", "物流": "negative"}
    assert sum(bool(row["aspects"]) for row in rows) > count / 2
    assert {row["index"] for row in rows if row["error"]} == {count, count + 1}

    cluster.http.post(f"/api/v1/jobs/{job['id']}/retry")
    cluster.wait_ended(job["id"])
    assert cluster.rows(job["id"]) == rows
