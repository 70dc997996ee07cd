"""What is shown of a job: kept in the address, counted, sorted, led to from the split, and taken away as it is."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser import files
from tests.browser.steps import detail, one_look, requests, two_looks
from tests.browser.visits import Visit

SADDEST = "太失望了，物流太慢，包装破了，再也不买"


def rows_of(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=rows-title] tbody tr")


def asked(page: Page) -> dict[str, str]:
    """What the address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query, keep_blank_values=True).items()}


def ended_job(visit: Visit) -> str:
    """120 rows of three cities and two sources, one of them without a source and without a text."""
    job_id = files.submit(visit.cluster, files.csv([*files.reviews(120), ("leer", "", "北京", "")]))
    visit.cluster.wait_ended(job_id)
    return job_id


@two_looks
def test_what_is_chosen_stands_in_the_address_and_back_undoes_it(visit: Visit) -> None:
    job_id = ended_job(visit)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    matches = page.locator(".matches")
    expect(matches).to_have_text(t("rows.count", count=121))
    page.get_by_label(t("rows.label")).select_option("negative")
    expect(matches).to_have_text(t("rows.matches", count=60, all=121))
    page.get_by_label(t("sort.label")).select_option("polarity")
    page.get_by_label(t("rows.size")).select_option("50")
    expect(rows_of(page)).to_have_count(50)
    page.get_by_label(t("rows.search")).fill(files.BLAME)
    page.get_by_label(t("rows.from"), exact=True).fill("99")
    page.get_by_label(t("split.by"), exact=True).select_option(label="城市")
    page.locator(".band input").fill("0.1")
    wanted = {
        "label": "negative",
        "sort": "polarity",
        "size": "50",
        "contains": files.BLAME,
        "min_score": "0.99",
        "by": "3",
        "band": "0.1",
    }
    page.wait_for_function("() => location.search.includes('band') && location.search.includes('min_score')")
    assert asked(page) == wanted
    shown = rows_of(page).all_text_contents()
    told = matches.inner_text()

    page.reload()  # or somebody else opens the address
    expect(rows_of(page)).to_have_text(shown)
    expect(matches).to_have_text(told)
    expect(page.get_by_label(t("rows.label"))).to_have_value("negative")
    expect(page.get_by_label(t("rows.search"))).to_have_value(files.BLAME)
    expect(page.get_by_label(t("rows.from"), exact=True)).to_have_value("99")
    expect(page.get_by_label(t("split.by"), exact=True)).to_have_value("3")
    expect(page.locator(".band input")).to_have_value("0.1")
    assert visit.violations() == []
    assert visit.fits()

    page.locator(".rows-filter").get_by_role("button", name=t("rows.clear"), exact=True).click()
    expect(matches).to_have_text(t("rows.count", count=121))
    assert asked(page) == {"sort": "polarity", "size": "50", "by": "3", "band": "0.1"}
    page.go_back()
    expect(page.get_by_label(t("rows.label"))).to_have_value("negative")
    expect(matches).to_have_text(told)
    expect(rows_of(page)).to_have_count(len(shown))


@one_look
def test_what_an_address_cannot_mean_is_as_usual(visit: Visit) -> None:
    job_id = ended_job(visit)
    page = visit.open(
        f"/jobs/{job_id}?sort=best&min_score=7&from=May&size=a&band=9&step=year&column=2&contains={'x' * 300}&other=1"
    )
    expect(rows_of(page)).to_have_count(20)
    expect(page.get_by_role("alert")).to_have_count(0)


@detail
@two_looks
def test_the_most_negative_rows_come_first(visit: Visit) -> None:
    rows = [*files.reviews(60), ("saddest", SADDEST, "北京", "app")]
    job_id = files.submit(visit.cluster, files.csv(rows))
    visit.cluster.wait_ended(job_id)
    expected = visit.cluster.http.get(f"/api/v1/jobs/{job_id}/results?limit=100&include=text").json()["data"]
    expected.sort(key=lambda row: row["probabilities"]["positive"])
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    page.get_by_label(t("sort.label")).select_option(label=t("sort.negative"))
    expect(rows_of(page).first.locator("td.number")).to_have_text(str(expected[0]["index"] + 1))
    numbers = rows_of(page).locator("td.number").all_inner_texts()
    page.get_by_role("button", name=t("rows.on"), exact=True).click()
    expect(page.get_by_text(t("rows.page", page=2)).first).to_be_visible()
    numbers += rows_of(page).locator("td.number").all_inner_texts()
    positive = {str(row["index"] + 1): row["probabilities"]["positive"] for row in expected}
    assert len(set(numbers)) == 40
    assert [positive.get(n, 0) for n in numbers] == sorted(positive.get(n, 0) for n in numbers)


