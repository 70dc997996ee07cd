"""Results as files: the same rows in every format, harmless in a spreadsheet, whole after a broken download."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from redis import Redis

from api.app import create_app
from api.export import documents, groups, streams, summary
from api.export.rows import View, read_rows
from api.export.workbook import file as workbook
from api.services import Services
from sentiq.core.errors import JobNotFound
from sentiq.core.redis_keys import JobKeys
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import VALUES_CACHED, Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import (
    ChunkRef,
    FileFormat,
    InputChunk,
    JobOptions,
    Outcome,
    RowError,
)
from sentiq_client.jobs import JobHandle
from sentiq_client.transport import Transport
from tests.support import jobs

pytestmark = pytest.mark.stores("redis", "memory")

ODD_TEXTS = (
    *(
        "味道不错",
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t缩进",
        "\r回车",
        "-1.5",
        "😀 表情",
        'a "quote", b',
    ),
    *("http://example.com/a", "第一行\n第二行", "控制\x01符", "长" * 40_000),
)
ROWS_A_CHUNK = 5


FILE = FileFormat("评论.csv", "csv", text_column="text", text_number=2, columns=("编号", "text", "=note"))


def answered(
    store: JobStore, bulk: BulkLane, texts: tuple[str, ...] = ODD_TEXTS, *, seal: bool = True, file: FileFormat = FILE
) -> str:
    """A job of a file with three columns; every seventh row failed, p(positive) rises with the row."""
    chunks = []
    for first in range(0, len(texts), ROWS_A_CHUNK):
        part = texts[first : first + ROWS_A_CHUNK]
        ids = tuple(f"id-{first + i}" for i in range(len(part)))
        cells = tuple((f"{first + i}", "=HYPERLINK(1)") for i in range(len(part)))
        chunks.append(InputChunk(first, part, ids, cells=cells))
    options = JobOptions(name="评论 七月.csv", keep_columns=True)
    job, issued = jobs.create_job(store, *chunks, options=options, file=file, seal=seal)
    while issued:
        ref = issued.pop(0)
        rows = range(ref.chunk_no * ROWS_A_CHUNK, ref.chunk_no * ROWS_A_CHUNK + ref.rows)
        outcomes = [
            jobs.FAILED if row % 7 == 6 else Outcome((1 - row / len(texts), row / len(texts)), truncated=row % 5 == 0)
            for row in rows
        ]
        issued += jobs.answer_chunk(bulk, ref, outcomes)
    return f"/api/v1/jobs/{job.id}"


def pages(client: FlaskClient, job: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = client.get(f"{job}/results?limit=3{query}{cursor}").json
        found += page["data"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_every_format_has_the_rows_of_the_pages(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk)
    query = "include=text,columns&neutral_band=0.1"
    expected = pages(client, job, "&" + query)
    assert [row["index"] for row in expected] == list(range(len(ODD_TEXTS)))

    lines = client.get(f"{job}/results.ndjson?{query}").data.decode().splitlines()
    assert [json.loads(line) for line in lines] == expected
    whole = client.get(f"{job}/results.json?{query}")
    assert (whole.json, whole.mimetype) == (expected, "application/json")

    text = client.get(f"{job}/results.csv?{query}").data.decode("utf-8-sig")
    records = list(csv.reader(io.StringIO(text, newline="")))
    assert records[0][:3] == ["编号", "text", "'=note"]
    table = [dict(zip(records[0][3:], record[3:], strict=True)) for record in records[1:]]
    assert [(r["index"], r["label"], r["score"], r["error"]) for r in table] == [
        (str(r["index"]), r["label"] or "", str(r["score"] or ""), (r["error"] or {}).get("code", "")) for r in expected
    ]

    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?{query}").data))
    heading, *values = book.worksheets[0].iter_rows(values_only=True)
    at = {name: i for i, name in enumerate(heading)}
    assert [(v[at["编号"]], v[at["label"]], v[at["score"]]) for v in values] == [
        (r["index"], r["label"], r["score"]) for r in expected
    ]


def test_nothing_runs_in_a_spreadsheet(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk)
    text = client.get(f"{job}/results.csv?include=text,columns").data.decode("utf-8-sig")
    records = list(csv.reader(io.StringIO(text, newline="")))
    cells = [cell for record in records for cell in record]
    assert [c for c in cells if c[:1] in ("=", "+", "-", "@", "\t", "\r") and c != "-1.5"] == []
    assert "'=1+1" in cells

    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?include=text,columns").data))
    sheet = book["results"]
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value} <= {"s", "n", "b"}
    assert sheet._hyperlinks == []  # type: ignore[attr-defined]
    assert "=1+1" in [cell.value for row in sheet.iter_rows() for cell in row]
    longest = max((cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)), key=len)
    assert len(longest) == 32_767
    assert longest.endswith("…")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("label=positive", lambda r: r["label"] == "positive"),
        ("label=negative,positive&min_score=0.8", lambda r: r["error"] is None and r["score"] >= 0.8),
        ("max_score=0.6", lambda r: r["error"] is None and r["score"] <= 0.6),
        ("only=failed", lambda r: r["error"] is not None),
        ("label=neutral&neutral_band=0.2", lambda r: False),
        ("contains=sum(a", lambda r: r["index"] == 4),
        ("contains=ID-1", lambda r: r["index"] in (1, 10, 11, 12, 13)),
        ("contains=id-1&label=positive", lambda r: r["index"] in (10, 11, 12)),
        ("contains=iD-6&only=failed", lambda r: r["index"] == 6),
        ("contains=nothing", lambda r: False),
    ],
)
def test_filters_take_the_rows_they_name(
    client: FlaskClient, store: JobStore, bulk: BulkLane, query: str, wanted: Any
) -> None:
    job = answered(store, bulk)
    found = pages(client, job, "&" + query)
    if "neutral" in query:
        assert {row["label"] for row in found} == {"neutral"}
        return
    assert found == [row for row in pages(client, job) if wanted(row)]
    assert [json.loads(x) for x in client.get(f"{job}/results.ndjson?{query}").data.splitlines()] == found


def test_every_format_has_the_rows_that_were_searched_for(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    query = "contains=ID-1&include=text"
    job = answered(store, bulk)
    found = [row["index"] for row in pages(client, job, "&" + query)]
    assert found == [1, 10, 11, 12, 13]
    assert [
        json.loads(line)["index"] for line in client.get(f"{job}/results.ndjson?{query}").data.splitlines()
    ] == found
    assert [row["index"] for row in json.loads(client.get(f"{job}/results.json?{query}").data)] == found
    text = client.get(f"{job}/results.csv?{query}").data.decode("utf-8-sig")
    assert [int(record["index"]) for record in csv.DictReader(io.StringIO(text, newline=""))] == found
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?{query}").data))
    assert [row[0] for row in book["results"].iter_rows(min_row=2, values_only=True)] == found


def test_a_row_that_could_not_be_read_is_found_by_its_id(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    bad = RowError("empty_text", "Line 2: empty", 2)
    job, [ref] = jobs.create_job(store, InputChunk(0, ("", "好"), ("STRASSE-1", None), errors={0: bad}))
    jobs.answer_chunk(bulk, ref, [Outcome(error=bad), Outcome((0.1, 0.9))])
    found = pages(client, f"/api/v1/jobs/{job.id}", "&contains=straße&include=text")
    assert [(row["index"], row["text"], row["error"]["code"]) for row in found] == [(0, "", "empty_text")]


class AsClient(Transport):
    """What the Python client asks goes to the API of the test."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.asked = client, 0

    def ask(self, kind: Callable[[dict[str, Any]], Any], method: str, path: str, **options: Any) -> Any:
        self.asked += 1
        answer = self.client.open(path, method=method, query_string=options["params"])
        assert answer.status_code == 200
        return kind(answer.json or {})


