"""The page of a job: what it shows, what can be done there, and what can be taken away."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import files
from tests.browser.steps import detail, held, one_look, requests, two_looks
from tests.browser.visits import LOOKS, Look, Visit, clear, visiting
from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tests.support.programs import BROKEN

BREAKS = "【异常】"  #: a text with it fails with the engine of tests/support/programs/broken_engine.py
SLOW = "【迟缓】"  #: and one with this takes it five seconds
WAITS = "【等待】"  #: one with this and a path keeps its chunk at work until the file is there


def lines(page: Page, section: str) -> list[str]:
    return page.locator(f"section[aria-labelledby={section}] tbody tr").all_inner_texts()


def test_an_ended_job_is_shown_in_full(visit: Visit) -> None:
    rows = [*files.reviews(200), ("leer", "", "北京", "app")]
    job_id = files.submit(visit.cluster, files.csv(rows))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t

    numbers = page.get_by_label(t("progress.label"), exact=True).locator(".numbers > div")
    expect(numbers.filter(has_text=t("counts.total")).first).to_contain_text("201")
    expect(numbers.filter(has_text=t("counts.failed"))).to_contain_text("0")
    expect(numbers.filter(has_text=t("counts.without_text"))).to_contain_text("1")
    summary = visit.cluster.http.get(f"/api/v1/jobs/{job_id}/summary").json()
    for label, count in ((label, count) for label, count in summary["counts"].items() if count or label != "failed"):
        expect(page.locator(".distribution .numbers > div").filter(has_text=t(f"label.{label}"))).to_contain_text(
            str(count)
        )
    expect(page.locator(".canvas canvas").first).to_be_visible()  # the histogram is drawn
    page.locator(".chart summary").first.click()
    assert len(page.locator(".chart").first.locator("tbody tr").all()) == len(summary["histogram"])

    expect(page.get_by_label(t("split.by"), exact=True)).to_have_value("4")  # the column that looks like a source
    expect(page.locator("section[aria-labelledby=split-title] tbody tr")).to_have_count(len(files.SOURCES))
    assert sorted(line.split("\t")[0].strip() for line in lines(page, "split-title")) == sorted(files.SOURCES)
    page.get_by_label(t("split.by"), exact=True).select_option(label="城市")
    expect(page.locator("section[aria-labelledby=split-title] tbody tr")).to_have_count(3)

    expect(page.locator("section[aria-labelledby=rows-title] tbody tr")).to_have_count(20)
    page.get_by_text(t("facts.title"), exact=True).click()
    expect(page.locator("details .facts")).to_contain_text("评论.csv")
    assert visit.violations() == []
    assert visit.fits()


@detail
def test_a_row_shows_its_language_and_who_answered(visit: Visit) -> None:
    items = [{"text": "味道不错", "language": "zh-CN"}, {"text": "还行"}]
    job = visit.cluster.http.post("/api/v1/jobs", json={"items": items}).json()
    model = visit.cluster.wait_ended(job["id"])["model"]["id"]
    page = visit.open(f"/jobs/{job['id']}")
    flags = page.locator("section[aria-labelledby=rows-title] tbody .flag")
    expect(flags).to_have_text([f"zh · {model}"])
    assert visit.violations() == []
    assert visit.fits()


def test_rows_are_paged_filtered_and_searched(visit: Visit) -> None:
    rows = [*files.reviews(120), ("leer", "", "北京", "app")]
    job_id = files.submit(visit.cluster, files.csv(rows))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    table = page.locator("section[aria-labelledby=rows-title] tbody tr")

    expect(table.first).to_contain_text(f"{files.PRAISE}0")
    page.get_by_role("button", name=t("rows.on"), exact=True).click()
    expect(table.first).to_contain_text(f"{files.PRAISE}20")
    page.get_by_role("button", name=t("rows.back"), exact=True).click()
    expect(table.first).to_contain_text(f"{files.PRAISE}0")
    page.get_by_label(t("rows.size")).select_option("100")
    expect(table).to_have_count(100)
    page.get_by_role("button", name=t("rows.on"), exact=True).click()
    expect(table).to_have_count(21)
    expect(page.get_by_role("button", name=t("rows.on"), exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name=t("rows.back"), exact=True)).to_be_focused()  # there is no other way

    page.get_by_label(t("rows.label")).select_option("failed")
    expect(table).to_have_count(0)
    page.get_by_label(t("rows.label")).select_option("without_text")
    expect(table).to_have_count(1)
    expect(table.first).to_contain_text(t("error.line", line=122))
    expect(table.first).to_contain_text(t("fault.empty_text"))
    expect(table.first).to_contain_text("The text is empty")
    page.get_by_label(t("rows.label")).select_option("")
    page.get_by_label(t("rows.search")).fill("R117")  # an id, whatever its case
    expect(table).to_have_count(1)
    expect(table.first).to_contain_text(f"{files.BLAME}117")
    page.get_by_label(t("rows.search")).fill("没有这样的话")
    expect(page.get_by_text(t("rows.none_match")).first).to_be_visible()
    expect(page.locator("#announcer")).to_have_text(t("rows.none_match"))
    page.get_by_label(t("rows.search")).fill("")
    page.get_by_label(t("rows.columns")).check()
    expect(table.first).to_contain_text("北京")


@one_look
def test_rows_of_another_filter_begin_at_the_first(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv(files.reviews(100)))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    table = page.locator("section[aria-labelledby=rows-title] tbody tr")
    expect(table).to_have_count(20)
    region = page.locator("section[aria-labelledby=rows-title] .scroll")
    height = region.evaluate("place => place.offsetHeight")
    with held(page, "**/results?*"):
        page.get_by_label(t("rows.search")).fill(files.BLAME)
        expect(region).to_have_attribute("aria-busy", "true")
        assert region.evaluate("place => place.offsetHeight") == height, "what is read meanwhile does not move"
        page.get_by_role("button", name=t("rows.on"), exact=True).click()  # the next page of what was there before
    expect(table.first).to_contain_text(f"{files.BLAME}1")
    expect(page.get_by_text(t("rows.where", page=1, first=2, last=40)).first).to_be_visible()


@one_look
def test_letters_of_a_word_that_is_not_chosen_yet_are_not_searched_for(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv(files.reviews(10)))
    visit.cluster.wait_ended(job_id)
    visit.page.clock.install()
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    table = page.locator("section[aria-labelledby=rows-title] tbody tr")
    expect(table).to_have_count(10)
    sent = requests(page, "GET", "/results?contains=")
    page.get_by_label(t("rows.search")).focus()
    typist = page.context.new_cdp_session(page)
    typist.send("Input.imeSetComposition", {"text": "wu'liu", "selectionStart": 6, "selectionEnd": 6})
    expect(page.get_by_label(t("rows.search"))).to_have_value("wu'liu")
    page.clock.fast_forward(5_000)  # the visitor looks for the right word
    typist.send("Input.insertText", {"text": "物流"})
    expect(table).to_have_count(5)
    assert len(sent) == 1


@detail
def test_the_neutral_band_is_for_everything_on_the_page(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv(files.reviews(100)))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    expect(page.locator(".distribution .numbers > div")).to_have_count(2)
    page.locator(".band input").press("End")  # 0.5: nothing is sure enough
    expect(page.locator(".distribution .numbers > div").filter(has_text=t("label.neutral"))).to_contain_text("100")
    expect(page.locator("section[aria-labelledby=rows-title] tbody .badge.neutral")).to_have_count(20)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert {row["label"] for row in csv.DictReader(io.StringIO(text))} == {"neutral"}


@pytest.mark.parametrize("look", LOOKS[1:3], ids=lambda look: look.name)
def test_results_are_taken_away_as_files(visit: Visit, tmp_path: Path) -> None:
    rows = files.reviews(150)
    job_id = files.submit(visit.cluster, files.csv(rows))
    visit.cluster.wait_ended(job_id)
    page = visit.open(f"/jobs/{job_id}")
    saved = {}
    for kind in ("CSV", "XLSX", "JSON", "NDJSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"评论.results.{kind.lower()}"
        saved[kind] = tmp_path / kind.lower()
        download.value.save_as(saved[kind])

    texts = [text for _, text, _, _ in rows]
    table = list(csv.DictReader(io.StringIO(saved["CSV"].read_text(encoding="utf-8-sig"))))
    assert [row["评论"] for row in table] == texts
    assert [row["来源"] for row in table] == [source for *_, source in rows]
    assert [row["text"] for row in json.loads(saved["JSON"].read_text())] == texts
    assert [json.loads(line)["text"] for line in saved["NDJSON"].read_text().splitlines()] == texts
    sheet, summary = load_workbook(io.BytesIO(saved["XLSX"].read_bytes())).worksheets
    heading, *found = sheet.iter_rows(values_only=True)
    assert [row[1] for row in found] == texts
    assert heading[-3:] == {"zh": ("情感", "置信度", "备注"), "en": ("label", "score", "note")}[visit.look.language]
    split = [row[:2] for row in summary.iter_rows(min_row=summary.max_row - 2, values_only=True)]
    assert split == [("来源", {"zh": "行数", "en": "rows"}[visit.look.language]), ("app", 76), ("网站", 74)]


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    """One bulk child whose engine breaks on marked texts and is slow on others; a chunk has four texts."""
    folder = tmp_path_factory.mktemp("troubled")
    with Cluster(folder, SENTIQ_CHUNK_TEXTS="4", SENTIQ_CACHE_ENTRIES="0", SENTIQ_MAX_XLSX_ROWS="50") as running:
        running.start(interactive=1, bulk=0)
        running.start_worker("bulk", 1, app=BROKEN)
        yield running


@pytest.fixture
def in_trouble(browser: Browser, troubled: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, troubled, look, expected=("409", "404")) as visit:
        yield visit
    clear(troubled)


def test_a_running_job_is_paused_resumed_cancelled_and_erased(in_trouble: Visit) -> None:
    visit = in_trouble
    rows = [
        (f"r{n}", f"{SLOW if n % 4 == 0 else ''}{text}", city, source)
        for n, (_, text, city, source) in enumerate(files.reviews(40))
    ]
    job_id = files.submit(visit.cluster, files.csv(rows))
    page, t = visit.open(f"/jobs/{job_id}"), visit.t

    def button(name: str) -> Locator:
        return page.get_by_role("button", name=t(name), exact=True)

    work = page.get_by_label(t("progress.work"))
    expect(work).to_have_attribute("aria-valuetext", re.compile(t("progress.eta", time=r"\d.*")))
    assert visit.violations() == []
    button("act.pause").click()
    expect(page.locator(".state-paused")).to_be_visible()
    expect(button("act.resume")).to_be_focused()  # where the pressed button was
    wait_until(lambda: visit.cluster.job(job_id)["state"] == "paused")
    sent = requests(page)
    # While nothing changes, nothing but the job itself is read again and again.
    wait_until(lambda: page.title() and [r.url.rpartition("/")[2] for r in sent[-4:]] == [job_id] * 4)

    page = visit.open("/")  # leave, and come back by its address
    page = visit.open(f"/jobs/{job_id}")
    button("act.resume").click()
    expect(page.locator(".state-running")).to_be_visible()
    button("act.cancel").click()
    button("confirm.no").click()
    expect(button("act.cancel")).to_be_focused()
    button("act.cancel").click()
    button("confirm.yes").click()
    expect(page.locator(".state-cancelled")).to_be_visible()
    expect(button("act.erase")).to_be_focused()  # there is nothing else left to press
    done = visit.cluster.job(job_id)["counts"]
    assert 0 < done["completed"] < done["total"] == 40
    expect(page.locator("section[aria-labelledby=rows-title] tbody tr").first).to_contain_text(files.PRAISE)

    for _ in range(3):  # a key that is held down answers no question
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    expect(button("confirm.yes")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs")
    assert visit.cluster.http.get(f"/api/v1/jobs/{job_id}").status_code == 404


@one_look
def test_a_job_ends_while_one_looks_at_the_list(in_trouble: Visit, tmp_path: Path) -> None:
    visit, cluster, t = in_trouble, in_trouble.cluster, in_trouble.t
    answered = tmp_path / "answered"
    job_id = cluster.submit([f"{WAITS}{answered}", *[f"很好{n}" for n in range(1_499)]])
    assert cluster.http.post(f"/api/v1/jobs/{job_id}/pause").status_code == 200
    page = visit.open("/jobs")
    lines = page.locator("tbody tr")
    line = lines.filter(has_text=job_id)
    expect(line).to_contain_text(t("state.paused"))
    link = line.get_by_role("link")
    link.focus()

    answered.touch()
    cluster.http.post(f"/api/v1/jobs/{job_id}/resume")
    expect(line).to_contain_text(t("state.completed"))
    expect(line).to_contain_text("1,500 / 1,500")
    expect(link).to_be_focused()  # though the line is a new one
    new = cluster.submit(["很好"])
    expect(lines.first).to_contain_text(new)
    link.press("Enter")
    expect(page.locator(".state")).to_contain_text(t("state.completed"))


@detail
@pytest.mark.parametrize("look", LOOKS[1:3], ids=lambda look: look.name)
def test_failed_rows_tell_why_and_are_tried_again(in_trouble: Visit) -> None:
    visit, cluster = in_trouble, in_trouble.cluster
    rows = [("a", files.PRAISE, "北京", "app"), ("b", f"{BREAKS}{files.BLAME}", "上海", "app")]
    job_id = files.submit(cluster, files.csv(rows))
    cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    table = page.locator("section[aria-labelledby=rows-title] tbody tr")
    why = page.locator("section[aria-labelledby=summary-title] details").first
    expect(why).to_contain_text("inference_failed")
    expect(why).to_contain_text(t("fault.inference_failed"))
    page.get_by_label(t("rows.label")).select_option("failed")
    expect(table).to_have_count(1)
    expect(table.first).to_contain_text("RuntimeError")

    broken = next(process for process in cluster.processes if process.name == "bulk")
    broken.stop()
    cluster.processes.remove(broken)
    sound = cluster.start_worker("bulk", 1, name="sound")
    try:
        page.get_by_role("button", name=t("act.retry"), exact=True).click()
        expect(page.get_by_text(t("rows.none_match"))).to_be_visible()
        expect(page.get_by_role("button", name=t("act.retry"), exact=True)).to_be_hidden()
        assert cluster.job(job_id)["counts"] == {"total": 2, "completed": 2, "failed": 0, "without_text": 0}
    finally:
        sound.stop()
        cluster.processes.remove(sound)
        cluster.start_worker("bulk", 1, app=BROKEN)


@detail
@two_looks
def test_a_workbook_is_not_offered_of_more_rows_than_it_may_have(in_trouble: Visit) -> None:
    visit = in_trouble
    job_id = files.submit(visit.cluster, files.csv(files.reviews(51)))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    expect(page.get_by_text(t("downloads.no_xlsx", rows=50))).to_be_visible()
    expect(page.get_by_role("link", name="CSV", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="XLSX", exact=True)).to_be_hidden()


@detail
def test_another_try_is_offered_where_it_could_help_and_a_refusal_says_what_to_do(in_trouble: Visit) -> None:
    visit = in_trouble
    blank = files.submit(visit.cluster, files.csv([*files.reviews(1), ("leer", "", "", "")]))
    broken = files.submit(visit.cluster, files.csv([*files.reviews(1), ("b", f"{BREAKS}{files.BLAME}", "", "")]))
    for job_id in (blank, broken):
        visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{blank}"), visit.t
    expect(page.get_by_text(t("counts.without_text"), exact=True).first).to_be_visible()
    expect(page.locator(".badge.failed, .dot.failed, .numbers .bad")).to_have_count(0)
    expect(page.get_by_role("button", name=t("act.retry"), exact=True)).to_be_hidden()

    page = visit.open(f"/jobs/{broken}")
    page.route("**/retry", lambda route: route.continue_(url=route.request.url.replace(broken, blank)))
    page.get_by_role("button", name=t("act.retry"), exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No row of job")
    expect(page.get_by_role("alert")).to_contain_text(t("remedy.nothing_to_retry"))
    assert visit.violations() == []
