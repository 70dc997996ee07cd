"""Two things crossed: the cells have the counts of their rows, and each leads to them."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.export import cross
from sentiq.aspects.sets import Aspect, AspectSet
from sentiq.jobs.dates import minutes_of
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import AspectOutcome, FileFormat, InputChunk, JobOptions, Outcome
from tests.support.jobs import FAILED, POSITIVE, answer_chunk, create_job

FILE = FileFormat(
    *("a.csv", "csv"), text_column="评论", text_number=2, columns=("店", "评论", "城市", "label"), date_number=5
)
ASPECTS = AspectSet("test", "", (Aspect("物流", ("快递",)), Aspect("包装", ("盒子",)), Aspect("价格", ("贵",))))
SHOPS = ("南山", "福田", "宝安", "")
CITIES = ("北京", "上海")
START = datetime(2024, 1, 1)  # noqa: DTZ001  # as a file has it
CHUNK = 64


def job_of(store: JobStore, bulk: BulkLane, rows: int = 200) -> str:
    """Make a job of rows with shops, cities, dates and aspects, and answer it; return its address."""
    dice = random.Random(3)
    chunks = []
    for first in range(0, rows, CHUNK):
        numbers = range(first, min(first + CHUNK, rows))
        cells = tuple((SHOPS[min(dice.randrange(5), 3)], dice.choice(CITIES), str(n % 7)) for n in numbers)
        when = tuple(
            None if n % 11 == 0 else minutes_of(START + timedelta(hours=dice.randrange(24 * 100))) for n in numbers
        )
        languages = tuple(("zh", "ja", "")[n % 3] for n in numbers)
        texts = tuple(f"文{n}" for n in numbers)
        chunks.append(InputChunk(first, texts, cells=cells, when=when, languages=languages))
    options = JobOptions(keep_columns=True, aspects=ASPECTS.dumps(), has_languages=True)
    job, issued = create_job(store, *chunks, options=options, file=FILE)
    while issued:
        ref = issued.pop(0)
        issued += answer_chunk(bulk, ref, [_outcome(dice) for _ in range(ref.rows)])
    return f"/api/v1/jobs/{job.id}"


def _outcome(dice: random.Random) -> Outcome:
    if dice.random() < 0.1:
        return FAILED
    chosen = sorted(dice.sample(range(3), dice.randrange(4)))
    mentions = tuple(AspectOutcome(aspect, dice.choice(((0.9, 0.1), (0.2, 0.8))), 0, 1) for aspect in chosen)
    return Outcome(dice.choice(((0.9, 0.1), (0.2, 0.8))), aspects=mentions)


def read(client: FlaskClient, job: str, query: str) -> Any:
    answer = client.get(f"{job}/cross?{query}")
    assert answer.status_code == 200, answer.json
    return answer.json


SIDES = ("店", "3", "4", "week", "label", "language", "aspect")


@pytest.mark.parametrize(("rows", "columns"), list(combinations(SIDES, 2)))
def test_every_cell_leads_to_its_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane, rows: str, columns: str
) -> None:
    job = job_of(store, bulk)
    for more in ([], [("column", "城市"), ("value", "北京")]):
        query = "&".join(f"{name}={value}" for name, value in more)
        found = read(client, job, f"rows={rows}&columns={columns}&{query}")
        assert found["counted"] == ("mentions" if "aspect" in (rows, columns) else "rows")
        assert found["total"] == sum(cell["rows"] for line in found["cells"] for cell in line) > 0
        for row, line in zip(found["rows"], found["cells"], strict=True):
            assert row["rows"] == sum(cell["rows"] for cell in line)
            for column, cell in zip(found["columns"], line, strict=True):
                assert cell["rows"] == sum(cell["counts"].values())
                if row["parameters"] is None or column["parameters"] is None:
                    assert "" in (row["value"], column["value"]), "rows without a date or a language"
                    continue
                asked = [*more, *row["parameters"].items(), *column["parameters"].items()]
                assert client.get(f"{job}/matches", query_string=asked).json["matches"] == cell["rows"], asked


@pytest.mark.parametrize(
    "query", ["label=negative", "min_score=0.85", "label=positive&max_score=0.85&column=城市&value=北京"]
)
def test_labels_and_scores_choose_what_is_said_of_an_aspect(
    client: FlaskClient, store: JobStore, bulk: BulkLane, query: str
) -> None:
    job = job_of(store, bulk)
    found = read(client, job, f"rows=店&columns=aspect&{query}")
    assert found["total"] == sum(cell["rows"] for line in found["cells"] for cell in line) > 0
    more = [tuple(part.split("=")) for part in query.split("&")]
    for row, line in zip(found["rows"], found["cells"], strict=True):
        for column, cell in zip(found["columns"], line, strict=True):
            asked = [*more, *row["parameters"].items(), *column["parameters"].items()]
            assert client.get(f"{job}/matches", query_string=asked).json["matches"] == cell["rows"], asked


def test_a_period_that_a_filter_cuts_leads_to_its_rows(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = job_of(store, bulk)
    whole = read(client, job, "rows=店&columns=week")["columns"]
    since, until = whole[0]["parameters"]["to"], whole[-2]["parameters"]["from"]
    found = read(client, job, f"rows=店&columns=week&from={since}&to={until}")
    assert found["columns"][0]["parameters"] == {"from": since, "to": since}
    for row, line in zip(found["rows"], found["cells"], strict=True):
        for column, cell in zip(found["columns"], line, strict=True):
            asked = [*row["parameters"].items(), *column["parameters"].items()]
            assert client.get(f"{job}/matches", query_string=asked).json["matches"] == cell["rows"], asked


def test_a_cell_has_counts_and_shares_of_its_labels(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = job_of(store, bulk)
    found = read(client, job, "rows=店&columns=城市")
    summary = client.get(f"{job}/summary?by=店").json["groups"]
    assert [(row["value"], row["rows"]) for row in found["rows"]] == [(g["value"], g["rows"]) for g in summary]
    for group, line in zip(summary, found["cells"], strict=True):
        for label, count in group["counts"].items():
            assert sum(cell["counts"].get(label, 0) for cell in line) == count
    for cell in (cell for line in found["cells"] for cell in line):
        labelled = cell["counts"]["negative"] + cell["counts"]["positive"]
        share = cell["shares"]["negative"]
        assert share["value"] == pytest.approx(cell["counts"]["negative"] / labelled, abs=1e-5)
        assert share["low"] <= share["value"] <= share["high"]


def test_aspects_have_labels_of_their_own(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = job_of(store, bulk)
    found = read(client, job, "rows=aspect&columns=城市")
    assert {row["value"] for row in found["rows"]} == {"物流", "包装", "价格"}
    for row, line in zip(found["rows"], found["cells"], strict=True):
        for column, cell in zip(found["columns"], line, strict=True):
            asked = {**row["parameters"], **column["parameters"], "label": "negative"}
            assert client.get(f"{job}/matches", query_string=asked).json["matches"] == cell["counts"]["negative"]


def test_a_timeline_of_an_aspect_has_its_labels(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = job_of(store, bulk)
    for point in client.get(f"{job}/timeline?step=month&aspect=物流").json["points"]:
        asked = {"aspect": "物流", "label": "negative", "from": point["start"], "to": point["end"]}
        assert client.get(f"{job}/matches", query_string=asked).json["matches"] == point["counts"]["negative"]
        assert point["counts"]["failed"] == 0, "a row that failed speaks of nothing"


def test_periods_stand_in_order_of_time_and_others_by_size(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    found = read(client, job_of(store, bulk), "rows=店&columns=month")
    months = [column["value"] for column in found["columns"]]
    assert months == ["2024-01", "2024-02", "2024-03", "2024-04", ""]
    sizes = [row["rows"] for row in found["rows"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("most_counted", [100_000, 20])
def test_what_is_not_among_the_largest_is_one(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch, most_counted: int
) -> None:
    """Also where there are too many different values to count each: the counts are the same."""
    monkeypatch.setattr(cross, "MOST_COUNTED", most_counted)
    job = job_of(store, bulk)
    found = read(client, job, "rows=店&columns=4&limit=2")
    assert [row["value"] for row in found["rows"]][2:] == [None]
    assert len(found["columns"]) == 3
    whole = read(client, job, "rows=店&columns=4&limit=50")
    assert [row["rows"] for row in found["rows"][:2]] == [row["rows"] for row in whole["rows"][:2]]
    assert found["rows"][2]["rows"] == sum(row["rows"] for row in whole["rows"][2:])
    assert found["cells"][0][0]["rows"] == whole["cells"][0][0]["rows"]
    assert found["total"] == whole["total"] == 200


def test_values_without_end_take_little_memory(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cross, "MOST_COUNTED", 20)
    monkeypatch.setattr(cross, "OPENED", 30)
    found = read(client, job_of(store, bulk), "rows=评论&columns=城市&limit=50")
    assert found["total"] == 200
    assert [row["rows"] for row in found["rows"]] == [1] * 30 + [170]


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("rows=店&columns=省", "unknown_column", "/columns"),
        ("rows=店&columns=1", "same_twice", "/columns"),
        ("rows=month&columns=week", "same_twice", "/columns"),
        ("rows=店", "missing", "/columns"),
        ("rows=店&columns=城市&limit=51", "less_than_equal", "/limit"),
    ],
)
def test_what_cannot_be_crossed_is_refused(
    client: FlaskClient, store: JobStore, bulk: BulkLane, query: str, code: str, pointer: str
) -> None:
    refused = client.get(f"{job_of(store, bulk, rows=5)}/cross?{query}")
    assert refused.status_code == 422
    assert [(fault["code"], fault["pointer"]) for fault in refused.json["errors"]] == [(code, pointer)]


@pytest.mark.parametrize("heading", ["language", "spoken"])
def test_a_column_called_language_is_crossed_where_rows_have_no_languages(
    client: FlaskClient, store: JobStore, bulk: BulkLane, heading: str
) -> None:
    rows = InputChunk(0, ("好", "差"), cells=(("Python",), ("C",)))
    file = FileFormat("a.csv", "csv", text_column="text", text_number=1, columns=("text", heading))
    job, [ref] = create_job(store, rows, options=JobOptions(keep_columns=True), file=file)
    answer_chunk(bulk, ref, [POSITIVE] * 2)
    answer = client.get(f"/api/v1/jobs/{job.id}/cross?rows=language&columns=label")
    if heading == "language":
        assert {row["value"] for row in answer.json["rows"]} == {"Python", "C"}
    else:
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "no_languages")


@pytest.mark.parametrize(
    ("rows", "code"),
    [("1", "no_columns"), ("week", "no_dates"), ("aspect", "no_aspects"), ("language", "no_languages")],
)
def test_a_job_without_them_says_how_to_have_them(client: FlaskClient, rows: str, code: str) -> None:
    job = client.post("/api/v1/jobs", json={"texts": ["好"]}).json["id"]
    refused = client.get(f"/api/v1/jobs/{job}/cross?rows={rows}&columns=label")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, code)
    assert refused.json["errors"][0]["pointer"] == "/rows"
