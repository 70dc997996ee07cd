"""The sheets of a workbook that say what people say, of a job of invented reviews, read back by openpyxl."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from openpyxl.workbook import Workbook

from api.export.workbook import file as workbook_file
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from tests.support.reviews import SHOPS, reviewed

JOBS = "/api/v1/jobs"
SHEETS = {
    "en": (
        *("results", "summary", "What to mend first", "Aspects", "Top texts", "Over time", "groups"),
        *("groups and aspects", "What negative texts say"),
    ),
    "zh": (
        *("结果", "汇总", "最该先改的", "各方面", "典型文本", "随时间变化", "分组", "分组与各方面"),
        "消极文本说了什么",
    ),
}


def charts(sheet: Any) -> list[Any]:
    """Return the charts of a sheet, for which openpyxl has no public name."""
    found: list[Any] = sheet._charts
    return found


def opened(client: FlaskClient, job_id: str, **query: str) -> Workbook:
    answer = client.get(f"{JOBS}/{job_id}/results.xlsx", query_string=query)
    assert answer.status_code == 200, answer.json
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def table(book: Workbook, name: str) -> list[dict[str, Any]]:
    """Return the rows of a sheet by their headings, up to the first blank one."""
    headings, *rows = book[name].iter_rows(values_only=True)
    found = []
    for row in rows:
        if not any(value is not None for value in row):
            break
        found.append(dict(zip(map(str, headings), row, strict=True)))
    return found


APART, HERE = 0, 1_000  #: rows up to which a workbook is written in the API, not in a process of its own


@pytest.fixture
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_file, "SMALL_ROWS", request.param)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("place", "language"),
    [
        (APART, "zh"),
        (HERE, "en"),
        pytest.param(APART, "en", marks=pytest.mark.full),
        pytest.param(HERE, "zh", marks=pytest.mark.full),
    ],
    indirect=["place"],
)
def test_sheets_are_those_of_what_the_job_has_and_their_charts_show_rows(
    client: FlaskClient, store: JobStore, bulk: BulkLane, language: str
) -> None:
    book = opened(client, reviewed(store, bulk), lang=language)
    assert tuple(book.sheetnames) == SHEETS[language]
    charted = {sheet.title: len(charts(sheet)) for sheet in book.worksheets}
    assert [charted[name] for name in SHEETS[language]] == [0, 1, 0, 1, 0, 1, 1, 0, 1]
    for sheet in book.worksheets[2:]:
        for chart in charts(sheet):
            for series in chart.series:
                values = next(iter(book[sheet.title][series.val.numRef.f.rpartition("!")[2].replace("$", "")]))
                assert isinstance(values[0].value, int | float), "a chart of numbers"


def test_numbers_are_those_of_the_answers(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    book = opened(client, job_id, lang="en")
    first = client.get(f"{JOBS}/{job_id}/findings").json["data"][0]
    mend = table(book, "What to mend first")
    assert (mend[0]["what"], mend[0]["negative rows"], mend[0]["rows"]) == ("物流", first["negative"], first["rows"])
    assert mend[0]["share of negative"] == first["share"]["value"]
    assert [row["example"] for row in mend[:3]] == [example["text"] for example in first["examples"]]
    aspects = client.get(f"{JOBS}/{job_id}/aspects").json["data"]
    assert [(row["aspect"], row["negative"], row["positive"]) for row in table(book, "Aspects")] == [
        (aspect["aspect"], aspect["counts"]["negative"], aspect["counts"]["positive"]) for aspect in aspects
    ]
    assert {row["aspect"] for row in table(book, "Top texts")} == {"质量", "物流", "客服"}
    points = client.get(f"{JOBS}/{job_id}/timeline").json["points"]
    over_time = table(book, "Over time")
    assert [(row["begins"], row["rows"], row["share of negative"]) for row in over_time] == [
        (point["start"], point["rows"], point["shares"]["negative"]["value"]) for point in points
    ]
    assert sum(row["mark"] is not None for row in over_time) == sum(bool(point["changes"]) for point in points) > 0
    groups = {row["店铺"]: row for row in table(book, "groups")}
    query = {"column": "店铺", "value": SHOPS[0]}
    shop = {
        label: client.get(f"{JOBS}/{job_id}/matches", query_string=query | {"label": label}).json["matches"]
        for label in ("negative", "positive")
    }
    assert groups[SHOPS[0]]["share of negative"] == pytest.approx(shop["negative"] / sum(shop.values()), abs=1e-5)
    phrases = client.get(f"{JOBS}/{job_id}/phrases?label=negative").json["data"]
    assert [row["phrase"] for row in table(book, "What negative texts say")] == [each["phrase"] for each in phrases]


@pytest.mark.parametrize(
    ("query", "sheet_rows"),
    [({}, 1_000), ({"column": "店铺", "value": SHOPS[0]}, 1_000), ({"sort": "polarity"}, 1_000), ({}, 200)],
    ids=["all", "filtered", "sorted", "on several sheets"],
)
def test_top_texts_name_the_rows_of_the_workbook(
    client: FlaskClient,
    store: JobStore,
    bulk: BulkLane,
    monkeypatch: pytest.MonkeyPatch,
    query: dict[str, str],
    sheet_rows: int,
) -> None:
    monkeypatch.setattr(workbook_file.workbook, "__defaults__", (sheet_rows, None))
    book = opened(client, reviewed(store, bulk), lang="en", include="columns", **query)
    texts = table(book, "Top texts")
    assert texts
    sheets = set()
    for row in texts:
        name, _, number = str(row["row"]).rpartition(": ")
        sheets.add(name)
        line = [cell.value for cell in book[name or "results"][int(number)]]
        assert row["text"] in line, "a person who goes there finds the text"
    assert (len(sheets) > 1) is (sheet_rows == 200)


def test_cells_of_groups_and_aspects_are_those_of_cross(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    sheet = opened(client, job_id, lang="en")["groups and aspects"]
    crossed = client.get(f"{JOBS}/{job_id}/cross?rows=店铺&columns=aspect").json
    lines = list(sheet.iter_rows(values_only=True))
    assert list(lines[0][1:]) == [column["value"] for column in crossed["columns"]]
    count = len(crossed["rows"])
    for group, line, cells in zip(crossed["rows"], lines[1:], crossed["cells"], strict=False):
        assert line == (group["value"], *(cell["shares"]["negative"]["value"] for cell in cells))
    for line, cells in zip(lines[count + 3 :], crossed["cells"], strict=True):
        assert line[1:] == tuple(cell["rows"] for cell in cells)
    assert len(sheet.conditional_formatting) == 1


def test_workbook_has_no_sheets_that_it_has_no_rows_for(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    plain = reviewed(store, bulk, aspects=None, file=None)
    assert opened(client, plain, lang="en").sheetnames == ["results", "summary"]
    query = {"contains": "没有这样的词", "by": "店铺"}
    nothing = opened(client, reviewed(store, bulk), lang="en", **query).sheetnames
    assert nothing == ["results", "summary"]
    dated = opened(client, reviewed(store, bulk, aspects=None), lang="en").sheetnames
    assert [name for name in dated if "spect" in name or "Top" in name] == []
    assert {"Over time", "groups", "What negative texts say"} <= set(dated)
    job_id = reviewed(store, bulk)
    for query in ({"report": "false"}, {"label": "negative"}, {"aspect": "物流"}, {"min_score": "0.6"}):
        assert opened(client, job_id, lang="en", **query).sheetnames == ["results", "summary"], query


def test_filters_and_the_column_are_those_of_the_rows(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    book = opened(client, job_id, lang="en", by="店铺", column="店铺", value=SHOPS[1])
    assert [row["店铺"] for row in table(book, "groups")] == [SHOPS[1]]
    rows = len(list(book["results"].iter_rows())) - 1
    assert sum(row["rows"] for row in table(book, "Over time")) == rows


def test_part_of_a_workbook_with_a_report_is_a_part_of_the_whole(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    address = f"{JOBS}/{reviewed(store, bulk)}/results.xlsx"
    whole = client.get(address)
    part = client.get(address, headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.data) == (206, whole.data[1000:])
    assert client.get(f"{address}?report=false").headers["ETag"] != whole.headers["ETag"]
