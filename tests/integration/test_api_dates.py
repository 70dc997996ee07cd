"""Dates of rows from the file to the filters of every kind of results, through the API."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.types import ChunkRef, Outcome, Priority
from tests.support.jobs import answer_chunk

JOBS = "/api/v1/jobs"
DATES = ("2024-03-05 09:30", "2024/3/5 下午3点", "2024年3月6日", "", "2024-04-01", "昨天")
TABLE = (
    "\n".join(["评论,店,评价时间", *(f"第{n}条评论不错,{'南北'[n % 2]},{date}" for n, date in enumerate(DATES))]) + "\n"
)


def submitted(client: FlaskClient, data: str = TABLE, query: str = "keep_columns=true") -> Any:
    answer = client.post(f"{JOBS}?{query}", data=data.encode(), content_type="text/csv")
    assert answer.status_code in (200, 202), answer.json
    return answer.json


@pytest.fixture
def job(client: FlaskClient, bulk: BulkLane) -> str:
    """A job whose rows are negative and positive in turn; return its address."""
    found = submitted(client)["id"]
    answer_chunk(bulk, ChunkRef(found, 0, len(DATES)), [Outcome((0.9, 0.1) if n % 2 else (0.1, 0.9)) for n in range(6)])
    return f"{JOBS}/{found}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from=2024-03", [0, 1, 2, 4]),
        ("to=2024-03", [0, 1, 2]),
        ("from=2024-03-05&to=2024-03-05", [0, 1]),
        ("from=2024-03-05T15&to=2024-03-06", [1, 2]),
        ("from=2024-03-05T09:31&to=2024-03-05T15", [1]),
        ("from=2025", []),
        ("from=2024&label=negative&column=店&value=北", [1]),
        ("to=2024-03&contains=第2", [2]),
    ],
)
def test_rows_are_filtered_by_their_dates(client: FlaskClient, job: str, query: str, expected: list[int]) -> None:
    assert [row["index"] for row in client.get(f"{job}/results?{query}").json["data"]] == expected
    assert client.get(f"{job}/matches?{query}").json["matches"] == len(expected)
    lines = csv.DictReader(io.StringIO(client.get(f"{job}/results.csv?{query}&sort=score").data.decode("utf-8-sig")))
    assert sorted(int(line["index"]) for line in lines) == expected


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("from=last+week", "invalid_date", "/from"),
        ("to=2024-02-30", "invalid_date", "/to"),
        ("from=2024-03-05&to=2024-03-04", "invalid_date", "/to"),
        ("min_score=0.8&max_score=0.2", "empty_range", "/max_score"),
        ("from=2024&from=2025", "repeated_parameter", "/from"),
        ("from_=2024", "unknown_parameter", "/from_"),
    ],
)
def test_an_impossible_range_is_refused(client: FlaskClient, job: str, query: str, code: str, pointer: str) -> None:
    refused = client.get(f"{job}/results?{query}")
    assert refused.status_code == 422
    assert [(fault["code"], fault["pointer"]) for fault in refused.json["errors"]] == [(code, pointer)]


def test_a_job_without_dates_says_how_to_have_them(client: FlaskClient) -> None:
    found = submitted(client, "评论,店\n很好,南\n不好,北\n")
    assert found["file"]["date_column"] is None
    refused = client.get(f"{JOBS}/{found['id']}/results?from=2024")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_dates")
    assert "date_column" in refused.json["detail"]


def test_a_dry_run_and_an_upload_say_which_column_has_the_dates(client: FlaskClient) -> None:
    told = ("评价时间", 3, None)
    dry = submitted(client, query="dry_run=true")["format"]
    upload = client.post("/api/v1/uploads", data=TABLE.encode(), content_type="text/csv").json
    made = client.post(JOBS, json={"upload": upload["id"], "date_column": "3"}).json["file"]
    for found in (dry, upload["format"], made):
        assert (found["date_column"], found["date_number"], found["date_order"]) == told
        (note,) = [note for note in found["notes"] if note["code"] == "dates_unreadable"]
        assert note["facts"] == {"count": 1, "column": "评价时间", "example": "昨天", "line": 7}
        assert "2024-03-05 15:00" in note["detail"], "with the remedy"


def test_dates_whose_order_shows_late_are_told_apart_in_all_rows(client: FlaskClient, bulk: BulkLane) -> None:
    late = "评论,日期\n" + "".join(f"第{n}条评论不错,03/0{n}/2024\n" for n in range(1, 6)) + "很慢,03/25/2024\n"
    found = submitted(client, late)
    assert found["file"]["date_order"] == "month_first"
    answer_chunk(bulk, ChunkRef(found["id"], 0, 6), [Outcome((0.1, 0.9))] * 6)
    rows = client.get(f"{JOBS}/{found['id']}/results?from=2024-03-02&to=2024-03-25").json["data"]
    assert [row["index"] for row in rows] == [1, 2, 3, 4, 5]


def test_years_of_two_digits_whose_order_shows_late_are_right_in_all_rows(client: FlaskClient, bulk: BulkLane) -> None:
    late = "评论,日期\n" + "".join(f"第{n}条评论不错,24-05-0{n}\n" for n in range(1, 6)) + "很慢,24-05-31\n"
    found = submitted(client, late)
    assert found["file"]["date_order"] == "year_first"
    answer_chunk(bulk, ChunkRef(found["id"], 0, 6), [Outcome((0.1, 0.9))] * 6)
    rows = client.get(f"{JOBS}/{found['id']}/results?from=2024-05-02&to=2024-05-31").json["data"]
    assert [row["index"] for row in rows] == [1, 2, 3, 4, 5]


def test_a_file_of_months_has_a_timeline_of_months(client: FlaskClient, bulk: BulkLane) -> None:
    found = submitted(client, "评论,月份\n很好,2024年5月\n不好,2024年5月\n很慢,2024年6月\n")
    answer_chunk(bulk, ChunkRef(found["id"], 0, 3), [Outcome((0.1, 0.9))] * 3)
    line = client.get(f"{JOBS}/{found['id']}/timeline").json
    assert (line["step"], [(point["start"], point["rows"]) for point in line["points"]]) == (
        "month",
        [("2024-05", 2), ("2024-06", 1)],
    )


def test_the_year_of_dates_without_one_is_an_option(client: FlaskClient) -> None:
    table = "评论,日期\n很好,5月3日\n不好,12月28日\n"
    told = {note["code"]: note["detail"] for note in submitted(client, table)["file"]["notes"]}
    assert "date_year" in told["dates_without_year"], "with the remedy"
    upload = client.post("/api/v1/uploads", data=table.encode(), content_type="text/csv").json
    assert "date_year" in upload["options"]
    named = client.post(JOBS, json={"upload": upload["id"], "date_year": 2023}).json
    assert [note["code"] for note in named["file"]["notes"]] == ["date_column_recognised"]
    refused = client.post(f"{JOBS}?date_year=23", data=table.encode(), content_type="text/csv")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/date_year")


ITEMS = [
    {"text": "很好", "date": "2024-03-05"},
    {"text": "不好", "date": "2024-03-12 18:30"},
    {"text": "还行"},
    {"text": "很慢", "date": "2024-03-12T18:45+08:00"},
]


@pytest.mark.parametrize("priority", ["normal", "low"])
def test_items_of_a_json_body_have_dates(
    client: FlaskClient, bulk: BulkLane, answer_interactive: Callable[[], int], priority: str
) -> None:
    job = client.post(JOBS, json={"items": ITEMS, "priority": priority}).json
    address = f"{JOBS}/{job['id']}"
    assert "timeline" in job["links"]
    if priority == "low":
        answer_chunk(bulk, ChunkRef(job["id"], 0, 4, Priority.LOW.level), [Outcome((0.25, 0.75))] * 4)
    else:
        answer_interactive()
    line = client.get(f"{address}/timeline?step=week").json
    assert [(point["start"], point["rows"]) for point in line["points"]] == [("2024-03-04", 1), ("2024-03-11", 2)]
    assert line["undated"]["positive"] == 1
    rows = client.get(f"{address}/results?from=2024-03-12").json["data"]
    assert [row["index"] for row in rows] == [1, 3]
    crossed = client.get(f"{address}/cross?rows=week&columns=label").json
    assert [side["value"] for side in crossed["rows"]] == ["2024-03-04", "2024-03-11", ""]


@pytest.mark.parametrize("date", ["5.3.2024", "", "2024-02-30", "9999-01-01", "24-03-05"])
def test_a_date_of_an_item_that_is_none_is_refused_with_its_place(client: FlaskClient, date: str) -> None:
    refused = client.post(JOBS, json={"items": [{"text": "很好"}, {"text": "不好", "date": date}]})
    assert refused.status_code == 422
    (fault,) = refused.json["errors"]
    assert (fault["code"], fault["pointer"]) == ("invalid_date", "/items/1/date")
    assert "2024-03-05 15:00" in fault["detail"]


def test_a_workbook_of_all_rows_stays_limited_also_where_dates_have_an_order(
    client: FlaskClient, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = submitted(client, "评论,日期\n很好,03/25/2024\n不好,03/26/2024\n")
    answer_chunk(bulk, ChunkRef(found["id"], 0, 2), [Outcome((0.1, 0.9))] * 2)
    services = client.application.extensions["sentiq"]
    few = services.settings.model_copy(update={"max_xlsx_rows": 1})
    monkeypatch.setitem(client.application.extensions, "sentiq", replace(services, settings=few))
    refused = client.get(f"{JOBS}/{found['id']}/results.xlsx")
    assert (refused.status_code, refused.json["code"]) == (422, "workbook_too_large")
    assert client.get(f"{JOBS}/{found['id']}/results.xlsx?to=2024-03-25").status_code == 200