@pytest.mark.parametrize("seal", [True, False])
def test_a_page_looks_at_a_part_of_the_job_and_the_next_one_goes_on(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch, seal: bool
) -> None:
    texts = tuple(f"第{n}条" for n in range(61))
    job = answered(store, bulk, texts, seal=seal)
    monkeypatch.setattr(documents, "PAGE_CHUNKS", 3)
    page = client.get(f"{job}/results?contains=第60条").json
    assert page["data"] == []
    assert page["next"]

    transport = AsClient(client)
    rows = list(JobHandle(transport, job.rpartition("/")[2]).results(contains="第60条"))

    assert [row.index for row in rows] == [60]
    assert transport.asked == (5 if seal else 6), "a running job is asked once more, and says that it has no more"
    if seal:
        assert [row["index"] for row in pages(client, job)] == list(range(61))


@pytest.mark.parametrize("seal", [True, False])
def test_a_json_file_is_an_array_however_many_rows_there_are(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch, seal: bool
) -> None:
    monkeypatch.setattr(streams, "ROWS_A_PIECE", 4)
    texts = tuple(f"第{n}条\n," for n in range(9))
    job = answered(store, bulk, texts, seal=seal)
    assert client.get(f"{job}/results.json?contains=nothing").json == []
    assert [row["index"] for row in json.loads(client.get(f"{job}/results.json?contains=第5条").data)] == [5]
    assert [row["text"] for row in json.loads(client.get(f"{job}/results.json?include=text").data)] == list(texts)
    assert client.get(job).json["links"]["results.json"] == f"{job}/results.json"


