"""Results of a pair of models: every format names the one of the two that answered."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pytest
from flask.testing import FlaskClient

from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import InputChunk, Outcome, RowError
from tests.support.jobs import answer_chunk, create_job

PARTS = ("small@1", "large@2")
OUTCOMES = (
    Outcome((0.02, 0.98), given_by=1),
    Outcome((0.4, 0.6), given_by=2),
    Outcome((0.97, 0.03), given_by=1),
    Outcome(error=RowError("inference_failed", "why")),
)
MODELS = ["small@1", "large@2", "small@1", "small+large@3"]


@pytest.fixture
def job(store: JobStore, bulk: BulkLane) -> str:
    """A job that a pair has answered: its address."""
    made, [ref] = create_job(store, InputChunk(0, ("很好", "还行", "很差", "坏")))
    answer_chunk(bulk, ref, OUTCOMES, model="small+large@3", parts=PARTS)
    return f"/api/v1/jobs/{made.id}"


def test_every_format_names_who_answered_each_row(client: FlaskClient, job: str) -> None:
    page = client.get(f"{job}/results").json["data"]
    lines = [json.loads(line) for line in client.get(f"{job}/results.ndjson").text.splitlines()]
    array = json.loads(client.get(f"{job}/results.json").text)
    table = list(csv.DictReader(io.StringIO(client.get(f"{job}/results.csv").text.removeprefix("\ufeff"))))

    for rows in (page, lines, array, table):
        assert [row["model"] for row in rows] == MODELS
    by_score = client.get(f"{job}/results?sort=-score").json["data"]
    assert [row["model"] for row in by_score] == ["small@1", "small@1", "large@2", "small+large@3"]


def test_the_job_names_the_pair(client: FlaskClient, job: str) -> None:
    assert client.get(job).json["model"] == {"id": "small+large", "version": "3"}


def test_a_workbook_counts_who_answered(client: FlaskClient, job: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?lang=en").data))
    rows: list[tuple[object, ...]] = [row[:3] for row in book["summary"].iter_rows(values_only=True)]
    at = rows.index(("model", "rows", "share"))
    assert rows[at + 1 : at + 3] == [("large@2", 1, pytest.approx(1 / 3)), ("small@1", 2, pytest.approx(2 / 3))]
