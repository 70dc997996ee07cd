"""What the rows of a job say of aspects: in every format, filtered, sorted and counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from redis import Redis

from api.app import create_app
from api.export.aspect_counts import count_aspects
from api.export.rows import plain_view
from api.export.workbook import file as workbook
from api.services import Services
from sentiq.aspects.sets import parse_set
from sentiq.core.redis_keys import JobKeys
from sentiq.core.settings import Settings
from sentiq.evaluation.intervals import wilson
from sentiq.jobs.lanes import BulkLane, InteractiveLane
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import AspectOutcome, InputChunk, JobOptions, Outcome, RowError
from tests.support import jobs

SET = parse_set(
    {
        "id": "test",
        "aspects": [
            {"name": "物流", "words": ["物流"]},
            {"name": "质量", "words": ["质量"]},
            {"name": "=价格", "words": ["价格"]},
        ],
    }
)
#: Stored in units of 1/65,535, so that 0.9 is read as 0.90001.
BAD, GOOD, EVEN = (0.9, 0.1), (0.2, 0.8), (0.5, 0.5)
MIXED = "物流太慢，质量很好！"
#: Text, answer to the whole, and what is said of aspects: place, answer, start and end of the clause.
ROWS: list[tuple[str, tuple[float, float] | None, list[tuple[int, tuple[float, float], int, int]]]] = [
    (MIXED, GOOD, [(0, BAD, 0, 4), (1, GOOD, 5, 10)]),
    ("没什么可说", GOOD, []),
    ("物流还行", GOOD, [(0, EVEN, 0, 4)]),
    ("坏了", None, []),
    ("物流质量都差", BAD, [(0, (0.99, 0.01), 0, 6), (1, BAD, 0, 6)]),
]
ROWS_A_CHUNK = 3


@pytest.fixture
def client(redis: Redis, settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(settings.model_copy(update={"neutral_band": 0.05, "sync_timeout_s": 5.0}))
    with app.test_client() as client:
        yield client
    services: Services = app.extensions["sentiq"]
    services.close()


@pytest.fixture
def job(store: JobStore, bulk: BulkLane) -> str:
    """A job of two chunks, answered."""
    parts = [ROWS[at : at + ROWS_A_CHUNK] for at in range(0, len(ROWS), ROWS_A_CHUNK)]
    chunks = [InputChunk(at * ROWS_A_CHUNK, tuple(text for text, *_ in part)) for at, part in enumerate(parts)]
    made, issued = jobs.create_job(store, *chunks, options=JobOptions(aspects=SET.dumps()))
    for ref, part in zip(issued, parts, strict=True):
        jobs.answer_chunk(bulk, ref, [outcome(whole, aspects) for _, whole, aspects in part])
    return made.id


def outcome(whole: tuple[float, float] | None, aspects: list[Any]) -> Outcome:
    if whole is None:
        return Outcome(error=RowError("inference_failed", "why"))
    return Outcome(whole, aspects=tuple(AspectOutcome(*aspect) for aspect in aspects))


def read(client: FlaskClient, job: str, query: str = "") -> list[Any]:
    answer = client.get(f"/api/v1/jobs/{job}/results?{query}")
    assert answer.status_code == 200, answer.json
    found: list[Any] = answer.json["data"]
    return found


def indices(client: FlaskClient, job: str, query: str) -> list[int]:
    """The rows that a filter takes, which the page, the count and the files must agree on."""
    found = [row["index"] for row in read(client, job, query)]
    lines = client.get(f"/api/v1/jobs/{job}/results.ndjson?{query}").data.splitlines()
    assert [json.loads(line)["index"] for line in lines] == found
    if "sort" not in query:
        assert client.get(f"/api/v1/jobs/{job}/matches?{query}").json["matches"] == len(found)
    return found


def test_a_row_has_each_aspect_with_its_label_and_its_clause(client: FlaskClient, job: str) -> None:
    rows = read(client, job)
    assert rows[0]["label"] == "positive"
    assert rows[0]["aspects"] == [
        {"aspect": "物流", "label": "negative", "score": 0.90001, "clause": "物流太慢"},
        {"aspect": "质量", "label": "positive", "score": 0.8, "clause": "质量很好！"},
    ]
    assert [len(row["aspects"]) for row in rows] == [2, 0, 1, 0, 2]
    (neutral,) = rows[2]["aspects"]
    assert (neutral["label"], neutral["clause"]) == ("neutral", "物流还行")
    assert client.get(f"/api/v1/jobs/{job}").json["links"]["aspects"] == f"/api/v1/jobs/{job}/aspects"


def test_a_job_without_aspects_looks_as_before(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    made, [ref] = jobs.create_job(store, jobs.chunk_of(0))
    jobs.answer_chunk(bulk, ref, [jobs.POSITIVE] * 2)
    assert all("aspects" not in row for row in read(client, made.id))
    assert "aspects" not in client.get(f"/api/v1/jobs/{made.id}").json["links"]
    assert b"aspect" not in client.get(f"/api/v1/jobs/{made.id}/results.csv").data
    refused = client.get(f"/api/v1/jobs/{made.id}/aspects")
    assert (refused.status_code, refused.json["code"]) == (409, "no_aspects")
    unknown = client.get(f"/api/v1/jobs/{made.id}/results?aspect=物流")
    assert (unknown.status_code, unknown.json["errors"][0]["code"]) == (422, "unknown_aspect")
    assert "without the option `aspects`" in unknown.json["detail"]


def test_files_have_the_same_rows(client: FlaskClient, job: str) -> None:
    as_json = client.get(f"/api/v1/jobs/{job}/results.json").json
    as_lines = [json.loads(line) for line in client.get(f"/api/v1/jobs/{job}/results.ndjson").data.splitlines()]
    assert as_json == as_lines == read(client, job)


def test_csv_has_a_column_for_each_aspect(client: FlaskClient, job: str) -> None:
    text = client.get(f"/api/v1/jobs/{job}/results.csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["aspect_物流"] for row in rows] == ["negative", "", "neutral", "", "negative"]
    assert [row["aspect_质量"] for row in rows] == ["positive", "", "", "", "negative"]
    assert {row["aspect_=价格"] for row in rows} == {""}
    assert [row["label"] for row in rows] == ["positive", "positive", "positive", "", "negative"]


@pytest.mark.parametrize("small", [1_000, 0], ids=["here", "in a process"])
@pytest.mark.parametrize("sort", ["", "&sort=-polarity"])
def test_a_workbook_has_a_column_for_each_aspect_in_the_language_of_the_reader(
    client: FlaskClient, job: str, monkeypatch: pytest.MonkeyPatch, small: int, sort: str
) -> None:
    monkeypatch.setattr(workbook, "SMALL_ROWS", small)
    answer = client.get(f"/api/v1/jobs/{job}/results.xlsx?lang=zh&include=text{sort}")
    headings, *rows = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0].values
    assert headings[-4:] == ("物流", "质量", "=价格", "备注")
    found = {row[headings.index("文本")]: row[-4:-1] for row in rows}
    assert found[MIXED] == ("消极", "积极", None)
    assert found["物流还行"] == ("中性", None, None)
    assert found["没什么可说"] == (None, None, None)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("aspect=物流", [0, 2, 4]),
        ("aspect=质量", [0, 4]),
        ("aspect==价格", []),
        ("aspect=物流&label=negative", [0, 4]),
        ("aspect=质量&label=positive", [0]),
        ("aspect=物流&label=neutral", [2]),
        ("aspect=物流&min_score=0.95", [2, 4]),
        ("aspect=物流&max_score=0.95", [0]),
        ("aspect=物流&contains=质量", [0, 4]),
        ("aspect=物流&only=failed", []),
        ("label=positive", [0, 1, 2]),
        ("aspect=物流&sort=polarity", [4, 0, 2]),
        ("aspect=质量&sort=-polarity", [0, 4]),
        ("aspect=物流&neutral_band=0&label=positive", [2]),
    ],
)
def test_a_filter_for_an_aspect_takes_the_rows_that_say_so_of_it(
    client: FlaskClient, job: str, query: str, expected: list[int]
) -> None:
    assert indices(client, job, query) == expected


def test_an_unknown_aspect_is_refused_with_those_there_are(client: FlaskClient, job: str) -> None:
    refused = client.get(f"/api/v1/jobs/{job}/results?aspect=天气")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/aspect")
    assert "物流, 质量" in refused.json["detail"]


def figure(hits: int, rows: int) -> dict[str, float]:
    found = wilson(hits, rows)
    return {"value": round(found.value, 5), "low": round(found.low, 5), "high": round(found.high, 5)}


def test_aspects_are_counted_with_intervals_the_worst_first(client: FlaskClient, job: str) -> None:
    found = client.get(f"/api/v1/jobs/{job}/aspects").json
    assert (found["aspect_set"], found["rows"], found["rows_with_aspects"]) == (SET.name, 4, 3)
    logistics, quality, price = found["data"]
    assert [aspect["aspect"] for aspect in found["data"]] == ["物流", "质量", "=价格"]
    assert logistics["rows"] == 3
    assert logistics["counts"] == {"negative": 2, "positive": 0, "neutral": 1}
    assert logistics["share"] == figure(3, 4)
    assert logistics["shares"]["negative"] == figure(2, 3)
    assert quality["counts"] == {"negative": 1, "positive": 1, "neutral": 0}
    assert (price["rows"], price["shares"]) == (0, {})
    assert price["share"] == figure(0, 4)
    assert found["worst"] == [], "two texts are negative about the delivery, and three would be worth a mend"


def test_aspects_are_counted_in_the_rows_that_a_filter_takes(client: FlaskClient, job: str) -> None:
    def counted(query: str) -> dict[str, int]:
        data = client.get(f"/api/v1/jobs/{job}/aspects?{query}").json["data"]
        return {aspect["aspect"]: aspect["rows"] for aspect in data}

    assert counted("contains=还行") == {"物流": 1, "质量": 0, "=价格": 0}
    assert counted("aspect=物流&label=negative") == {"物流": 2, "质量": 2, "=价格": 0}
    nothing = client.get(f"/api/v1/jobs/{job}/aspects?contains=天气").json
    assert (nothing["rows"], nothing["data"][0]["share"], nothing["data"][0]["shares"]) == (0, None, {})


def test_counts_are_kept_with_an_ended_job_and_follow_the_neutral_band(
    client: FlaskClient, job: str, redis: Redis
) -> None:
    first = client.get(f"/api/v1/jobs/{job}/aspects").json
    redis.delete(JobKeys.of(job).output)
    assert client.get(f"/api/v1/jobs/{job}/aspects").json == first
    assert client.get(f"/api/v1/jobs/{job}/aspects?neutral_band=0").json["rows"] == 0


def test_counting_needs_no_texts(store: JobStore, job: str, redis: Redis) -> None:
    found = store.get(job)
    redis.delete(JobKeys.of(job).input)
    assert count_aspects(Results(redis), found, plain_view(found, 0.0)).rows == 4


def test_a_running_job_is_counted_as_far_as_it_is_done(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    options = JobOptions(aspects=SET.dumps())
    made, issued = jobs.create_job(store, *map(jobs.chunk_of, range(2)), options=options)
    assert client.get(f"/api/v1/jobs/{made.id}/aspects").json["rows"] == 0
    jobs.answer_chunk(bulk, issued[0], [outcome(GOOD, [(0, BAD, 0, 2)]), outcome(GOOD, [])])
    found = client.get(f"/api/v1/jobs/{made.id}/aspects").json
    assert (found["rows"], found["rows_with_aspects"], found["data"][0]["counts"]["negative"]) == (2, 1, 1)


def test_other_labels_are_counted_too(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    made, [ref] = jobs.create_job(store, jobs.chunk_of(0), options=JobOptions(aspects=SET.dumps()))
    joyful = Outcome((0.1, 0.2, 0.7), aspects=(AspectOutcome(1, (0.6, 0.2, 0.2), 0, 1),))
    jobs.answer_chunk(bulk, ref, [joyful, joyful], labels=("anger", "fear", "joy"))
    data = client.get(f"/api/v1/jobs/{made.id}/aspects").json["data"]
    assert (data[0]["aspect"], data[0]["counts"]) == ("质量", {"anger": 2, "fear": 0, "joy": 0})


def test_a_small_job_carries_its_set_to_the_child_and_has_aspects(
    client: FlaskClient, redis: Redis, settings: Settings
) -> None:
    lane = InteractiveLane(redis, settings)
    made = client.post("/api/v1/jobs", json={"text": MIXED, "aspects": SET.document()}).json
    (opened,) = lane.take("test") or []
    assert opened.aspects == SET.dumps()
    lane.record([jobs.answer_with(opened, [outcome(GOOD, [(0, BAD, 0, 4)])])])
    (row,) = read(client, made["id"])
    assert row["aspects"] == [{"aspect": "物流", "label": "negative", "score": 0.90001, "clause": "物流太慢"}]


def test_a_bulk_job_carries_its_set_to_the_child(store: JobStore, bulk: BulkLane) -> None:
    _, [ref] = jobs.create_job(store, jobs.chunk_of(0), options=JobOptions(aspects=SET.dumps()))
    assert jobs.claim(bulk, ref).aspects == SET.dumps()