@pytest.mark.parametrize("kind", ["ndjson", "json", "csv", "xlsx"])
def test_a_broken_download_goes_on_where_it_broke(
    client: FlaskClient, store: JobStore, bulk: BulkLane, kind: str
) -> None:
    file = answered(store, bulk) + f"/results.{kind}"
    whole = client.get(file)
    tag = whole.headers["ETag"]
    assert client.get(file).data == whole.data, "byte for byte the same"
    rest = client.get(file, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, rest.data) == (206, whole.data[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole.data) - 1}/{len(whole.data)}"
    middle = client.get(file, headers={"Range": "bytes=7-12"})
    assert (middle.data, middle.headers["Content-Length"]) == (whole.data[7:13], "6")
    assert client.get(file, headers={"Range": "bytes=-5"}).data == whole.data[-5:]
    assert client.get(file, headers={"Range": f"bytes={len(whole.data)}-"}).status_code == 416
    assert client.get(file, headers={"Range": "bytes=5-", "If-Range": '"another"'}).data == whole.data
    assert client.get(file, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(file, headers={"Range": f"bytes={'9' * 5000}-"}).data == whole.data
    for headers in ({}, {"Range": "bytes=5-"}):
        head = client.head(file, headers=headers)
        assert (head.status_code, head.headers["ETag"], head.data) == (200, tag, b"")
        assert "Content-Length" not in head.headers, "nobody has counted"
    labels = [client.get(f"{file}?label={names}").headers["ETag"] for names in ("negative,neutral", "neutral,negative")]
    assert labels[0] == labels[1]
    assert client.get(f"{file}?only=failed").headers["ETag"] != tag


def test_conditions_are_compared_as_http_asks(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    file = answered(store, bulk) + "/results.csv"
    whole = client.get(file)
    tag = whole.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"another", W/{tag}', f'W/"another", {tag}', "*"):
        for method in (client.get, client.head):
            same = method(file, headers={"If-None-Match": known})
            assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag), known
    for other in ('"another"', 'W/"another"', tag.strip('"')[:-1]):
        assert client.get(file, headers={"If-None-Match": other}).data == whole.data, other
    for weak in (f"W/{tag}", f'"another", {tag}', "*", "Sat, 28 Nov 2026 05:00:00 GMT"):
        again = client.get(file, headers={"Range": "bytes=5-", "If-Range": weak})
        assert (again.status_code, again.data) == (200, whole.data), weak


@pytest.mark.parametrize("number", [2, 3, None], ids=["second", "third", "of an older version"])
def test_headings_that_come_twice_mix_nothing_up(
    client: FlaskClient, store: JobStore, bulk: BulkLane, number: int | None
) -> None:
    file = replace(FILE, text_column="标题", text_number=number, columns=("编号", "标题", "标题"))
    job = answered(store, bulk, ("甲", "乙"), file=file)
    note = "=HYPERLINK(1)"
    expected = [["0", "甲", note], ["1", "乙", note]] if number != 3 else [["0", note, "甲"], ["1", note, "乙"]]
    rows = client.get(f"{job}/results?include=columns").json["data"]
    assert [[cell for _, cell in row["columns"]] for row in rows] == expected
    for by in (2, 3):
        values = {group["value"] for group in client.get(f"{job}/summary?by={by}").json["groups"]}
        assert values == {row[by - 1] for row in expected}


@pytest.mark.parametrize("kind", ["", ".csv", ".xlsx", ".ndjson", ".json"])
def test_columns_that_were_not_kept_are_refused_with_the_remedy(
    client: FlaskClient, store: JobStore, bulk: BulkLane, kind: str
) -> None:
    job = answered(store, bulk, ("甲", "乙"), file=replace(FILE, columns=()))
    answer = client.get(f"{job}/results{kind}?include=text,columns")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "columns_not_kept")
    assert "keep_columns" in answer.json["detail"]
    assert client.get(f"{job}/results{kind}?include=text").status_code == 200


