"""Results as a workbook: what was in the file comes back as it was, then what was found, in the reader's language."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any, Literal
from urllib.parse import unquote

import openpyxl
import pandas
import pytest
from flask.testing import FlaskClient
from openpyxl.workbook import Workbook

from api.export.rows import View
from api.export.workbook import file
from api.ingest.files import File
from api.ingest.limits import limits
from api.ingest.options import Reading
from sentiq.core.errors import JobNotFound
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, FileFormat, InputChunk, Outcome
from tests.support.jobs import answer_with, claim, create_job

Answer = Callable[[str, int, int], None]
Table = list[tuple[Any, ...]]

moment = dt.datetime.fromisoformat

TYPED: list[list[Any]] = [
    ["单号", "评分", "价格", "日期", "时间", "时长", "到店", "会员", "评论"],
    ["007", 5, 12.5, moment("2026-01-31"), moment("2026-01-31T08:05:09"), dt.timedelta(hours=26, minutes=3),
     dt.time(9, 30), True, "味道不错"],
    ["123456789012345678", -3, 1 / 3, None, None, None, None, False, "=1+1 太慢了"],
]  # fmt: skip


@pytest.fixture
def api_settings(api_settings: Settings) -> Settings:
    return api_settings.model_copy(update={"max_text_chars": 100_000, "chunk_chars": 500_000})


@pytest.fixture(params=["here", "apart"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write every workbook in this process, then in one of its own."""
    monkeypatch.setattr(file, "SMALL_ROWS", 1_000 if request.param == "here" else 0)


@pytest.fixture
def answer_bulk(bulk: BulkLane) -> Answer:
    """Answer one chunk: all rows that could be read are positive."""

    def answer(job_id: str, chunk_no: int, rows: int) -> None:
        opened = claim(bulk, ChunkRef(job_id, chunk_no, rows))
        errors = opened.input.errors
        outcomes = [Outcome(error=errors[n]) if n in errors else Outcome((0.2, 0.8)) for n in range(rows)]
        bulk.record([answer_with(opened, outcomes, model="m@3")])

    return answer


