"""Answers are compared with the labels in a job's file, whatever the file; and where they cannot be, it says why."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from openpyxl import Workbook
from redis import Redis

from api.export import evaluation as evaluations
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.types import ChunkRef, Outcome
from tests.support import jobs

GOOD, BAD = "质量很好，下次还来", "物流太慢了，很失望"
#: Text, label and shop of each row, and p(positive) of the answer.
ROWS = [
    (GOOD, "正面", "南", 0.9),
    (BAD, "负面", "南", 0.2),
    ("还行吧，一分钱一分货", "负面", "北", 0.7),
    (BAD + "！", "0", "北", 0.1),
    ("以后再说吧，没用过呢", "", "北", 0.6),
]

CHUNK_ROWS = 100  #: as the settings of these tests have it

Rows = Sequence[tuple[str, str, str, float]]


def table(rows: Rows = ROWS, heading: str = "情感") -> str:
    return "\n".join([f"评论,{heading},店铺", *(",".join(row[:3]) for row in rows)])


def submitted(client: FlaskClient, data: bytes | str, query: str = "", content_type: str = "text/csv") -> Any:
    answer = client.post(f"/api/v1/jobs?{query}", data=data, content_type=content_type)
    assert answer.status_code == 202, answer.json
    return answer.json


def answer(bulk: BulkLane, job: dict[str, Any], outcomes: Sequence[Outcome]) -> None:
    """Answer all chunks of a job, as a worker would."""
    for first in range(0, len(outcomes), CHUNK_ROWS):
        part = outcomes[first : first + CHUNK_ROWS]
        jobs.answer_chunk(bulk, ChunkRef(job["id"], first // CHUNK_ROWS, len(part)), part)


def ended(client: FlaskClient, bulk: BulkLane, rows: Rows = ROWS, query: str = "", heading: str = "情感") -> str:
    """Submit a table and answer it; return the address of its evaluation."""
    job = submitted(client, table(rows, heading).encode(), query)
    answer(bulk, job, [Outcome((1 - row[3], row[3])) for row in rows])
    return f"/api/v1/jobs/{job['id']}/evaluation"


def test_answers_are_compared_with_the_labels_of_the_file(client: FlaskClient, bulk: BulkLane) -> None:
    found = client.get(ended(client, bulk)).json
    assert (found["object"], found["label_column"]) == ("evaluation", "情感")
    assert (found["rows"], found["without_label"], found["without_answer"]) == (4, 1, 0)
    assert found["accuracy"]["value"] == 0.75
    assert found["accuracy"]["low"] < 0.75 < found["accuracy"]["high"]
    assert found["confusion"] == {"labels": ["negative", "positive"], "counts": [[2, 1], [0, 1]]}
    assert [each["f1"]["value"] for each in found["by_label"]] == [0.8, pytest.approx(0.6667)]
    (mistake,) = found["mistakes"]
    assert (mistake["index"], mistake["text"]) == (2, "还行吧，一分钱一分货")
    assert mistake["score"] == pytest.approx(0.7, abs=1e-4)
    assert (mistake["label"], mistake["predicted"]) == ("negative", "positive")
    assert sum(each["rows"] for each in found["calibration"]["bins"]) == 4
    assert found["by_source"] == []


def test_the_column_is_told_and_results_stay_as_they_were(client: FlaskClient, bulk: BulkLane) -> None:
    job = submitted(client, table().encode(), "keep_columns=true")
    assert (job["file"]["label_column"], job["file"]["label_number"]) == ("情感", 2)
    assert {"label_column_recognised"} == {note["code"] for note in job["file"]["notes"]}
    assert "evaluation" not in job["links"]
    answer(bulk, job, [Outcome((1 - row[3], row[3])) for row in ROWS])
    base = f"/api/v1/jobs/{job['id']}"
    assert client.get(base).json["links"]["evaluation"] == f"{base}/evaluation"
    first = client.get(f"{base}/results?include=columns").json["data"][0]
    assert first["columns"] == [["评论", GOOD], ["情感", "正面"], ["店铺", "南"]]
    sources = client.get(f"{base}/evaluation?by=店铺").json["by_source"]
    assert [(each["source"], each["rows"], each["accuracy"]["value"]) for each in sources] == [
        ("北", 2, 0.5),
        ("南", 2, 1),
    ]


def workbook() -> bytes:
    book, written = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["评论", "标签"])
    for text, label, _, _ in ROWS:
        sheet.append([text, {"正面": 1, "负面": 0, "0": 0}.get(label)])
    book.save(written)
    return written.getvalue()


def lines() -> str:
    return "\n".join(json.dumps({"text": text, "label": label}) for text, label, _, _ in ROWS)


@pytest.mark.parametrize(
    ("data", "content_type"), [(workbook, "application/octet-stream"), (lines, "application/x-ndjson")]
)
def test_any_file_may_have_labels(
    client: FlaskClient,
    bulk: BulkLane,
    answer_interactive: Callable[[], int],
    data: Callable[[], bytes | str],
    content_type: str,
) -> None:
    job = submitted(client, data(), content_type=content_type)
    if job["lane"] == "interactive":  # all its answers are positive
        answer_interactive()
    else:
        answer(bulk, job, [Outcome((0.25, 0.75))] * len(ROWS))
    found = client.get(f"/api/v1/jobs/{job['id']}/evaluation").json
    assert (found["rows"], found["without_label"], found["accuracy"]["value"]) == (4, 1, 0.25)


def test_a_column_can_be_named_and_its_labels_be_any_that_the_model_has(client: FlaskClient, bulk: BulkLane) -> None:
    rows = [(GOOD, "calm", "南", 0.9), (BAD, "angry", "南", 0.2), (BAD + "。", "angri", "北", 0.7)]
    job = submitted(client, table(rows, "情绪判断").encode(), "label_column=情绪判断")
    ref = ChunkRef(job["id"], 0, len(rows))
    jobs.answer_chunk(bulk, ref, [Outcome((1 - row[3], row[3])) for row in rows], labels=("angry", "calm"))
    found = client.get(f"/api/v1/jobs/{job['id']}/evaluation").json
    assert (found["rows"], found["without_label"], found["accuracy"]["value"]) == (2, 1, 1.0)


def test_neutral_rows_count_as_they_are_shown(client: FlaskClient, bulk: BulkLane) -> None:
    rows = [(GOOD, "正面", "南", 0.9), (BAD, "中性", "南", 0.45), (BAD + "！", "负面", "北", 0.48)]
    address = ended(client, bulk, rows)
    plain, banded = client.get(address).json, client.get(f"{address}?neutral_band=0.1").json
    assert (plain["rows"], plain["accuracy"]["value"]) == (3, pytest.approx(0.6667))
    assert (banded["rows"], banded["accuracy"]["value"]) == (3, pytest.approx(0.6667))
    assert plain["confusion"]["labels"] == ["negative", "positive", "neutral"]
    assert banded["confusion"]["counts"] == [[0, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert (plain["calibration"]["rows"], banded["calibration"]["rows"]) == (3, 1)


def routed(client: FlaskClient, bulk: BulkLane, rows: Sequence[tuple[str, str, int, tuple[float, ...]]]) -> str:
    """Answer rows of text, label, model and probabilities by two models; return the address of the evaluation."""
    content = "\n".join(["评论,情感", *(f"{text},{label}" for text, label, _, _ in rows)])
    job = submitted(client, content.encode(), "label_column=情感")
    jobs.answer_chunk(
        bulk,
        ChunkRef(job["id"], 0, len(rows)),
        [Outcome(numbers, given_by=model, language="zh" if model == 1 else "en") for _, _, model, numbers in rows],
        labels=("negative", "positive", "neutral"),
        model="zh=two,*=three@9",
        parts=("two@1", "three@1"),
        part_labels=(("negative", "positive"), ("negative", "neutral", "positive")),
    )
    return f"/api/v1/jobs/{job['id']}/evaluation"


def test_rows_whose_model_does_not_have_their_label_are_wrong_and_told_of(client: FlaskClient, bulk: BulkLane) -> None:
    rows = [
        (GOOD, "正面", 1, (0.1, 0.9, 0.0)),
        (BAD, "中性", 1, (0.45, 0.55, 0.0)),
        (BAD + "！", "中性", 1, (0.9, 0.1, 0.0)),
        ("as expected", "中性", 2, (0.2, 0.1, 0.7)),
    ]
    address = routed(client, bulk, rows)
    found = client.get(address).json
    assert (found["rows"], found["accuracy"]["value"]) == (4, 0.5)
    assert found["labels_missing"] == [{"label": "neutral", "model": "two@1", "rows": 2}]
    banded = client.get(f"{address}?neutral_band=0.1").json
    assert (banded["rows"], banded["accuracy"]["value"]) == (4, 0.75)
    assert banded["labels_missing"] == [], "with the band, this model may say neutral"


def test_one_model_that_does_not_have_a_label_is_told_of_too(client: FlaskClient, bulk: BulkLane) -> None:
    found = client.get(ended(client, bulk, [(GOOD, "正面", "南", 0.9), (BAD, "中性", "南", 0.45)])).json
    assert found["accuracy"]["value"] == 0.5
    assert [(each["label"], each["rows"]) for each in found["labels_missing"]] == [("neutral", 1)]


def test_numbers_are_no_labels_of_models_that_have_others(client: FlaskClient, bulk: BulkLane) -> None:
    numbers = [(GOOD, "1", 1, (0.1, 0.9, 0.0)), (BAD, "0", 1, (0.9, 0.1, 0.0)), ("so so", "2", 2, (0.2, 0.1, 0.7))]
    refused = client.get(routed(client, bulk, numbers))
    assert (refused.status_code, refused.json["code"]) == (409, "no_labels")
    assert "write names instead" in refused.json["detail"]
    signs = [(text, {"0": "-1", "2": "0"}.get(label, label), *rest) for text, label, *rest in numbers]
    assert client.get(routed(client, bulk, signs)).json["accuracy"]["value"] == 1  # type: ignore[arg-type]


def test_rows_that_failed_have_no_answer(client: FlaskClient, bulk: BulkLane) -> None:
    job = submitted(client, (table() + "\n,正面,南").encode())
    answer(bulk, job, [jobs.FAILED, *(Outcome((0.75, 0.25)),) * 4, jobs.FAILED])
    found = client.get(f"/api/v1/jobs/{job['id']}/evaluation").json
    assert (found["rows"], found["without_answer"], found["without_label"]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("rows", "query", "words"),
    [
        ([(GOOD, "喜欢", "南", 0.9), (BAD, "讨厌", "南", 0.2)], "label_column=2", ("'喜欢'", "negative, positive")),
        ([(f"{GOOD}{n}", f"n{n}", "南", 0.9) for n in range(60)], "label_column=2", ("50 different values",)),
        ([(GOOD, "", "南", 0.9), (BAD, "", "南", 0.2)], "label_column=2", ("nothing",)),
    ],
)
def test_labels_that_say_nothing_are_told(
    client: FlaskClient, bulk: BulkLane, rows: Rows, query: str, words: tuple[str, ...]
) -> None:
    refused = client.get(ended(client, bulk, rows, query))
    assert (refused.status_code, refused.json["code"]) == (409, "no_labels")
    for word in words:
        assert word in refused.json["detail"]


def test_without_labels_or_before_the_end_there_is_none(client: FlaskClient, bulk: BulkLane) -> None:
    running = submitted(client, table().encode())
    refused = client.get(f"/api/v1/jobs/{running['id']}/evaluation")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_ended")
    unlabelled = client.get(ended(client, bulk, [(GOOD, "12", "南", 0.9), (BAD, "7", "南", 0.2)], heading="点赞数"))
    assert (unlabelled.status_code, unlabelled.json["code"]) == (409, "no_labels")
    assert "label_column" in unlabelled.json["detail"]
    texts = client.post("/api/v1/jobs", json={"texts": [GOOD]}).json
    assert client.get(f"/api/v1/jobs/{texts['id']}/evaluation").json["code"] == "no_labels"
    assert client.get("/api/v1/jobs/job_0/evaluation").status_code == 404


@pytest.mark.parametrize(
    ("query", "code"), [("label_column=评论", "ambiguous_column"), ("label_column=9", "unknown_column")]
)
def test_a_column_that_cannot_have_the_labels_is_refused(client: FlaskClient, query: str, code: str) -> None:
    refused = client.post(f"/api/v1/jobs?{query}", data=table().encode(), content_type="text/csv")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, code)
    assert refused.json["errors"][0]["pointer"] == "/label_column"


def test_an_evaluation_is_computed_once(client: FlaskClient, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch) -> None:
    address = ended(client, bulk)
    first = client.get(address).json
    monkeypatch.setattr(evaluations, "_tallied", None)
    assert client.get(address).json == first


def test_many_rows_are_counted_chunk_by_chunk(client: FlaskClient, bulk: BulkLane, redis: Redis) -> None:
    dice = random.Random(1)
    rows = [(f"第{n}条{GOOD}", dice.choice(("正面", "负面")), "南", dice.random()) for n in range(950)]
    address = ended(client, bulk, rows)
    found = client.get(address).json
    assert found["rows"] == len(rows)
    wrong = [(max(p, 1 - p), n) for n, (_, label, _, p) in enumerate(rows) if (p > 0.5) != (label == "正面")]
    assert found["accuracy"]["value"] == round((len(rows) - len(wrong)) / len(rows), 4)
    surest = [n for _, n in sorted(wrong, reverse=True)[:20]]
    assert {each["index"] for each in found["mistakes"]} == set(surest)
    stored = [jobs.stored_input(redis, address.split("/")[-2], number) for number in range(10)]
    assert [label for chunk in stored for label in chunk.labels or ()] == [label for _, label, _, _ in rows]
