"""A file becomes a job: dropped, looked at, started, followed to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import files
from tests.browser.steps import detail, held, one_look, two_looks
from tests.browser.visits import LOOKS, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tests.support.proxy import Fault, FaultyProxy


def test_a_dropped_file_is_shown_as_it_will_be_read_and_becomes_a_job(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.drop(page, page.locator(".drop"), ("评论.csv", files.csv(files.reviews(300)).decode()))

    preview = page.get_by_role("region", name=t("preview.table"))
    expect(preview.get_by_role("columnheader")).to_have_count(4)
    expect(preview.get_by_role("columnheader").nth(1)).to_contain_text(t("preview.is_text"))
    expect(preview.get_by_role("row").nth(1)).to_contain_text(f"{files.PRAISE}0")
    expect(preview.locator("td.chosen").first).to_have_css("display", "table-cell")
    expect(page.get_by_label(t("preview.text_column"))).to_have_value("评论")
    expect(page.locator(".facts")).to_contain_text("utf-8")
    assert visit.violations() == []
    assert visit.fits()

    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("评论.csv")
    expect(page.get_by_label(t("progress.work"))).to_have_attribute("aria-valuetext", re.compile("300"))
    job = visit.cluster.job(job_id)
    assert job["counts"] == {"total": 300, "completed": 300, "failed": 0, "without_text": 0}
    assert job["file"]["columns"] == list(files.HEADINGS)


@detail
def test_encoding_and_delimiter_are_recognised_and_can_be_overruled(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "旧表.csv", files.csv(files.reviews(70), delimiter=";", encoding="gb18030"))
    expect(page.locator(".facts")).to_contain_text("gb18030")
    expect(page.locator(".facts")).to_contain_text(t("delimiter.semicolon"))

    page.get_by_label(t("preview.delimiter")).select_option(label=t("delimiter.comma"))
    expect(page.get_by_role("region", name=t("preview.table")).get_by_role("columnheader")).to_have_count(1)
    page.get_by_label(t("preview.delimiter")).select_option(index=0)
    expect(page.get_by_role("region", name=t("preview.table")).get_by_role("columnheader")).to_have_count(4)

    page.get_by_label(t("preview.text_column")).select_option(label="城市")
    expect(page.get_by_role("region", name=t("preview.table")).locator("th.chosen").nth(1)).to_contain_text("城市")
    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    file = visit.cluster.job(job_id)["file"]
    assert (file["encoding"], file["delimiter"], file["text_column"]) == ("gb18030", ";", "城市")


@detail
def test_a_sheet_of_a_workbook_is_picked(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    sheets: dict[str, list[tuple[str, ...]]] = {
        "说明": [("这里没有评论",)],
        "数据": [files.HEADINGS, *files.reviews(80)],
    }
    files.choose(visit, "反馈.xlsx", files.workbook(**sheets))
    page.get_by_label(t("preview.sheet")).select_option(label="数据")
    expect(page.get_by_role("region", name=t("preview.table")).get_by_role("columnheader")).to_have_count(4)
    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    job = visit.cluster.job(job_id)
    assert (job["file"]["sheet"], job["file"]["text_column"], job["counts"]["total"]) == ("数据", "评论", 80)
    assert visit.cluster.redis.keys("sentiq:upload:*") == [], "what was looked at is not kept"


@detail
def test_the_options_are_those_of_the_job(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "夜里.csv", files.csv(files.reviews(10)))
    page.get_by_label(t("options.model"), exact=True).select_option(index=1)
    page.get_by_label(t("options.priority"), exact=True).select_option("low")
    page.get_by_label(t("options.long_texts"), exact=True).select_option("windows")
    soon = datetime.now(UTC) + timedelta(hours=2)
    page.get_by_label(t("options.from"), exact=True).fill(f"{soon:%H:%M}")
    page.get_by_label(t("options.to"), exact=True).fill(f"{soon + timedelta(hours=1):%H:%M}")
    page.get_by_label(t("options.zone"), exact=True).fill("UTC")
    page.get_by_label(t("options.keep_columns")).uncheck()
    page.locator(".band input").press("End")
    job_id = files.start(visit)
    expect(page.locator(".state-scheduled")).to_be_visible()
    job = visit.cluster.job(job_id)
    options = job["options"]
    assert job["model"]["id"] == "sentiq-small-zh"
    assert (options["priority"], options["long_texts"], options["neutral_band"]) == ("low", "windows", 0.5)
    assert (options["window"], options["time_zone"]) == (f"{soon:%H:%M}-{soon + timedelta(hours=1):%H:%M}", "UTC")
    assert not options["keep_columns"]


def test_what_is_wrong_with_an_option_is_told_beside_the_form(browser: Browser, cluster: Cluster) -> None:
    with visiting(browser, cluster, LOOKS[0], expected=("422",)) as visit:
        page, t = visit.open("/bulk"), visit.t
        files.choose(visit, "a.csv", files.csv(files.reviews(10)))
        page.get_by_label(t("options.from"), exact=True).fill("22:00")
        page.get_by_label(t("options.to"), exact=True).fill("06:00")
        page.get_by_label(t("options.zone"), exact=True).fill("Mars/Olympus")
        page.get_by_role("button", name=t("bulk.start")).click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Mars/Olympus")
        page.get_by_label(t("options.zone"), exact=True).fill("Asia/Shanghai")
        files.start(visit)  # nothing that was chosen is lost


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", b"", "error.empty_file"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + b"0" * 100, "error.422"),
        ("damaged.xlsx", b"PK\x03\x04" + b"0" * 100, "error.422"),
    ],
    ids=["empty", "picture", "damaged workbook"],
)
def test_a_file_that_cannot_be_read_is_refused_in_place(
    browser: Browser, cluster: Cluster, name: str, content: bytes, told: str
) -> None:
    with visiting(browser, cluster, LOOKS[2], expected=("422",)) as visit:
        page, t = visit.open("/bulk"), visit.t
        files.put(page, name, content)
        expect(page.get_by_role("alert")).to_contain_text(t(told))
        files.choose(visit, "sound.csv", files.csv(files.reviews(3)))  # the next one is taken
        expect(page.get_by_role("alert")).to_have_count(0)


@one_look
def test_of_several_files_the_first_is_taken_and_that_is_told(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.drop(page, page.locator(".drop"), ("first.txt", files.PRAISE), ("second.txt", files.BLAME))
    expect(page.locator(".drop .file")).to_contain_text("first.txt")
    expect(page.locator(".drop .file")).to_contain_text(t("drop.one"))
    expect(page.get_by_role("region", name=t("preview.table"))).to_contain_text(files.PRAISE)


@detail
@two_looks
def test_a_file_that_changes_after_it_was_chosen_is_told_as_that(visit: Visit, tmp_path: Path) -> None:
    page, t = visit.open("/bulk"), visit.t
    path = tmp_path / "评论.csv"
    path.write_bytes(files.csv(files.reviews(20_000)))
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("heading", name=t("preview.title")).wait_for()
    path.write_bytes(files.csv(files.reviews(10)))
    page.get_by_role("button", name=t("bulk.start")).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(t("error.file_unreadable"))
    expect(alert).to_contain_text(t("remedy.file_unreadable"))
    expect(alert).not_to_contain_text(t("error.hold"))  # waiting does not help

    files.put(page, "评论 2.csv", path.read_bytes())
    expect(alert).to_have_count(0)
    job_id = files.start(visit)
    assert visit.cluster.wait_ended(job_id)["counts"]["total"] == 10


@one_look
def test_a_job_is_not_started_before_its_preview_is_there(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "a.csv", files.csv(files.reviews(10)))
    start = page.get_by_role("button", name=t("bulk.start"))
    with held(page, "**/api/v1/uploads/*"):
        page.get_by_label(t("preview.has_header")).select_option("false")
        expect(start).to_be_disabled()
    expect(start).to_be_enabled()
    assert visit.cluster.wait_ended(files.start(visit))["counts"]["total"] == 11


@one_look
def test_what_was_looked_at_is_not_kept_when_one_leaves(visit: Visit) -> None:
    redis = visit.cluster.redis
    page, t = visit.open("/bulk"), visit.t
    before = set(redis.keys("sentiq:upload:*"))  # of visitors who closed the browser
    files.choose(visit, "a.csv", files.csv(files.reviews(10)))
    kept = set(redis.keys("sentiq:upload:*")) - before
    assert kept
    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    wait_until(lambda: not redis.exists(*kept))


@one_look
@pytest.mark.parametrize("gzipped", [False, True], ids=["plain", "gzip"])
def test_of_a_large_file_a_part_is_enough_to_look_at(visit: Visit, gzipped: bool) -> None:
    content = files.csv(files.reviews(6_000))
    page = visit.open("/bulk")
    sizes: list[int] = []
    page.on("request", lambda r: sizes.append(len(r.post_data_buffer or b"")) if "/uploads" in r.url else None)
    files.choose(visit, "large.csv.gz" if gzipped else "large.csv", files.packed(content) if gzipped else content)
    assert sizes
    assert max(sizes) <= 2**18 + 2**16 < len(content)  # a piece of unpacked data may lie over the end
    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    assert visit.cluster.job(job_id)["counts"] == {"total": 6_000, "completed": 6_000, "failed": 0, "without_text": 0}


@pytest.fixture
def slow(cluster: Cluster) -> Iterator[FaultyProxy]:
    """A slow line to the API: some 80 kB/s once `delay_s` is set."""
    proxy = FaultyProxy(cluster.port, receive_buffer=2**16)
    yield proxy
    proxy.cut()
    proxy.close()


PIECE_S = 0.2  #: by which the proxy delays each piece of 16 kB


def test_rows_run_while_the_file_is_still_sent_and_one_looks_elsewhere(
    browser: Browser, cluster: Cluster, slow: FaultyProxy
) -> None:
    with visiting(browser, cluster, LOOKS[0], url=slow.url) as visit:
        page, t = visit.open("/bulk"), visit.t
        files.choose(visit, "slow.csv", files.heavy(5_000))
        slow.delay_s = PIECE_S
        job_id = files.start(visit)

        upload, work = page.get_by_label(t("progress.upload"), exact=True), page.get_by_label(t("progress.work"))
        wait_until(lambda: cluster.job(job_id)["counts"]["completed"] > 0, message="rows are answered meanwhile")
        expect(work).to_have_attribute("aria-valuetext", re.compile("so far"))
        assert cluster.job(job_id)["state"] == "receiving"
        assert 0 < float(upload.evaluate("bar => bar.value")) < 1
        expect(upload).to_have_attribute("aria-valuetext", re.compile(r"MB · \d+ (s|min .*) left"))
        left = page.locator("section dl.numbers > div").filter(has_text=t("counts.eta"))
        expect(left.locator("dd")).to_have_text("–")  # of how many rows, nobody knows yet

        page.get_by_role("link", name=t("nav.cluster")).click()  # the upload goes on
        page.get_by_role("heading", name=t("cluster.title"), level=1).wait_for()
        page.get_by_role("link", name=t("nav.bulk")).click()
        expect(page.locator(".drop .file")).to_be_empty()  # it is a job already, and not offered again
        page.get_by_role("link", name=t("nav.jobs")).click()
        line = page.locator("tbody tr").filter(has_text="slow.csv")
        expect(line.get_by_role("progressbar")).to_have_attribute("aria-valuetext", re.compile(r"\d / \d"))
        page.get_by_role("link", name="slow.csv").click()
        slow.delay_s = 0
        expect(upload).to_have_attribute("aria-valuetext", re.compile(f"^{t('progress.sent', size='')}.* MB$"))
        expect(page.locator(".state-completed")).to_be_visible()
        assert cluster.job(job_id)["counts"] == {"total": 5_000, "completed": 5_000, "failed": 0, "without_text": 0}


def test_another_file_may_be_chosen_before_the_first_is_known_as_a_job(
    browser: Browser, cluster: Cluster, slow: FaultyProxy
) -> None:
    with visiting(browser, cluster, LOOKS[0], url=slow.url) as visit:
        page, t = visit.open("/bulk"), visit.t
        files.choose(visit, "first.csv", files.heavy(2_500))
        with held(page, "**/api/v1/jobs?idempotency_key=*"):
            slow.delay_s = PIECE_S
            page.get_by_role("button", name=t("bulk.start")).click()
            files.put(page, "second.csv", files.csv(files.reviews(7)))
            expect(page.locator("form")).to_contain_text("second.csv")
            slow.delay_s = 0
            wait_until(lambda: cluster.http.get("/api/v1/jobs?state=completed").json()["data"])
        (first,) = cluster.http.get("/api/v1/jobs").json()["data"]
        assert (first["name"], first["counts"]["completed"]) == ("first.csv", 2_500)
        second = files.start(visit)  # the page has stayed where it was
        assert cluster.wait_ended(second)["counts"]["completed"] == 7


def test_an_upload_that_breaks_off_is_sent_again(browser: Browser, cluster: Cluster, slow: FaultyProxy) -> None:
    with visiting(browser, cluster, LOOKS[0], expected=("ERR_", "Failed to load"), url=slow.url) as visit:
        page, t = visit.open("/bulk"), visit.t
        files.choose(visit, "broken.csv", files.heavy(3_000))
        slow.delay_s = PIECE_S
        first = files.start(visit)
        wait_until(lambda: cluster.job(first)["counts"]["total"] > 0, message="rows arrive")
        upload = page.get_by_label(t("progress.upload"), exact=True)
        expect(upload).to_be_visible()
        slow.faults.extend([Fault(cut_sent=1)] * 1_000)
        slow.cut()
        expect(upload).to_have_attribute("aria-valuetext", t("progress.broken"))
        expect(page.get_by_role("alert").first).to_contain_text(t("error.no_answer"))
        slow.delay_s = 0
        slow.faults.clear()

        page.wait_for_url(lambda url: first not in url)  # by itself, after a few seconds
        expect(page.locator(".state-completed")).to_be_visible()
        second = page.url.rpartition("/")[2]
        assert cluster.job(second)["counts"] == {"total": 3_000, "completed": 3_000, "failed": 0, "without_text": 0}
        ended = cluster.wait_ended(first)
        assert (ended["state"], ended["error"]["code"]) == ("failed", "upload_interrupted")


@detail
@two_looks
def test_the_upload_bar_of_a_workbook_counts_the_bytes_of_the_file(visit: Visit) -> None:
    """It has been sent for the look at it; what follows is a few words that name it."""
    rows = [files.HEADINGS, *files.reviews(3_000)]
    content = files.workbook(Sheet=rows)
    visit.open("/bulk")
    files.choose(visit, "评论.xlsx", content)
    sizes = visit.page.evaluate_handle(
        """() => {
            const seen = [];
            new MutationObserver(() => {
                const text = document.querySelector('.progress progress')?.getAttribute('aria-valuetext');
                if (text && text !== seen.at(-1)) seen.push(text);
            }).observe(document.body, {subtree: true, childList: true, attributes: true});
            return seen;
        }"""
    )
    files.start(visit)
    upload = visit.page.get_by_label(visit.t("progress.upload"))
    size = f"{round(len(content) / 1000)} kB"
    expect(upload).to_have_attribute("aria-valuetext", visit.t("progress.sent", size=size))
    told = [text for text in sizes.json_value() if " B" in text or "kB" in text]
    assert told
    assert [text for text in told if size not in text] == []


SHOP = [
    *(["2026年7月评价汇总", "", ""], ["", "", ""], ["店铺", "评价", "追评"]),
    *(["北京店", "味道不错，下次还来", "用了一周还是喜欢"], ["上海店", "物流太慢，很失望", "客服也不回"]),
    *(["北京店", "包装完整，挺好的", ""], ["上海店", "NULL", "NULL"]),
]


@detail
@two_looks
def test_what_was_decided_is_listed_and_can_be_decided_otherwise(visit: Visit) -> None:
    """An export with a title above the headings, in the bytes of old programs, of two columns with texts."""
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "评价.xls", "\n".join(map("\t".join, SHOP)).encode("gbk"))
    table, notes = page.get_by_role("region", name=t("preview.table")), page.get_by_role("list")
    row = page.get_by_label(t("preview.header_row"))
    expect(row).to_have_value("3")
    expect(notes.filter(has_text=t("note.rows_above_headings", count=1))).to_be_visible()
    row.fill("4")
    row.press("Tab")
    expect(table.get_by_role("columnheader").nth(1)).to_contain_text("味道不错")
    row.fill("3")
    row.press("Tab")
    expect(table.get_by_role("columnheader").nth(1)).to_contain_text("评价")

    page.get_by_label(t("preview.joined")).first.select_option(label="追评")
    expect(table.locator("th.chosen")).to_have_count(2)
    joined = t("note.columns_joined", columns="“评价”").partition("“")[0]
    expect(notes.filter(has_text=joined)).to_contain_text("追评")
    nulls = page.get_by_label(t("preview.null_values"))
    nulls.fill("客服也不回，NULL")
    nulls.press("Tab")
    expect(notes.filter(has_text="客服也不回")).to_be_visible()
    assert visit.violations() == []
    assert visit.fits()

    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    expect(page.get_by_role("list").filter(has_text=joined)).to_contain_text("追评")
    assert visit.violations() == []
    job = visit.cluster.job(job_id)
    assert (job["file"]["header_row"], job["file"]["text_numbers"]) == (3, [2, 3])
    assert job["counts"] == {"total": 4, "completed": 3, "failed": 0, "without_text": 1}


@detail
@two_looks
def test_the_year_of_dates_without_one_is_asked_for(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    table = f"评论,评价时间\n{files.PRAISE},5月3日\n{files.BLAME},5月4日 14:20\n{files.PRAISE}！,6月1日\n"
    files.choose(visit, "评价.csv", table.encode())
    notes = page.get_by_role("list").filter(has_text="date_year")
    year = page.get_by_label(t("preview.date_year"), exact=True)
    expect(notes).to_be_visible()
    expect(year).to_have_value("")
    year.fill("2021")
    year.press("Tab")
    expect(notes).to_have_count(0)
    expect(year).to_have_value("2021")  # to be changed again
    assert visit.violations() == []
    assert visit.fits()

    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    points = visit.cluster.http.get(f"/api/v1/jobs/{job_id}/timeline?step=day").json()["points"]
    assert [point["start"] for point in points] == ["2021-05-03", "2021-05-04", "2021-06-01"]
    days = page.locator("section[aria-labelledby=timeline-title]")
    days.get_by_label(t("timeline.step"), exact=True).select_option("month")
    days.get_by_text(t("chart.numbers")).click()
    expect(days.locator("tbody tr")).to_have_count(2)
    expect(days.locator("tbody tr").first).to_contain_text("2021")


@one_look
def test_a_page_without_dates_that_lack_a_year_asks_for_none(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    table = f"评论,评价时间\n{files.PRAISE},2024年5月3日\n{files.BLAME},2024年5月4日\n"
    files.choose(visit, "评价.csv", table.encode())
    expect(page.get_by_role("columnheader", name="评价时间")).to_contain_text(t("preview.is_date"))
    expect(page.get_by_label(t("preview.date_year"), exact=True)).to_have_count(0)


@detail
@one_look
def test_only_what_the_format_obeys_is_offered(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "a.jsonl", '{"内容": "味道不错，下次还来"}\n{"内容": "物流太慢"}\n'.encode())
    expect(page.get_by_label(t("preview.encoding"))).to_be_visible()
    for name in ("header_row", "has_header", "delimiter"):
        expect(page.get_by_label(t(f"preview.{name}"), exact=True)).to_have_count(0)


@detail
@two_looks
def test_a_job_of_which_no_row_could_be_read_says_so(visit: Visit) -> None:
    empty = "评论,城市\n".encode() + ",北京\n".encode() * 2_000
    headers = {"Content-Type": "text/csv"}
    answer = visit.page.request.post(f"{visit.url}/api/v1/jobs?name=empty", data=empty, headers=headers)
    assert (answer.status, answer.json()["errors"][0]["code"]) == (422, "no_row_read")
    job = visit.page.request.get(f"{visit.url}/api/v1/jobs?state=failed&limit=1").json()["data"][0]
    page = visit.open(f"/jobs/{job['id']}")
    expect(page.get_by_role("alert")).to_contain_text(visit.t("refusal.no_row_read"))
    expect(page.get_by_role("list").filter(has_text=visit.t("note.rows_without_text", count="2,000"))).to_be_visible()