def saved(rows: Sequence[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def finished(client: FlaskClient, answer_bulk: Answer, name: str, data: bytes, rows: int, **options: str) -> str:
    """A job of a file with all its rows answered: its address."""
    form = {"keep_columns": "true"} | options | {"file": (io.BytesIO(data), name)}
    made = client.post("/api/v1/jobs", data=form).json
    answer_bulk(made["id"], 0, rows)
    return f"/api/v1/jobs/{made['id']}"


def opened(client: FlaskClient, job: str, query: str = "include=text,columns", **headers: str) -> Workbook:
    answer = client.get(f"{job}/results.xlsx?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def table(book: Workbook, sheet: int = 0) -> Table:
    return list(book.worksheets[sheet].iter_rows(values_only=True))


@pytest.mark.parametrize("engine", ["openpyxl", "calamine"])
def test_the_first_sheet_has_the_rows(
    client: FlaskClient, answer_bulk: Answer, engine: Literal["openpyxl", "calamine"]
) -> None:
    job = finished(client, answer_bulk, "评论.xlsx", saved(TYPED), 2)
    data = client.get(f"{job}/results.xlsx?include=columns").data
    frame = pandas.read_excel(io.BytesIO(data), dtype={"单号": str}, engine=engine)
    assert list(frame.columns) == [*TYPED[0], "label", "score", "note"]
    assert list(frame["评论"]) == ["味道不错", "=1+1 太慢了"]
    assert list(frame["单号"]) == ["007", "123456789012345678"]
    assert frame["评分"].sum() == 2


@pytest.mark.usefixtures("place")
def test_cells_of_a_workbook_come_back_as_they_were(client: FlaskClient, answer_bulk: Answer) -> None:
    job = finished(client, answer_bulk, "评论.xlsx", saved(TYPED), 2)
    back = [list(row[: len(TYPED[0])]) for row in table(opened(client, job))]
    assert back == TYPED
    kinds = [[type(value) for value in row] for row in back]
    assert kinds == [[type(value) for value in row] for row in TYPED]
    cells = opened(client, job).worksheets[0][2]
    assert cells[3].number_format == "yyyy-mm-dd"
    assert cells[4].number_format == "yyyy-mm-dd hh:mm:ss"


def test_a_number_that_a_spreadsheet_could_not_hold_is_a_text(client: FlaskClient, answer_bulk: Answer) -> None:
    rows: list[list[Any]] = [
        ["id", "text"],
        [1234567890123456, "好"],
        [123456789012345, "好"],
        [1e20, "好"],
        [float(10), "好"],
    ]
    job = finished(client, answer_bulk, "a.xlsx", saved(rows), 4)
    found = [row[0] for row in table(opened(client, job))[1:]]
    assert found == ["1234567890123456", 123456789012345, "100000000000000000000", 10]


@pytest.mark.parametrize(
    ("cell", "value", "shown"),
    [
        ("5", 5, "General"),
        ("-12.5", -12.5, "General"),
        ("4.50", 4.5, "0.00"),
        ("13800138000", 13_800_138_000, "General"),
        ("123456789012", 123_456_789_012, "0"),
        ("2026-01-31", moment("2026-01-31"), "yyyy-mm-dd"),
        ("2026-01-31 08:05", moment("2026-01-31T08:05"), "yyyy-mm-dd hh:mm"),
        ("2026-01-31T08:05:09", moment("2026-01-31T08:05:09"), 'yyyy-mm-dd"T"hh:mm:ss'),
        *((text, text, "General") for text in ("007", "-0", "-0.0", "+1", "1e5", "1.", ".5", "1,000", "12%", "５")),
        *((text, text, "General") for text in ("1234567890123456", "0.1234567890123456", "TRUE", "2026/1/31")),
        *((text, text, "General") for text in ("2026-02-30", "1899-12-31", "2026-01-31T08:05:09Z", "08:05")),
    ],
)
def test_of_other_files_only_what_is_certain_is_no_text(
    client: FlaskClient, answer_bulk: Answer, cell: str, value: object, shown: str
) -> None:
    rows = as_csv("id,评论,值", f'"{cell}","{cell}","{cell}"', "2,很好,x")
    job = finished(client, answer_bulk, "a.csv", rows, 2, text_column="评论", id_column="id")
    id_, text, found = opened(client, job).worksheets[0][2][:3]
    assert (found.value, type(found.value), found.number_format) == (value, type(value), shown)
    assert (id_.value, text.value) == (cell, cell), "an id is a name, and a text is a text"


def test_a_job_of_an_older_version_has_texts(
    client: FlaskClient, answer_bulk: Answer, store: JobStore, bulk: BulkLane
) -> None:
    file = FileFormat("a.xlsx", "xlsx", text_column="text", text_number=1, columns=("text", "评分"))
    job, _ = create_job(store, InputChunk(0, ("好",), cells=(("5",),)), file=file)
    answer_bulk(job.id, 0, 1)
    assert table(opened(client, f"/api/v1/jobs/{job.id}"))[1][:2] == ("好", "5")


@pytest.mark.parametrize(
    ("query", "accepted", "headings", "label", "sheets"),
    [
        ("&lang=zh", "en", ("情感", "置信度", "备注"), "积极", ["结果", "汇总"]),
        ("&lang=en", "zh-CN", ("label", "score", "note"), "positive", ["results", "summary"]),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", ("情感", "置信度", "备注"), "积极", ["结果", "汇总"]),
        ("", "fr", ("label", "score", "note"), "positive", ["results", "summary"]),
    ],
)
def test_what_was_found_comes_last_and_in_the_language_of_the_reader(
    client: FlaskClient,
    answer_bulk: Answer,
    query: str,
    accepted: str,
    headings: tuple[str, ...],
    label: str,
    sheets: list[str],
) -> None:
    job = finished(client, answer_bulk, "a.csv", as_csv("评论,店", "很好,一店", ",二店"), 2)
    answer = client.get(f"{job}/results.xlsx?include=text,columns{query}", headers={"Accept-Language": accepted})
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == sheets
    heading, first, second = table(book)
    assert heading == ("评论", "店", *headings)
    assert first == ("很好", "一店", label, 0.8, None)
    assert second[:4] == (None, "二店", None, None)
    assert second[4] == ("第 3 行：没有文本" if label == "积极" else "Line 3: The text is empty or blank.")
    assert "Accept-Language" in answer.headers["Vary"]


def test_without_columns_a_row_has_its_number_id_and_text(client: FlaskClient, answer_bulk: Answer) -> None:
    job = finished(client, answer_bulk, "a.csv", as_csv("id,评论", "7,很好"), 1, keep_columns="false")
    assert table(opened(client, job, "include=text")) == [
        ("index", "custom_id", "text", "label", "score", "note"),
        (0, "7", "很好", "positive", 0.8, None),
    ]
    assert table(opened(client, job, "include=text&lang=zh"))[0][:3] == ("序号", "编号", "文本")
    lines = finished(client, answer_bulk, "a.txt", "很好\n".encode(), 1, keep_columns="false")
    assert table(opened(client, lines, ""))[0] == ("index", "label", "score", "note")


@pytest.mark.usefixtures("place")
def test_the_summary_has_a_table_by_the_chosen_column(client: FlaskClient, answer_bulk: Answer) -> None:
    rows = as_csv("评论,星级,店", "很好,5,一店", "不错,5,一店", ",5,二店", "行,3,")
    job = finished(client, answer_bulk, "a.csv", rows, 4)
    found = table(opened(client, job, "include=columns&by=星级"), 1)
    assert found[3:8] == [
        ("label", "rows", "share", *[None] * 3),
        ("positive", 3, 1, *[None] * 3),
        ("failed", 0, 0, *[None] * 3),
        ("without text", 1, 0.25, *[None] * 3),
        ("all", 4, 1, *[None] * 3),
    ]
    at = next(n for n, row in enumerate(found) if row[0] == "星级")
    assert found[at:] == [
        ("星级", "rows", "positive", "failed", "without text", "share of positive"),
        (5, 3, 2, 0, 1, 1),
        (3, 1, 1, 0, 0, 1),
    ]
    chosen = table(opened(client, job, "by=3&lang=zh&only=without_text"), 1)
    assert chosen[-1] == ("二店", 1, 0, 1), "of the rows that are in the file"
    assert table(opened(client, job, "by=店"), 1)[-2][0] == "(empty)"
    assert client.get(f"{job}/results.xlsx?by=城市").json["errors"][0]["code"] == "unknown_column"


def test_a_column_cannot_be_chosen_where_none_was_kept(client: FlaskClient, answer_bulk: Answer) -> None:
    job = finished(client, answer_bulk, "a.csv", as_csv("评论,星级", "很好,5"), 1, keep_columns="false")
    refused = client.get(f"{job}/results.xlsx?by=星级")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_columns")
    assert client.get(f"{job}/results.xlsx?lang=fr").status_code == 422


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("reviews.xlsx", "reviews.results.xlsx"),
        ("评论 七月.csv.gz", "评论 七月.results.xlsx"),
        ("data/v1.2.TXT", "v1.2.results.xlsx"),
        ("C:\\files\\a'b\"(1).csv", "a'b\"(1).results.xlsx"),
        ("评" * 150 + ".csv", "评" * 80 + ".results.xlsx"),
        (".csv", None),
    ],
)
def test_the_file_has_the_name_of_the_job_without_its_ending(
    client: FlaskClient, answer_bulk: Answer, name: str, file: str | None
) -> None:
    made = client.post(
        "/api/v1/jobs", query_string={"name": name}, data=as_csv("text", "好"), headers={"Content-Type": "text/csv"}
    ).json
    answer_bulk(made["id"], 0, 1)
    file = file or f"{made['id']}.results.xlsx"
    for kind in ("xlsx", "csv", "json", "ndjson"):
        disposition = client.get(f"/api/v1/jobs/{made['id']}/results.{kind}").headers["Content-Disposition"]
        found = re.fullmatch(r"attachment; filename=\"([A-Za-z0-9._ -]+)\"; filename\*=UTF-8''([!-~]+)", disposition)
        assert found, disposition
        assert unquote(found[2]) == file.replace(".xlsx", f".{kind}")
        assert not set(found[2]) & set("'()*\"\\,; "), "RFC 8187, 3.2.1"
        assert found[1].endswith(f".results.{kind}")


ODD = (
    "<r>很好</r>",
    "<r><t>a</t></r>",
    "<b>好</b> & 便宜 &amp; &#10;",
    "  前后有空格  ",
    "第一行\r\n第二行\r第三行\n",
    "字面_x0041_x0042_",
    "😀 表情",
    "=HYPERLINK(1)",
    "http://example.com",
    "{=1}",
    "长" * 9_000,
)


@pytest.mark.usefixtures("place")
def test_every_text_survives(client: FlaskClient, answer_bulk: Answer, api_settings: Settings) -> None:
    body = b"".join(b'"%s"\n' % text.replace('"', '""').encode() for text in ("text", *ODD))
    job = finished(client, answer_bulk, "a.csv", body, len(ODD))
    data = client.get(f"{job}/results.xlsx?include=columns").data
    texts = [row[0] for row in table(openpyxl.load_workbook(io.BytesIO(data)))[1:]]
    assert texts == list(ODD)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"inlineStr" not in archive.read("xl/worksheets/sheet1.xml")
        assert archive.namelist()[0] == "[Content_Types].xml", "by which programs tell a workbook from any archive"
    with File(iter([data]), Reading(), limits(api_settings)) as again:
        rows = [row.text for row in again.rows()]
    assert rows == list(ODD), "sent again, it is read as it is"


def test_a_text_is_cut_where_a_cell_ends_and_says_so(client: FlaskClient, answer_bulk: Answer) -> None:
    whole, long, faces = "长" * 32_767, "长" * 32_768, "好" + "😀" * 16_384
    job = finished(client, answer_bulk, "a.csv", as_csv("评论", whole, long, faces), 3)
    _, first, second, third = table(opened(client, job))
    assert (first[0], first[3]) == (whole, None)
    assert second[0] == "长" * 32_766 + "…"
    assert third[0] == "好" + "😀" * 16_382 + "…", "no half of a character is left"
    assert second[3] == third[3] == "评论: cut at 32,767 characters, the limit of a cell"
    assert "32,767" in table(opened(client, job, "include=columns&lang=zh"))[2][3]


def test_headings_differ(client: FlaskClient, answer_bulk: Answer) -> None:
    job = finished(client, answer_bulk, "a.csv", as_csv("评论,Label,店,店,", "很好,1,2,3,4"), 1, text_column="评论")
    assert table(opened(client, job))[0] == ("评论", "Label", "店", "店 (2)", "column 5", "label (2)", "score", "note")


def test_own_results_can_be_sent_again(client: FlaskClient, answer_bulk: Answer) -> None:
    job = finished(client, answer_bulk, "a.xlsx", saved(TYPED), 2)
    for lang in ("en", "zh"):
        data = client.get(f"{job}/results.xlsx?include=columns&lang={lang}&by=会员").data
        again = finished(client, answer_bulk, "a.results.xlsx", data, 2)
        assert client.get(again).json["file"]["text_column"] == "评论"
        assert [row[: len(TYPED[0])] for row in table(opened(client, again))] == [tuple(row) for row in TYPED]


def test_the_texts_of_several_columns_are_joined_and_all_columns_come_back(
    client: FlaskClient, answer_bulk: Answer
) -> None:
    data = as_csv("编号,评价,追评,星", "a1,很好,洗了缩水,5", "a2,一般,,3")
    form = {"keep_columns": "true", "text_column": ["评价", "追评"], "file": (io.BytesIO(data), "a.csv")}
    made = client.post("/api/v1/jobs", data=form).json
    answer_bulk(made["id"], 0, 2)
    job = f"/api/v1/jobs/{made['id']}"
    assert client.get(job).json["file"]["text_numbers"] == [2, 3]
    found = client.get(f"{job}/results?include=text,columns&column=星&value=5").json["data"]
    assert [(row["text"], row["columns"]) for row in found] == [
        ("很好\n洗了缩水", [["编号", "a1"], ["评价", "很好"], ["追评", "洗了缩水"], ["星", "5"]])
    ]
    assert [row[:4] for row in table(opened(client, job))] == [
        ("编号", "评价", "追评", "星"),
        ("a1", "很好", "洗了缩水", 5),
        ("a2", "一般", None, 3),
    ]
    lines = client.get(f"{job}/results.csv?include=text,columns").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("编号,评价,追评,星,index,custom_id,text,label,")
    assert [group["value"] for group in client.get(f"{job}/summary?by=追评").json["groups"]] == ["", "洗了缩水"]


@pytest.mark.usefixtures("place")
def test_a_job_that_goes_while_its_workbook_is_made_leaves_none(
    client: FlaskClient, answer_bulk: Answer, store: JobStore
) -> None:
    job = store.get(finished(client, answer_bulk, "a.csv", as_csv("评论", "很好"), 1).rpartition("/")[2])
    store.erase(job.id)
    with pytest.raises(JobNotFound):
        list(file.workbook(Results(store.redis), job, View(0.0), None))


def test_what_goes_wrong_in_the_other_process_is_told_without_the_texts(
    client: FlaskClient, answer_bulk: Answer, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "SMALL_ROWS", 0)
    monkeypatch.setattr(file, "stored_chunks", lambda *_: iter([(0, b"\x81\xa6secret", b"\x80")] * 9))
    job = store.get(finished(client, answer_bulk, "a.csv", as_csv("评论", "很好"), 1).rpartition("/")[2])
    with pytest.raises(RuntimeError, match=r"workbook\.work failed \(1\): \w+ .*codec\.py:\d+") as caught:
        list(file.workbook(Results(store.redis), job, View(0.0), None))
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("place")
def test_a_sorted_workbook_is_in_its_order(client: FlaskClient, bulk: BulkLane) -> None:
    data = as_csv("评论", "一", "二", "三")
    form = {"keep_columns": "true", "file": (io.BytesIO(data), "a.csv")}
    made = client.post("/api/v1/jobs", data=form).json
    taken = claim(bulk, ChunkRef(made["id"], 0, 3))
    bulk.record([answer_with(taken, [Outcome((p, 1 - p)) for p in (0.5, 0.1, 0.9)], model="m@3")])
    found = table(opened(client, f"/api/v1/jobs/{made['id']}", "include=columns&sort=polarity"))
    assert [row[0] for row in found[1:]] == ["三", "一", "二"]
