"""Languages of rows: as they are given, and as results of several models with different labels show them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.aspects.sets import Aspect, AspectSet
from sentiq.jobs.dates import minutes_of
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import AspectOutcome, FileFormat, InputChunk, JobOptions, Outcome, RowError
from tests.support.jobs import answer_chunk, create_job, stored_input

TWO, THREE = ("negative", "positive"), ("negative", "neutral", "positive")
OUTCOMES = (
    Outcome((0.45, 0.55, 0.0), given_by=1, language="zh"),
    Outcome((0.2, 0.1, 0.7), given_by=2, language="ja"),
    Outcome((0.1, 0.6, 0.3), given_by=2, language="en"),
    Outcome((0.9, 0.1, 0.0), given_by=1),
    Outcome(error=RowError("inference_failed", "why"), language="ja", model="three@1"),
    Outcome(error=RowError("empty_text", "why", 6)),
)
TEXTS = ("还行", "普通です", "good", "👍", "悪い", "")
MODEL = "zh=two,*=three@9"


@pytest.fixture
def job(store: JobStore, bulk: BulkLane) -> str:
    """A job whose texts two models have answered by their languages: its address."""
    made, [ref] = create_job(store, InputChunk(0, TEXTS), options=JobOptions(neutral_band=0.1))
    answer_chunk(
        *(bulk, ref, OUTCOMES),
        labels=("negative", "positive", "neutral"),
        model=MODEL,
        parts=("two@1", "three@1"),
        part_labels=(TWO, THREE),
    )
    return f"/api/v1/jobs/{made.id}"


def rows_of(client: FlaskClient, address: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get(address).json["data"]
    return rows


def table_of(client: FlaskClient, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(address).text.removeprefix("\ufeff"))))


def test_a_row_has_the_labels_of_its_own_model(client: FlaskClient, job: str) -> None:
    rows = rows_of(client, f"{job}/results")
    assert [list(row["probabilities"] or ()) for row in rows] == [[*TWO], [*THREE], [*THREE], [*TWO], [], []]
    assert [row["label"] for row in rows] == ["neutral", "neutral", "positive", "negative", None, None]
    assert [row["model"] for row in rows] == ["two@1", "three@1", "three@1", "two@1", "three@1", None]
    assert [row.get("language") for row in rows] == ["zh", "ja", "en", None, "ja", None]
    assert [json.loads(line) for line in client.get(f"{job}/results.ndjson").text.splitlines()] == rows


def test_a_report_of_one_language_says_so(client: FlaskClient, job: str) -> None:
    page = client.get(f"{job}/report.html?lang=en&language=ja&language=en").text
    assert "in the language en, ja" in page
    assert "in the language" not in client.get(f"{job}/report.html?lang=en").text


def test_the_neutral_band_is_for_models_of_two_labels_alone(client: FlaskClient, job: str) -> None:
    labels = [row["label"] for row in rows_of(client, f"{job}/results?neutral_band=0")]
    assert labels == ["positive", "neutral", "positive", "negative", None, None]


def test_a_table_has_a_column_for_each_label_of_any_model(client: FlaskClient, job: str) -> None:
    rows = table_of(client, f"{job}/results.csv")
    assert [row["language"] for row in rows] == ["zh", "ja", "en", "", "ja", ""]
    assert [row["model"] for row in rows] == ["two@1", "three@1", "three@1", "two@1", "three@1", ""]
    shown = [[row[f"p_{label}"] and round(float(row[f"p_{label}"]), 3) for row in rows] for label in THREE]
    assert shown == [
        [0.45, 0.2, 0.1, 0.9, "", ""],
        ["", 0.7, 0.3, "", "", ""],
        [0.55, 0.1, 0.6, 0.1, "", ""],
    ]


def test_a_workbook_shows_languages_and_models_and_counts_them(client: FlaskClient, job: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?lang=en").data))
    headings, *rows = book.worksheets[0].iter_rows(values_only=True)
    at = headings.index("language")
    assert headings[at + 1] == "model"
    shown = [row[at : at + 2] for row in rows]
    assert [*shown[:2], *shown[4:]] == [("zh", "two@1"), ("ja", "three@1"), ("ja", "three@1"), (None, None)]
    summary = [row[:2] for row in book["summary"].iter_rows(values_only=True)]
    at = summary.index(("language", "rows"))
    assert summary[at + 1 : at + 4] == [("en", 1), ("ja", 2), ("zh", 1)]


@pytest.mark.parametrize(
    ("query", "indices"),
    [
        ("language=ja", [1, 4]),
        ("language=zh&language=en", [0, 2]),
        ("language=ZH-Hans", [0]),
        ("language=ko", []),
        ("label=neutral", [0, 1]),
        ("label=neutral&language=ja", [1]),
        ("min_score=0.85", [0, 3]),
    ],
)
def test_rows_are_chosen(client: FlaskClient, job: str, query: str, indices: list[int]) -> None:
    assert [row["index"] for row in rows_of(client, f"{job}/results?{query}")] == indices
    assert client.get(f"{job}/matches?{query}").json["matches"] == len(indices)


def test_every_view_of_a_job_takes_the_rows_of_a_language_alone(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    """Ten rows of each language, in two shops, on two days, of which the Japanese ones are negative."""
    numbers = range(20)
    languages = tuple(("zh", "ja")[n % 2] for n in numbers)
    texts = tuple("快递很慢" if code == "zh" else "配送が遅い" for code in languages)
    day = minutes_of(datetime(2024, 1, 1))  # noqa: DTZ001  # as a file has it
    rows = InputChunk(
        *(0, texts),
        languages=languages,
        cells=tuple((("南山", "福田")[n // 10],) for n in numbers),
        when=tuple(day + n * 60 for n in numbers),
    )
    file = FileFormat(*("a.csv", "csv"), text_column="text", text_number=1, columns=("text", "店"), date_number=3)
    aspects = AspectSet("t", "", (Aspect("物流", ("快递", "配送")),)).dumps()
    options = JobOptions(keep_columns=True, aspects=aspects, has_languages=True)
    made, [ref] = create_job(store, rows, options=options, file=file)
    of = {"zh": (0.1, 0.9), "ja": (0.8, 0.2)}
    outcomes = [Outcome(of[code], language=code, aspects=(AspectOutcome(0, of[code], 0, 2),)) for code in languages]
    answer_chunk(bulk, ref, outcomes)
    job = f"/api/v1/jobs/{made.id}"

    def read(path: str) -> Any:
        answer = client.get(f"{job}/{path}{'&' if '?' in path else '?'}language=ja")
        assert answer.status_code == 200, answer.text
        return answer

    assert len(read("results").json["data"]) == 10
    assert len(read("results.ndjson").text.splitlines()) == 10
    assert len(json.loads(read("results.json").text)) == 10
    assert len(read("results.csv").text.splitlines()) == 1 + 10
    sheet = openpyxl.load_workbook(io.BytesIO(read("results.xlsx").data)).worksheets[0]
    assert sheet.max_row == 1 + 10
    assert read("matches").json["matches"] == 10
    (aspect,) = read("aspects").json["data"]
    assert (aspect["rows"], aspect["counts"]["negative"]) == (10, 10)
    assert read("timeline").json["rows"] == 10
    assert read("cross?rows=店&columns=label").json["total"] == 10
    crossed = client.get(f"{job}/cross?rows=language&columns=label").json
    assert {row["value"]: row["rows"] for row in crossed["rows"]} == {"zh": 10, "ja": 10}
    assert [column["value"] for column in crossed["columns"]] == ["negative", "positive"]
    assert [[cell["rows"] for cell in line] for line in crossed["cells"]] in ([[10, 0], [0, 10]], [[0, 10], [10, 0]])
    assert read("phrases").json["here"]["rows"] == 10
    assert read("findings").json["rows"] == 10
    for picture in ("timeline.svg", "aspects.svg"):
        assert "<svg" in read(picture).text
    assert "配送が遅い" in (report := read("report.html").text)
    assert "快递很慢" not in report


def test_rows_are_sorted_by_the_shares_of_their_own_models(client: FlaskClient, job: str) -> None:
    assert [row["index"] for row in rows_of(client, f"{job}/results?sort=polarity")] == [3, 1, 0, 2, 4, 5]
    assert [row["index"] for row in rows_of(client, f"{job}/results?sort=score")] == [2, 1, 0, 3, 4, 5]


def test_a_summary_counts_labels_of_all_models_and_languages(client: FlaskClient, job: str) -> None:
    summary = client.get(f"{job}/summary").json
    assert summary["counts"] == {"negative": 1, "neutral": 2, "positive": 1, "failed": 1, "without_text": 1}
    assert summary["languages"] == {"ja": 2, "zh": 1, "en": 1}
    assert sum(bin_["count"] for bin_ in summary["histogram"]) == 4


def test_a_language_that_is_none_is_refused(client: FlaskClient, job: str) -> None:
    assert client.get(f"{job}/results?language=not+a+language").status_code == 422


def test_languages_are_given_with_texts(client: FlaskClient, redis: Redis) -> None:
    items = [{"text": "よい", "language": "ja-JP"}, {"text": "还行"}, {"text": "ok", "language": "EN"}]
    made = client.post("/api/v1/jobs", json={"items": items, "language": "zh_CN"}).json
    assert made["options"]["language"] == "zh"
    assert stored_input(redis, made["id"], 0).languages == ("ja", "", "en")


@pytest.mark.parametrize("language", ["Japanese!", "", "日语", "Japanese", 7, "xx", "und"])
def test_a_code_that_is_none_is_refused(client: FlaskClient, language: object) -> None:
    for body in ({"items": [{"text": "好", "language": language}]}, {"texts": ["好"], "language": language}):
        assert client.post("/api/v1/jobs", json=body).status_code == 422


@pytest.mark.parametrize(
    ("table", "query", "column", "languages"),
    [
        ("text,language\n很好吃,zh-CN\nとても良い,Japanese\n还行,\n", "", "language", ("zh", "ja", "")),
        ("评论,语言\n很好吃,中文\n还行吧,英语\n", "", "语言", ("zh", "en")),
        ("text,spoken\n很好吃,zh\n还行吧,en\n", "&language_column=spoken", "spoken", ("zh", "en")),
        (
            "text,language\n很好吃,cn\n还行,xx\n良い,jp\n好,English\n",
            "",
            "language",
            ("zh", "", "ja", "en"),
        ),
        ("text,language\n很好吃,Python\n还行吧,C\n", "", None, None),
        ("text,spoken\n很好吃,zh\n还行吧,en\n", "", None, None),
    ],
)
def test_a_column_of_a_file_says_them(
    client: FlaskClient,
    redis: Redis,
    table: str,
    query: str,
    column: str | None,
    languages: tuple[str, ...] | None,
) -> None:
    made = client.post(
        f"/api/v1/jobs?filename=a.csv{query}", data=table.encode(), headers={"Content-Type": "text/csv"}
    ).json
    assert made["file"]["language_column"] == column
    assert ("language_column_recognised" in [note["code"] for note in made["file"]["notes"]]) is (
        column is not None and not query
    )
    assert stored_input(redis, made["id"], 0).languages == languages


def test_cells_that_name_no_language_are_told_of(client: FlaskClient) -> None:
    table = "text,lang\n好,zh\n还行,xx\n好,\nok,EN\n差,Martian\n"
    made = client.post("/api/v1/jobs?filename=a.csv", data=table.encode(), headers={"Content-Type": "text/csv"}).json
    notes = {note["code"]: note["facts"] for note in made["file"]["notes"]}
    assert notes["languages_unknown"] == {"count": 2, "column": "lang", "example": "xx", "line": 3}


def test_a_code_of_no_language_is_refused_with_what_to_write(client: FlaskClient) -> None:
    answer = client.post("/api/v1/jobs", json={"items": [{"text": "好", "language": "xx"}]})
    (error,) = answer.json["errors"]
    assert (error["code"], error["pointer"]) == ("unknown_language", "/items/0/language")
    assert error["detail"] == "'xx' is no code of a language. Write that of ISO 639, as zh, en or ja, or leave it out."
    answer = client.post("/api/v1/jobs", json={"texts": ["好"], "language": "English"})
    assert answer.json["errors"][0]["detail"] == "'English' is no code of a language. Write en."


def test_lines_of_json_say_them(client: FlaskClient, redis: Redis) -> None:
    lines = '{"text": "よい", "language": "ja"}\n{"text": "还行"}\n'
    made = client.post("/api/v1/jobs", data=lines.encode(), headers={"Content-Type": "application/x-ndjson"}).json
    assert stored_input(redis, made["id"], 0).languages == ("ja", "")


def test_rows_of_a_file_that_cannot_be_read_keep_their_language(client: FlaskClient, redis: Redis) -> None:
    """Not those with a cell too many, where the language may be another cell."""
    table = 'text,lang\n好,zh\n,ja\nNULL,English\n很,好,zh\n"",\n'
    made = client.post(
        "/api/v1/jobs?filename=a.csv&delimiter=,&text_column=text", data=table.encode(), content_type="text/csv"
    ).json
    stored = stored_input(redis, made["id"], 0)
    assert stored.languages == ("zh", "ja", "en", "", "")
    assert list(stored.errors) == [1, 2, 3, 4]


@pytest.mark.parametrize("items", [[("好", "zh"), ("ok", None)], [("好", None), ("ok", "en")]])
def test_languages_of_items_come_back_in_every_download(
    client: FlaskClient, answer_interactive: Callable[[], int], items: list[tuple[str, str | None]]
) -> None:
    """Where one model answers all texts, too."""
    body = {"items": [{"text": text} | ({"language": code} if code else {}) for text, code in items]}
    made = client.post("/api/v1/jobs", json=body).json
    assert made["has_languages"]
    answer_interactive()
    job, expected = f"/api/v1/jobs/{made['id']}", [code for _, code in items]
    assert [row.get("language") for row in rows_of(client, f"{job}/results")] == expected
    assert [row.get("language") for row in json.loads(client.get(f"{job}/results.json").text)] == expected
    lines = client.get(f"{job}/results.ndjson").text.splitlines()
    assert [json.loads(line).get("language") for line in lines] == expected
    assert [row["language"] or None for row in table_of(client, f"{job}/results.csv")] == expected
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{job}/results.xlsx?lang=en").data)).worksheets[0]
    headings, *rows = sheet.iter_rows(values_only=True)
    assert [row[headings.index("language")] for row in rows] == expected


def test_texts_without_languages_have_no_column_of_them(
    client: FlaskClient, answer_interactive: Callable[[], int]
) -> None:
    made = client.post("/api/v1/jobs", json={"items": [{"text": "好"}]}).json
    assert not made["has_languages"]
    answer_interactive()
    assert "language" not in table_of(client, f"/api/v1/jobs/{made['id']}/results.csv")[0]


def test_a_column_cannot_have_texts_and_languages(client: FlaskClient) -> None:
    refused = client.post(
        "/api/v1/jobs?text_column=text&language_column=text",
        data="text,id\n很好吃,1\n".encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/language_column"


def test_a_language_that_was_given_is_shown_also_where_one_model_answers_all(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    made, [ref] = create_job(store, InputChunk(0, ("好", "ok"), languages=("zh", "")))
    answer_chunk(bulk, ref, [Outcome((0.1, 0.9))] * 2)
    rows = rows_of(client, f"/api/v1/jobs/{made.id}/results")
    assert [row.get("language") for row in rows] == ["zh", None]
    assert [row["index"] for row in rows_of(client, f"/api/v1/jobs/{made.id}/results?language=zh")] == [0]
