"""Rows that are sorted, counted and found by a column of their file: the same ones in every format."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient

from api.export import matching, order
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import FileFormat, InputChunk, JobOptions, Outcome
from tests.support.jobs import FAILED, answer_chunk, create_job

ROWS_A_CHUNK = 4
BINARY = ("negative", "positive")
THREE = ("negative", "neutral", "positive")
FILE = FileFormat("评论.csv", "csv", text_column="评论", text_number=2, columns=("编号", "评论", "城市"))
CITIES = ("北京", "上海", "")


def answered(
    store: JobStore,
    bulk: BulkLane,
    probabilities: list[tuple[float, ...] | None],
    labels: tuple[str, ...] = BINARY,
    *,
    seal: bool = True,
) -> str:
    """A job with a row for each of these, None for one that failed; cities in turn."""
    chunks = []
    for first in range(0, len(probabilities), ROWS_A_CHUNK):
        rows = range(first, min(first + ROWS_A_CHUNK, len(probabilities)))
        cells = tuple((f"r{n}", CITIES[n % 3]) for n in rows)
        chunks.append(InputChunk(first, tuple(f"文{n}" for n in rows), cells=cells))
    options = JobOptions(name="评论.csv", keep_columns=True)
    job, issued = create_job(store, *chunks, options=options, file=FILE, seal=seal)
    while issued:
        ref = issued.pop(0)
        first = ref.chunk_no * ROWS_A_CHUNK
        outcomes = [FAILED if p is None else Outcome(p) for p in probabilities[first : first + ref.rows]]
        issued += answer_chunk(bulk, ref, outcomes, labels)
    return f"/api/v1/jobs/{job.id}"


def binary(*positive: float | None) -> list[tuple[float, ...] | None]:
    return [None if p is None else (1 - p, p) for p in positive]


POSITIVE = (0.9, 0.2, None, 0.56, 0.2, 0.01, 0.99, 0.5, 0.7, None, 0.2)
BY_POLARITY = [5, 1, 4, 10, 7, 3, 8, 0, 6, 2, 9]  # the same value: as in the job; without a prediction: last


def indexes(client: FlaskClient, job: str, query: str, limit: int = 3) -> list[int]:
    """Of all pages."""
    found: list[int] = []
    cursor = ""
    while True:
        page = client.get(f"{job}/results?limit={limit}&{query}{cursor}").json
        assert len(page["data"]) == limit or page["next"] is None
        found += [row["index"] for row in page["data"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=polarity", BY_POLARITY),
        ("sort=-polarity", [6, 0, 8, 3, 7, 1, 4, 10, 5, 2, 9]),
        ("sort=-score", [5, 6, 0, 1, 4, 10, 8, 3, 7, 2, 9]),
        ("sort=score", [7, 3, 8, 1, 4, 10, 0, 5, 6, 2, 9]),
        ("sort=score&neutral_band=0.1", [8, 1, 4, 10, 3, 0, 5, 6, 7, 2, 9]),  # a neutral row is surest in the middle
        ("sort=polarity&label=negative", [5, 1, 4, 10]),
        ("sort=polarity&min_score=0.85", [5, 0, 6]),
        ("sort=polarity&contains=文1", [1, 10]),
        ("sort=polarity&only=failed", [2, 9]),
        ("sort=polarity&column=城市&value=上海", [1, 4, 10, 7]),
        ("sort=polarity&column=3&value=", [5, 8, 2]),
        ("column=城市&value=上海&column=编号&value=r4", [4]),
        ("column=城市&value=上海&column=编号&value=r3", []),
        ("column=城市&value=上海&column=3&value=", [1, 2, 4, 5, 7, 8, 10]),
        ("label=negative&column=城市&value=上海&column=城市&value=北京&contains=文1", [1, 10]),
    ],
)
def test_rows_are_sorted(client: FlaskClient, store: JobStore, bulk: BulkLane, query: str, expected: list[int]) -> None:
    job = answered(store, bulk, binary(*POSITIVE))
    assert indexes(client, job, query) == expected
    assert client.get(f"{job}/matches?{'&'.join(part for part in query.split('&') if 'sort=' not in part)}").json == {
        "object": "matches",
        "matches": len(expected),
        "next": None,
    }


def test_of_three_classes_a_neutral_row_stands_in_the_middle(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    rows: list[tuple[float, ...] | None] = [(0.1, 0.1, 0.8), (0.05, 0.9, 0.05), (0.9, 0.05, 0.05), (0.5, 0.45, 0.05)]
    job = answered(store, bulk, rows, THREE)
    assert indexes(client, job, "sort=polarity") == [2, 3, 1, 0]
    assert indexes(client, job, "sort=-polarity") == [0, 1, 3, 2]


def test_labels_without_a_polarity_are_no_order(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk, [(0.2, 0.8), (0.6, 0.4)], ("ham", "spam"))
    refused = client.get(f"{job}/results?sort=polarity")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_polarity")
    assert "ham, spam" in refused.json["detail"]
    assert indexes(client, job, "sort=-score") == [0, 1]


def test_a_job_that_runs_has_no_order_yet(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk, binary(0.9, 0.1, 0.4), seal=False)
    for path in ("results", "results.csv"):
        refused = client.get(f"{job}/{path}?sort=polarity")
        assert (refused.status_code, refused.json["code"]) == (409, "job_not_ended")
    assert client.get(f"{job}/matches?label=negative").json["matches"] == 2, "but it is counted"


@pytest.mark.parametrize("query", ["sort=polarity", "sort=polarity&column=城市&value=北京"])
def test_every_format_has_the_same_order(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(order, "BUCKET_ROWS", 3)
    monkeypatch.setattr(order, "FRAME_BYTES", 100)
    job = answered(store, bulk, binary(*POSITIVE))
    query += "&include=text,columns"
    page = client.get(f"{job}/results?limit=1000&{query}").json["data"]
    lines = client.get(f"{job}/results.ndjson?{query}").data.decode().splitlines()
    assert [json.loads(line) for line in lines] == page
    assert client.get(f"{job}/results.json?{query}").json == page
    texts = [row["text"] for row in page]
    table = csv.DictReader(io.StringIO(client.get(f"{job}/results.csv?{query}").data.decode("utf-8-sig")))
    assert [row["评论"] for row in table] == texts
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?{query}").data))
    heading, *rows = book["results"].iter_rows(values_only=True)
    assert [row[heading.index("评论")] for row in rows] == texts


def test_a_part_of_a_sorted_file_is_a_part_of_it(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    path = f"{answered(store, bulk, binary(*POSITIVE))}/results.ndjson"
    whole = client.get(f"{path}?sort=polarity")
    part = client.get(f"{path}?sort=polarity", headers={"Range": "bytes=50-99"})
    assert (part.status_code, part.data) == (206, whole.data[50:100])
    assert whole.headers["ETag"] != client.get(path).headers["ETag"]


def test_cursors_of_one_order_mean_nothing_in_another(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk, binary(*POSITIVE))
    of_rows = client.get(f"{job}/results?limit=2").json["next"]
    of_order = client.get(f"{job}/results?limit=2&sort=score").json["next"]
    for query in (f"sort=score&cursor={of_rows}", f"cursor={of_order}"):
        refused = client.get(f"{job}/results?{query}")
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "invalid_cursor")


def test_more_rows_than_can_be_sorted_are_refused(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "MOST_ROWS", 5)
    job = answered(store, bulk, binary(*POSITIVE))
    refused = client.get(f"{job}/results?sort=polarity")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "too_many_to_sort")
    assert indexes(client, job, "sort=polarity&label=negative") == [5, 1, 4, 10], "a filter is the remedy"


def test_of_a_large_job_a_part_is_counted_at_once(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "COUNTED", 2)
    monkeypatch.setattr(matching, "COUNTED_WITH_TEXTS", 1)
    job = answered(store, bulk, binary(*POSITIVE))
    for query, expected in (("label=negative", [3, 1]), ("contains=文", [4, 4, 3])):
        counted: list[int] = []
        cursor = ""
        while not counted or cursor:
            part = client.get(f"{job}/matches?{query}{cursor}").json
            counted.append(part["matches"])
            cursor = f"&cursor={part['next']}" if part["next"] else ""
        assert counted == expected


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("column=省&value=x", "unknown_column", "/column"),
        ("column=城市", "missing", "/value"),
        ("column=城市&value=北京&value=上海", "missing", "/column"),
        ("value=北京", "missing", "/column"),
        ("sort=best", "literal_error", "/sort"),
    ],
)
def test_what_is_unknown_is_refused(
    client: FlaskClient, store: JobStore, bulk: BulkLane, query: str, code: str, pointer: str
) -> None:
    refused: Any = client.get(f"{answered(store, bulk, binary(*POSITIVE))}/results?{query}")
    assert refused.status_code == 422
    assert [(fault["code"], fault["pointer"]) for fault in refused.json["errors"]] == [(code, pointer)]


def test_without_kept_columns_there_is_no_filter_by_them(client: FlaskClient) -> None:
    job = client.post("/api/v1/jobs", json={"texts": ["好"]}).json["id"]
    refused = client.get(f"/api/v1/jobs/{job}/results?column=1&value=x")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_columns")
    assert "keep_columns" in refused.json["detail"]