def test_a_job_that_goes_while_it_is_read_leaves_nothing_that_looks_whole(
    store: JobStore, bulk: BulkLane, redis: Redis
) -> None:
    job, results = store.get(answered(store, bulk).rpartition("/")[2]), Results(redis)
    rows = read_rows(results, job, View(0.0))
    next(rows)
    store.erase(job.id)
    with pytest.raises(JobNotFound):
        list(rows)
    with pytest.raises(JobNotFound):
        summary.summarise(results, job, 0.0)
    with pytest.raises(JobNotFound):
        summary.summarise(results, job, 0.0, 0)
    with pytest.raises(JobNotFound):
        documents.results_page(results, job, View(0.0), limit=100)
    results.cache_value(job, "summary", "texts of people who wanted them erased")
    assert redis.keys(f"*{job.id}*:exports") == []


def test_results_are_read_while_redis_is_full(
    client: FlaskClient, store: JobStore, bulk: BulkLane, redis: Redis
) -> None:
    job = answered(store, bulk)
    redis.config_set("maxmemory", 1)
    try:
        for kind in ("csv", "json", "ndjson", "xlsx"):
            assert client.get(f"{job}/results.{kind}").status_code == 200
        part = client.get(f"{job}/results.csv", headers={"Range": "bytes=0-9"})
        assert (part.status_code, len(part.data)) == (206, 10)
        assert client.get(f"{job}/summary").json["rows"] == len(ODD_TEXTS)
    finally:
        redis.config_set("maxmemory", 0)


def test_what_is_kept_of_results_does_not_grow_with_the_questions(
    client: FlaskClient, store: JobStore, bulk: BulkLane, redis: Redis
) -> None:
    job = answered(store, bulk)
    bands = [n / 1000 for n in range(100)]
    first = [client.get(f"{job}/summary?by=1&neutral_band={band}").json for band in bands]
    keys = JobKeys.of(job.rpartition("/")[2])
    assert redis.hlen(keys.exports) == VALUES_CACHED + 1  # with the time of the end they are of
    assert redis.pttl(keys.exports) == pytest.approx(redis.pttl(keys.job), abs=1000)
    assert [client.get(f"{job}/summary?by=1&neutral_band={band}").json for band in bands] == first

    ended_ms = redis.hincrby(keys.job, "ended_at", 1)  # as if it had been tried again
    assert client.get(f"{job}/summary").json["rows"] == len(ODD_TEXTS)
    assert redis.hlen(keys.exports) == 2, "the time of the end, and the one summary"
    assert redis.hget(keys.exports, "ended_at") == str(ended_ms).encode()


