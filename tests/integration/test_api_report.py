"""A report of a job of invented reviews: one page that opens offline, and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from api.export.apart import work_apart
from api.export.phrases import asking
from api.export.report.columns import likeliest_column
from api.schemas.results import Language
from sentiq.jobs.chunk_result import Stored
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import FileFormat, InputChunk, JobOptions
from tests.browser.visits import AXE
from tests.support import chromium
from tests.support.jobs import POSITIVE, answer_chunk, create_job
from tests.support.reviews import MARKUP, SHOPS, reviewed

JOBS = "/api/v1/jobs"
LANGUAGES: tuple[Language, ...] = get_args(Language)
HEADINGS = {
    "en": [
        *("What the texts are", "What to mend first", "Aspects", "Over time", "By 店铺", "店铺 and aspects"),
        *("What negative texts say", "How to read this"),
    ],
    "zh": ["整体情感", "最该先改的", "各方面", "随时间变化", "按店铺", "店铺与各方面", "消极文本说了什么", "如何阅读"],
}


def report(client: FlaskClient, job_id: str, **query: str) -> str:
    answer = client.get(f"{JOBS}/{job_id}/report.html", query_string=query)
    assert answer.status_code == 200, answer.json
    assert answer.content_type == "text/html; charset=utf-8"
    return answer.text


def headings(page: str) -> list[str]:
    return re.findall("<h2>(.*?)</h2>", page)


@pytest.mark.parametrize("language", ["zh", pytest.param("en", marks=pytest.mark.full)])
def test_page_opens_offline_without_a_request_or_a_script(
    client: FlaskClient, store: JobStore, bulk: BulkLane, language: Language, tmp_path: Path
) -> None:
    if chromium.find() is None:
        pytest.skip(f"there is no chromium on this machine (Debian: apt-get install {chromium.PACKAGE})")
    file = tmp_path / "report.html"
    file.write_text(report(client, reviewed(store, bulk), lang=language), encoding="utf-8")
    with chromium.chromium() as browser:
        context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: pytest.fail(f"a script of the data ran: {dialog.message}"))
        page.goto(file.as_uri())
        assert page.locator("h2").all_inner_texts() == HEADINGS[language]
        assert page.locator("script").count() == 0
        assert page.get_by_text(MARKUP).count() > 0
        assert page.locator(".mend h3").all_inner_texts() == ["物流", "质量", "客服"]
        assert "快递太慢" in page.locator(".mend > li").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "tables scroll, the page does not"
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [violation["id"] for violation in found["violations"]] == []
        assert asked == [file.as_uri()]


def test_examples_have_the_numbers_of_their_rows_on_the_web_page(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job_id = reviewed(store, bulk)
    found = client.get(f"{JOBS}/{job_id}/findings").json["data"]
    examples = [example for finding in found for example in finding["examples"]]
    shown = re.findall(r'<blockquote>(.*?) <span class="quiet">\(row (.*?)\)', report(client, job_id, lang="en"))
    assert [(text, int(number)) for text, number in shown] == [
        (escape(example["text"]), example["index"] + 1) for example in examples
    ]


def test_every_picture_has_its_numbers_beside_it(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    page = report(client, job_id)
    aspects = client.get(f"{JOBS}/{job_id}/aspects").json["data"]
    for aspect in aspects:
        cells = [escape(aspect["aspect"]), aspect["rows"], *aspect["counts"].values()]
        assert re.search(r"<tr><th[^>]*>" + r"</t[hd]><td>".join(map(str, cells)), page), aspect
    points = client.get(f"{JOBS}/{job_id}/timeline").json["points"]
    for point in points:
        share = f"{100 * point['shares']['negative']['value']:.1f}%"
        assert f'<th scope="row">{point["start"]}</th><td>{point["rows"]}</td><td>{share} (' in page
    marks = [change for point in points for change in point["changes"]]
    assert page.count("▲") + page.count("▼") == len(marks) > 0


def test_page_has_only_what_the_job_has(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    plain = report(client, reviewed(store, bulk, aspects=None, file=None))
    assert headings(plain) == [HEADINGS["en"][at] for at in (0, 1, 6, 7)]
    dated = report(client, reviewed(store, bulk, aspects=None))
    assert headings(dated) == [HEADINGS["en"][at] for at in (0, 1, 3, 4, 6, 7)]
    job, issued = create_job(store, InputChunk(0, ("好", "很好")))
    answer_chunk(bulk, issued[0], [POSITIVE, POSITIVE])
    good = report(client, job.id)
    assert headings(good) == [HEADINGS["en"][at] for at in (0, 1, 7)]
    assert "Nothing stands out" in good


def test_job_that_was_cancelled_before_it_began_has_an_empty_report(client: FlaskClient) -> None:
    made = client.post(f"{JOBS}?aspects=shop", data="评论\n好".encode(), content_type="text/csv").json
    client.post(made["links"]["cancel"])
    assert "There are no rows to report on" in report(client, made["id"])
    assert client.get(f"{JOBS}/{made['id']}/findings").json["data"] == []
    assert client.get(f"{JOBS}/{made['id']}/aspects.svg").status_code == 200


def test_filters_choose_the_rows_and_are_named(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    query = {"column": "店铺", "value": SHOPS[0], "from": "2024-03"}
    page = report(client, job_id, **query)
    assert f"with 店铺 = “{SHOPS[0]}”" in page
    assert "from 2024-03-01 00:00" in page
    negative = client.get(f"{JOBS}/{job_id}/matches", query_string=query | {"label": "negative"}).json["matches"]
    assert f'<tr><th scope="row">negative</th><td>{negative}</td>' in page


def test_column_may_be_named(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    assert "By 单号" in headings(report(client, job_id, by="单号"))
    refused = client.get(f"{JOBS}/{job_id}/report.html?by=城市")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/by")


def test_language_is_what_the_browser_prefers(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    answer = client.get(f"{JOBS}/{reviewed(store, bulk)}/report.html", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert headings(answer.text) == HEADINGS["zh"]
    assert "Accept-Language" in answer.headers["Vary"]
    assert answer.headers["Content-Disposition"].startswith("attachment; ")


@pytest.mark.parametrize("path", ["report.html", "results.xlsx", "findings"])
def test_one_process_finds_all_phrases_as_it_finds_each(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    job_id = reviewed(store, bulk)
    started: list[int] = []

    def counted(module: str, asked: Sequence[Any], chunks: Iterable[Stored]) -> str:
        started.append(len(asked[1]))
        return work_apart(module, asked, chunks)

    monkeypatch.setattr(asking, "work_apart", counted)
    assert client.get(f"{JOBS}/{job_id}/{path}").status_code == 200
    assert started == [3 if path == "findings" else 4]

    aspects: list[dict[str, str]] = [{}, *({"aspect": name} for name in ("物流", "质量", "客服"))]
    asked = [{"label": "negative"} | aspect for aspect in aspects]
    kept = [client.get(f"{JOBS}/{job_id}/phrases", query_string=query).json for query in asked]
    assert len(started) == (2 if path == "findings" else 1)
    another = reviewed(store, bulk)  # of the same rows
    alone = [
        client.get(f"{JOBS}/{another}/phrases", query_string={"label": "negative"} | query).json for query in asked
    ]
    assert started[-4:] == [1] * 4
    assert [found["data"] for found in kept] == [found["data"] for found in alone]
    assert [(found["here"], found["against"]) for found in kept] == [(one["here"], one["against"]) for one in alone]


def test_only_phrases_that_are_not_known_yet_are_looked_for(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = reviewed(store, bulk)
    assert client.get(f"{JOBS}/{job_id}/phrases", query_string={"label": "negative", "aspect": "质量"}).json["data"]
    asked: list[int] = []

    def counted(module: str, questions: Sequence[Any], chunks: Iterable[Stored]) -> str:
        asked.append(len(questions[1]))
        return work_apart(module, questions, chunks)

    monkeypatch.setattr(asking, "work_apart", counted)
    report(client, job_id)
    assert asked == [3]


def test_second_request_starts_no_process(
    client: FlaskClient, store: JobStore, bulk: BulkLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = reviewed(store, bulk)
    first = report(client, job_id, lang="zh")
    monkeypatch.setattr(asking, "work_apart", lambda *_: pytest.fail("a process was started"))
    assert report(client, job_id, lang="zh") == first
    assert "What to mend first" in report(client, job_id, lang="en")


def test_only_an_ended_job_has_a_report(client: FlaskClient) -> None:
    made = client.post(JOBS, data="评论\n好".encode(), content_type="text/csv").json
    refused = client.get(f"{JOBS}/{made['id']}/report.html")
    assert (refused.status_code, refused.json["code"]) == (409, "job_not_ended")


@pytest.mark.parametrize(
    ("name", "words"), [("aspects", ["<价格>", "物流", "130 / 170 · 76%"]), ("timeline", ["2024-01-01"])]
)
def test_pictures_are_svg_that_needs_nothing_else(
    client: FlaskClient, store: JobStore, bulk: BulkLane, name: str, words: list[str]
) -> None:
    answer = client.get(f"{JOBS}/{reviewed(store, bulk)}/{name}.svg?lang=zh")
    assert answer.content_type == "image/svg+xml; charset=utf-8"
    picture = ElementTree.fromstring(answer.text)  # noqa: S314  # our own
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    said = [element.text for element in picture.iter() if element.text]
    assert set(words) <= set(said)
    assert any("消极" in text for text in said)
    assert not re.search(r"href|<style|<script|url\(", answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_of_no_rows_says_so_and_nothing_else(
    client: FlaskClient, store: JobStore, bulk: BulkLane, language: Language
) -> None:
    page = report(client, reviewed(store, bulk), lang=language, contains="没有这样的词", by="店铺")
    assert headings(page) == []
    assert {"zh": "没有可以报告的行", "en": "There are no rows to report on"}[language] in page
    assert "没有这样的词" in page, "what was asked for"


def test_picture_of_the_timeline_takes_a_step_and_filters(client: FlaskClient, store: JobStore, bulk: BulkLane) -> None:
    job_id = reviewed(store, bulk)
    by_month = client.get(f"{JOBS}/{job_id}/timeline.svg?step=month").text
    assert ">2024-02<" in by_month
    assert "by month" in by_month
    empty = client.get(f"{JOBS}/{job_id}/timeline.svg?contains=没有这样的词")
    assert ElementTree.fromstring(empty.text).tag.endswith("svg")  # noqa: S314  # our own


def test_jobs_without_aspects_or_dates_have_no_pictures_of_them(
    client: FlaskClient, store: JobStore, bulk: BulkLane
) -> None:
    job_id = reviewed(store, bulk, aspects=None, file=None)
    refused = client.get(f"{JOBS}/{job_id}/aspects.svg")
    assert (refused.status_code, refused.json["code"]) == (409, "no_aspects")
    refused = client.get(f"{JOBS}/{job_id}/timeline.svg")
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "no_dates")


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ([("A", "5"), ("B", "3"), ("A", "4")], 1),  # stars are no groups
        ([("A", "x"), ("A", "y"), ("A", "z")], 2),  # one value is no group
        ([("", "x"), ("", "y"), ("A", "z")], 2),  # hardly ever filled
        ([("1", "5"), ("2", "3"), ("3", "4")], None),
    ],
)
def test_likeliest_column_tells_groups_apart(
    store: JobStore, bulk: BulkLane, cells: list[tuple[str, str]], column: int | None
) -> None:
    file = FileFormat("a.csv", "csv", text_column="评论", text_number=1, columns=("评论", "a", "b"))
    chunk = InputChunk(0, ("一", "二", "三"), cells=tuple(cells))
    made, issued = create_job(store, chunk, options=JobOptions(keep_columns=True), file=file)
    answer_chunk(bulk, issued[0], [POSITIVE] * 3)
    assert likeliest_column(Results(store.redis), store.get(made.id)) == column


def test_column_of_very_many_values_is_no_group(store: JobStore, bulk: BulkLane) -> None:
    file = FileFormat("a.csv", "csv", text_column="评论", text_number=1, columns=("评论", "a"))
    chunk = InputChunk(0, tuple("字" * 60), cells=tuple((f"单{n}",) for n in range(60)))
    made, issued = create_job(store, chunk, options=JobOptions(keep_columns=True), file=file)
    answer_chunk(bulk, issued[0], [POSITIVE] * 60)
    assert likeliest_column(Results(store.redis), store.get(made.id)) is None