@detail
@two_looks
def test_a_value_of_the_split_leads_to_its_rows_and_they_are_taken_away_as_shown(visit: Visit) -> None:
    job_id = ended_job(visit)
    page, t = visit.open(f"/jobs/{job_id}?label=negative"), visit.t
    expect(rows_of(page)).to_have_count(20)
    page.locator("section[aria-labelledby=split-title]").get_by_role("link", name="app", exact=True).click()
    expect(page.locator(".matches")).to_have_text(t("rows.matches", count=30, all=121))
    assert asked(page) == {"label": "negative", "column": "4", "value": "app"}
    expect(page.locator("#rows-title")).to_be_focused()
    expect(page.locator("#rows-title")).to_be_in_viewport()

    page.get_by_label(t("sort.label")).select_option("polarity")
    numbers = page.locator("section[aria-labelledby=rows-title] td.number")
    expect(page.get_by_text(t("rows.page", page=1), exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"CSV · {t('downloads.shown')}", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == 30
    assert {(row["label"], row["来源"]) for row in table} == {("negative", "app")}
    assert [str(int(row["index"]) + 1) for row in table[:20]] == numbers.all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(text)))) == 121

    page.locator(".rows-filter").get_by_role("button", name="app").click()
    expect(page.locator(".matches")).to_have_text(t("rows.matches", count=60, all=121))
    page.get_by_label(t("rows.label")).select_option("")
    page.locator("section[aria-labelledby=split-title]").get_by_role("link", name=t("split.empty")).click()
    expect(page.locator(".matches")).to_have_text(t("rows.matches", count=1, all=121))
    expect(rows_of(page).first).to_contain_text("leer")
    assert visit.violations() == []


@one_look
def test_without_a_choice_there_is_one_kind_of_download(visit: Visit) -> None:
    job_id = ended_job(visit)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    expect(page.get_by_role("link", name="CSV", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=t("downloads.shown"))).to_have_count(0)


@detail
def test_columns_are_told_once_and_shares_are_seen_at_any_width(visit: Visit) -> None:
    job_id = ended_job(visit)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    page.get_by_label(t("rows.columns")).check()
    headings = page.locator("section[aria-labelledby=rows-title] thead th")
    expect(headings).to_have_count(7)
    names = [t(f"rows.{name}") for name in ("number", "id", "text", "label", "score")]
    assert [heading.text_content() for heading in headings.all()] == [*names, "城市", "来源"]
    shares = page.locator("section[aria-labelledby=split-title] tbody tr td:nth-child(2)")
    expect(shares.first).to_have_text("50%")
    box = shares.first.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= visit.look.size["width"]
    region = page.locator("section[aria-labelledby=split-title] .scroll")
    assert region.evaluate("place => place.scrollWidth <= place.clientWidth"), "nothing of it is beside the window"


@detail
@two_looks
def test_rows_without_a_text_are_grey_and_no_part_of_the_share(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv([*files.reviews(4), *(("x", "", "北京", "app"),) * 4]))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    positive = page.locator(".distribution .numbers > div").filter(has_text=t("label.positive"))
    expect(positive).to_contain_text("50%")
    expect(page.locator("section[aria-labelledby=split-title] tbody tr").filter(has_text="app")).to_contain_text("50%")
    expect(page.locator(".badge.without_text")).to_have_count(4)
    expect(page.locator(".badge.failed, .part.failed, .dot.failed, .bad")).to_have_count(0)


@detail
@two_looks
def test_the_model_and_how_far_to_trust_it_are_in_sight(visit: Visit) -> None:
    (model,) = visit.cluster.http.get("/api/v1/models").json()["data"]
    page, t = visit.open("/"), visit.t
    known = t("trust.known", share="88%", texts="12,315")
    for path in ("/", f"/jobs/{ended_job(visit)}"):
        visit.open(path)
        note = page.locator(".trust")
        expect(note).to_contain_text(model["id"])
        expect(note).to_contain_text(model["version"])
        expect(note).to_contain_text(known)
        expect(note).to_contain_text(t("trust.misses"))
    note.get_by_role("link").click()
    expect(page.get_by_role("heading", name=t("models.title"), exact=True)).to_be_in_viewport()
    share = f"{100 * model['accuracy']:.1f}".replace(".", "[.,]")
    expect(page.get_by_role("table", name=t("models.title"))).to_contain_text(re.compile(rf"{share}\s?%"))


@one_look
def test_a_job_that_runs_is_counted_and_not_yet_sorted(visit: Visit) -> None:
    job_id = ended_job(visit)
    page, t = visit.page, visit.t

    def unended(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        route.fulfill(json=answer.json() | {"state": "running", "ended_at": None})  # type: ignore[attr-defined]

    page.route(f"**/api/v1/jobs/{job_id}", unended)
    sent = requests(page, "GET", f"/api/v1/jobs/{job_id}/")
    visit.open(f"/jobs/{job_id}?label=negative&sort=polarity")
    expect(page.locator(".matches")).to_have_text(t("rows.matches", count=60, all=121))
    expect(page.get_by_label(t("sort.label"))).to_be_disabled()
    assert sent
    assert [request.url for request in sent if "sort=" in request.url] == []


@one_look
def test_on_paper_the_bars_are_there_and_the_buttons_are_not(visit: Visit) -> None:
    page = visit.open(f"/jobs/{ended_job(visit)}")
    expect(rows_of(page)).to_have_count(20)
    expect(page.locator("section[aria-labelledby=split-title] .part").first).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    for place in (
        ".distribution .part.negative",
        "section[aria-labelledby=split-title] .part.positive",
        "td.score .part",
        "progress",
    ):
        assert page.locator(place).first.evaluate("bar => getComputedStyle(bar).printColorAdjust") == "exact"
    for place in ("nav", ".rows-filter", "section[aria-labelledby=downloads-title]", ".pages"):
        expect(page.locator(place).first).to_be_hidden()
    ink = page.locator("h1").evaluate("element => getComputedStyle(element).color")
    assert sum(map(int, re.findall(r"\d+", ink)[:3])) < 300, "dark on white, whatever the theme"