def test_failed_rows_are_found_without_looking_at_all_others(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PAGE_CHUNKS", 2)
    job = answered(store, bulk, tuple(f"文本{n}" for n in range(60)))  # every seventh failed: in 8 of 12 chunks
    first = client.get(f"{job}/results?only=failed&limit=3").json
    assert [row["index"] for row in first["data"]] == [6, 13]
    assert [row["index"] for row in pages(client, job, "&only=failed")] == list(range(6, 60, 7))


def test_a_workbook_that_nobody_would_wait_for_is_refused(
    redis: Redis, api_settings: Settings, store: JobStore, bulk: BulkLane
) -> None:
    job = answered(store, bulk)
    app = create_app(api_settings.model_copy(update={"max_xlsx_rows": len(ODD_TEXTS) - 1}))
    with app.test_client() as client:
        refused = client.get(f"{job}/results.xlsx")
        assert (refused.status_code, refused.json["code"]) == (422, "workbook_too_large")
        assert "SENTIQ_MAX_XLSX_ROWS" in refused.json["detail"]
        assert client.get(f"{job}/results.csv").status_code == 200
        assert client.get(f"{job}/results.xlsx?label=negative").status_code == 200
    services: Services = app.extensions["sentiq"]
    services.close()


def test_a_sheet_may_be_larger_than_the_old_form_of_zip_files_allows(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20_000)  # of bytes, for 2 GB
    book = client.get(answered(store, bulk) + "/results.xlsx?include=text").data
    assert openpyxl.load_workbook(io.BytesIO(book))["results"].max_row == len(ODD_TEXTS) + 1


def test_a_running_job_gives_what_is_finished(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    file = answered(store, bulk, seal=False) + "/results.ndjson"
    answer = client.get(file, headers={"Range": "bytes=5-"})
    assert (answer.status_code, "ETag" in answer.headers) == (200, False)
    assert len(answer.data.splitlines()) == len(ODD_TEXTS)


def test_the_name_of_the_file_is_that_of_the_job(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    disposition = client.get(answered(store, bulk) + "/results.csv").headers["Content-Disposition"]
    assert "filename*=UTF-8''%E8%AF%84%E8%AE%BA%20%E4%B8%83%E6%9C%88.results.csv" in disposition
    assert disposition.isascii()


def test_the_summary_counts_what_the_pages_show(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk, tuple(f"文本{n}" for n in range(200)))
    for band in (0, 0.15):
        rows = pages(client, job, f"&neutral_band={band}")
        for _ in range(2):  # computed, then kept
            summary = client.get(f"{job}/summary?neutral_band={band}").json
            labels = {row["label"] for row in rows if row["label"]}
            assert summary["counts"] == {
                **{name: sum(r["label"] == name for r in rows) for name in sorted(labels)},
                "failed": sum(r["error"] is not None for r in rows),
                "without_text": 0,
            }
            assert summary["shares"]["truncated"] == pytest.approx(sum(r["truncated"] for r in rows) / 200, abs=1e-5)
            assert sum(b["count"] for b in summary["histogram"]) == summary["rows"] - summary["counts"]["failed"]
            positive = [r["probabilities"]["positive"] for r in rows if r["probabilities"]]
            assert summary["histogram"][3]["count"] == sum(0.15 <= p < 0.2 for p in positive)
            assert summary["failures"] == [
                {"code": "inference_failed", "count": 28, "index": 6, "detail": "why", "line": None}
            ]


def grouped(rows: list[dict[str, Any]], heading: str) -> list[dict[str, Any]]:
    """What the groups should be, from the rows of the pages."""
    groups: dict[str, Counter[str]] = {}
    for row in rows:
        groups.setdefault(dict(row["columns"])[heading], Counter(failed=0, without_text=0))[
            row["label"] or "failed"
        ] += 1
    found = [{"value": value, "counts": dict(counts), "rows": counts.total()} for value, counts in groups.items()]
    return sorted(found, key=lambda group: (-group["rows"], group["value"]))


def test_the_summary_groups_by_a_column(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job = answered(store, bulk, tuple(f"文本{n % 3}" for n in range(40)))
    assert "groups" not in json.loads(client.get(f"{job}/summary").data)
    for band in (0.0, 0.15):
        rows = pages(client, job, f"&include=columns&neutral_band={band}")
        for heading, number in (("编号", 1), ("text", 2), ("=note", 3)):
            for by in (heading, str(number)):
                query = {"by": by, "neutral_band": band}
                summary = json.loads(client.get(f"{job}/summary", query_string=query).data)
                assert summary["groups"] == grouped(rows, heading)
                del summary["groups"]
                assert summary == client.get(f"{job}/summary?neutral_band={band}").json


def test_many_groups_end_in_one(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = answered(store, bulk, ("甲",) * 20 + tuple(f"文本{n}" for n in range(80)) + ("甲",) * 5 + ("文本79",) * 5)
    *first, last = client.get(f"{job}/summary?by=text").json["groups"]
    assert [group["value"] for group in first[:3]] == ["甲", "文本79", "文本0"]
    assert [group["rows"] for group in first[:3]] == [25, 6, 1]
    assert len(first) == groups.SHOWN == 50
    assert (last["value"], last["rows"], sum(last["counts"].values())) == (None, 31, 31)

    monkeypatch.setattr(groups, "OPENED", 3)
    job = answered(store, bulk, ("甲",) * 20 + tuple(f"文本{n}" for n in range(80)) + ("甲",) * 5)
    found = client.get(f"{job}/summary?by=text").json["groups"]
    assert [(group["value"], group["rows"]) for group in found] == [
        ("甲", 25),
        ("文本0", 1),
        ("文本1", 1),
        (None, 78),
    ]


def test_a_column_that_is_not_there_is_answered_with_those_that_are(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job = answered(store, bulk)
    for by in ("城市", "0", "4"):
        answer = client.get(f"{job}/summary", query_string={"by": by})
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/by")
        assert "'编号', 'text', '=note'" in answer.json["detail"]
    plain = client.post("/api/v1/jobs", json={"texts": ["好"]}).json["links"]["summary"]
    answer = client.get(f"{plain}?by=1")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/by")
    assert "keep_columns" in answer.json["detail"]


def test_a_bad_line_counts_with_the_cells_that_fit(client: FlaskClient) -> None:
    table = "text,城市\n好,北京\n一,二,三,四\n坏,上海\n".encode()
    answer = client.post("/api/v1/jobs?keep_columns=true&max_bad_share=1", data=table, content_type="text/csv").json
    store: JobStore = client.application.extensions["sentiq"].store
    lane: BulkLane = client.application.extensions["sentiq"].bulk
    opened = lane.claim(ChunkRef(answer["id"], 0, 3), "task")
    assert opened is not None
    lane.record([jobs.answered(opened)])
    assert store.get(answer["id"]).state.has_ended
    found = client.get(f"{answer['links']['summary']}?by=城市").json["groups"]
    assert [(group["value"], group["counts"]) for group in found] == [
        ("上海", {"failed": 0, "positive": 1, "without_text": 0}),
        ("二", {"failed": 1, "without_text": 0}),
        ("北京", {"failed": 0, "positive": 1, "without_text": 0}),
    ]


def test_more_rows_than_a_sheet_holds_take_another(store: JobStore, bulk: BulkLane) -> None:
    job = store.get(answered(store, bulk).rpartition("/")[2])
    view = View(0.0)
    data = b"".join(workbook.workbook(Results(store.redis), job, view, None, sheet_rows=6))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["results", "results 2", "results 3", "summary"]
    indices = [row[0] for name in book.sheetnames[:3] for row in book[name].iter_rows(min_row=2, values_only=True)]
    assert indices == list(range(len(ODD_TEXTS)))
    assert {row[0]: row[1] for row in book["summary"].iter_rows(values_only=True)}["all"] == len(ODD_TEXTS)
