"""What people complain about: from a dropped file of reviews to what is to be mended, and to the texts."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import files, shops
from tests.browser.steps import detail, one_look, two_looks
from tests.browser.visits import ADMIN_TOKEN, LOOKS, Look, Visit, visiting
from tests.support.cluster import Cluster

#: Each width in one of the two lights: colours are judged too.
dark_looks = pytest.mark.parametrize(
    "look", [replace(LOOKS[0], scheme="dark"), LOOKS[3]], ids=["en-desktop-dark", "zh-phone"]
)
BAD_WEEK = shops.MONDAY + timedelta(weeks=shops.BAD_WEEK)
ROWS = f"{shops.ROWS:,}"


def part(page: Page, name: str) -> Locator:
    return page.locator(f"section[aria-labelledby={name}-title]")


def asked(page: Page) -> dict[str, list[str]]:
    """What the address says."""
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def settled(page: Page) -> None:
    """All parts are read: nothing is busy, and the cards are whole."""
    page.wait_for_load_state("networkidle")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)


def png(content: bytes) -> tuple[int, int, bytes]:
    """Width and height of a picture, and what its pixels are made of (PNG, third edition, 2025: IHDR and IDAT)."""
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack_from(">II", content, 16)
    at, packed = 8, b""
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        packed += content[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    return width, height, zlib.decompress(packed)


@dark_looks
def test_from_a_dropped_file_to_what_is_to_be_mended(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "评价.csv", shops.reviews())
    expect(page.get_by_label(t("preview.date_column"))).to_have_value("评价时间")
    expect(page.get_by_role("columnheader", name="评价时间")).to_contain_text(t("preview.is_date"))
    page.get_by_label(t("options.keep_columns")).uncheck()
    page.get_by_label(t("options.aspects"), exact=True).select_option("shop")
    expect(page.get_by_label(t("options.keep_columns"))).to_be_checked()
    expect(page.get_by_text("质量、外观")).to_be_visible()
    assert visit.violations() == []
    assert visit.fits()
    job_id = files.start(visit)

    cards = part(page, "mending").get_by_role("listitem").filter(has=page.get_by_role("heading"))
    expect(cards).to_have_count(3)
    expect(cards.locator("h3")).to_have_text(["服务", "物流", "包装"])
    settled(page)
    delivery = cards.nth(1)
    expect(delivery.locator(".changes")).to_contain_text(str(BAD_WEEK))
    expect(delivery.locator(".sign.worse")).to_have_count(1)
    expect(delivery.locator(".phrases a").nth(1)).to_be_visible()
    expect(delivery.locator(".quotes li mark").nth(1)).to_be_visible()
    assert visit.violations() == []
    assert visit.fits()

    # The number leads to its texts, and keeps what was chosen since it was drawn.
    part(page, "rows").get_by_label(t("rows.size")).select_option("50")
    answer = visit.cluster.http.get(f"/api/v1/jobs/{job_id}/aspects").json()["data"]
    count = next(aspect for aspect in answer if aspect["aspect"] == "物流")["counts"]["negative"]
    expect(delivery.locator(".figure a")).to_have_text(t("mending.count", count=count))
    delivery.locator(".figure a").click()
    expect(page.locator("#rows-title")).to_be_focused()
    expect(page.locator("#rows-title")).to_be_in_viewport()
    expect(page.locator(".matches")).to_have_text(t("rows.matches", count=count, all=ROWS))
    rows = part(page, "rows").locator("tbody tr")
    expect(rows.first.locator("mark")).to_be_visible()
    expect(rows.first.locator(".opinions")).to_contain_text(f"物流 · {t('label.negative')}")
    assert asked(page) == {"aspect": ["物流"], "label": ["negative"], "sort": ["polarity"], "size": ["50"]}


@detail
@two_looks
def test_filters_combine_stand_in_the_address_and_are_let_go_one_by_one(visit: Visit, reviews_job: str) -> None:
    page, t = visit.open(f"/jobs/{reviews_job}"), visit.t
    matches = page.locator(".matches")
    expect(matches).to_have_text(t("rows.count", count=ROWS))
    settled(page)
    line = part(page, "aspects").locator("tbody tr").filter(has_text="物流")
    line.get_by_role("link").nth(1).click()  # its negative mentions
    part(page, "split").get_by_label(t("split.by"), exact=True).select_option(label="商品")
    part(page, "split").get_by_role("link", name=shops.BAD_PRODUCT).click()
    week = f"from={BAD_WEEK}&to={BAD_WEEK + timedelta(days=6)}"
    filters = {"aspect": ["物流"], "label": ["negative"], "column": ["3"], "value": [shops.BAD_PRODUCT]}
    assert {name: values for name, values in asked(page).items() if name != "by"} == filters
    page = visit.open(f"{urlsplit(page.url).path}?{urlsplit(page.url).query}&{week}")

    chips = part(page, "rows").locator(".chosen button")
    expect(chips).to_have_count(5)
    expect(chips.nth(0)).to_contain_text("物流")
    expect(chips.nth(1)).to_contain_text(t("label.negative"))
    expect(chips.nth(2)).to_contain_text(f"商品{t('refusal.joint').strip()}")
    expect(chips.nth(3)).to_contain_text(str(BAD_WEEK))
    query = "aspect=物流&label=negative&column=商品&value=" + shops.BAD_PRODUCT
    count = visit.cluster.http.get(f"/api/v1/jobs/{reviews_job}/matches?{query}&{week}").json()["matches"]
    assert count > 0.016 * shops.ROWS, "most of those who bought it that week"
    expect(matches).to_have_text(t("rows.matches", count=count, all=ROWS))
    assert visit.violations() == []
    assert visit.fits()

    chips.nth(3).click()
    expect(chips).to_have_count(4)
    more = visit.cluster.http.get(f"/api/v1/jobs/{reviews_job}/matches?{query}").json()["matches"]
    expect(matches).to_have_text(t("rows.matches", count=more, all=ROWS))
    page.go_back()
    expect(matches).to_have_text(t("rows.matches", count=count, all=ROWS))
    part(page, "rows").get_by_role("button", name=t("rows.clear"), exact=True).click()
    expect(matches).to_have_text(t("rows.count", count=ROWS))
    expect(page.locator(".insights .chosen button")).to_have_count(0)


@detail
@dark_looks
def test_weeks_phrases_and_two_things_at_once_lead_to_their_rows(visit: Visit, reviews_job: str) -> None:
    page, t = visit.open(f"/jobs/{reviews_job}?aspect=物流"), visit.t
    end = BAD_WEEK + timedelta(days=6)
    base = f"/api/v1/jobs/{reviews_job}"
    matches, rows_title = page.locator(".matches"), page.locator("#rows-title")

    def rows_of(query: str) -> str:
        count = visit.cluster.http.get(f"{base}/matches?{query}").json()["matches"]
        return t("rows.matches", count=f"{count:,}", all=ROWS)

    over_time = part(page, "timeline")
    over_time.get_by_label(t("timeline.step"), exact=True).select_option("week")
    expect(over_time.locator("canvas")).to_be_visible()
    over_time.get_by_text(t("chart.numbers")).click()
    weeks = over_time.locator("tbody tr")
    expect(weeks).to_have_count(shops.WEEKS)
    expect(over_time.locator(".sign.worse")).to_have_count(1)
    over_time.locator(".changes a").first.click()
    expect(rows_title).to_be_in_viewport()
    expect(matches).to_have_text(rows_of(f"aspect=物流&from={BAD_WEEK}&to={end}"))
    expect(weeks).to_have_count(shops.WEEKS)  # the whole time stays in sight
    over_time.locator(".canvas").click(position={"x": 200, "y": 100})  # as the links of the numbers do
    expect(page).not_to_have_url(re.compile(str(BAD_WEEK)))
    page.go_back()

    crossed = part(page, "heat")
    crossed.get_by_label(t("heat.down"), exact=True).select_option(label="商品")
    crossed.get_by_label(t("heat.across"), exact=True).select_option("aspect")
    expect(crossed.get_by_role("rowheader", name=shops.BAD_PRODUCT)).to_be_visible()
    settled(page)
    assert visit.violations() == []
    assert visit.fits()
    at = crossed.get_by_role("columnheader").all_inner_texts().index("物流")
    crossed.get_by_role("row", name=shops.BAD_PRODUCT).get_by_role("cell").nth(at - 1).get_by_role("link").click()
    query = f"aspect=物流&from={BAD_WEEK}&to={end}&column=商品&value={shops.BAD_PRODUCT}"
    expect(matches).to_have_text(rows_of(query))
    assert asked(page)["down"] == ["3"]

    page.get_by_label(t("rows.label")).select_option("negative")
    phrases = part(page, "phrases")
    phrases.get_by_label(t("phrases.against"), exact=True).select_option("groups")
    expect(phrases.get_by_role("link", name="快递一直不动").first).to_be_visible()
    settled(page)
    phrase = phrases.locator("tbody tr").first.get_by_role("link").first.inner_text()
    phrases.locator("tbody tr summary").first.click()
    expect(phrases.locator("tbody tr").first.locator(".quotes li").first).to_be_visible()
    phrases.locator("tbody tr").first.get_by_role("link").first.click()
    expect(matches).to_have_text(rows_of(f"{query}&label=negative&contains={phrase}"))
    settled(page)
    assert visit.violations() == []
    told = matches.inner_text()
    page.reload()
    expect(matches).to_have_text(told)
    expect(part(page, "heat").get_by_label(t("heat.down"), exact=True)).to_have_value("3")


@one_look
def test_phrases_of_a_job_without_aspects_are_found_when_asked_for(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv(files.reviews(60)))
    visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    phrases = part(page, "phrases")
    phrases.get_by_role("button", name=t("phrases.find")).click()
    expect(phrases.get_by_role("link", name="包装破了").first).to_be_visible()
    expect(part(page, "heat").get_by_role("table")).to_have_count(0)
    part(page, "heat").get_by_label(t("heat.down"), exact=True).select_option(label="城市")
    part(page, "heat").get_by_label(t("heat.across"), exact=True).select_option(label="来源")
    expect(part(page, "heat").get_by_role("table")).to_be_visible()


@one_look
def test_on_paper_what_was_found_is_there(visit: Visit, reviews_job: str) -> None:
    page = visit.open(f"/jobs/{reviews_job}")
    expect(page.locator(".heat td").first).to_be_visible()
    settled(page)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".cards > li")).to_have_count(3)
    for place in (".aspects .part", ".heat td", "mark"):
        assert page.locator(place).first.evaluate("ink => getComputedStyle(ink).printColorAdjust") == "exact"
    for place in (".insights .field", ".insights .chosen"):
        expect(page.locator(place).first).to_be_hidden()


@detail
@two_looks
def test_what_was_found_is_taken_along_as_a_report_and_as_pictures(
    visit: Visit, reviews_job: str, tmp_path: Path
) -> None:
    page, t = visit.open(f"/jobs/{reviews_job}?column=3&value={shops.BAD_PRODUCT}"), visit.t
    share = part(page, "sharing")
    share.scroll_into_view_if_needed()
    assert visit.violations() == []
    assert visit.fits()

    def saved(control: Locator) -> Path:
        with page.expect_download() as download:
            control.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    report = saved(share.get_by_role("link", name=t("sharing.report")))
    assert report.suffix == ".html"
    assert f'<html lang="{visit.look.language}' in report.read_text()
    assert shops.BAD_PRODUCT in report.read_text()
    for title in (t("aspects.title"), t("timeline.title")):
        drawing = saved(share.get_by_role("link", name=f"SVG · {title}"))
        svg = ElementTree.fromstring(drawing.read_text()).attrib  # noqa: S314  # our own
        pixels = saved(share.get_by_role("button", name=f"PNG · {title}"))
        assert pixels.name == drawing.name.replace(".svg", ".png")
        width, height, drawn = png(pixels.read_bytes())
        assert (width, height) == (2 * int(svg["width"]), 2 * int(svg["height"]))
        assert len(set(drawn)) > 50, "lines, bars and letters, not one colour"


@detail
@one_look
def test_a_job_without_aspects_or_complaints_says_so_or_nothing(visit: Visit) -> None:
    plain = files.submit(visit.cluster, files.csv(files.reviews(20)))
    praised = files.submit(visit.cluster, files.csv([("a", "物流很快，质量很好", "北京", "app")] * 5), aspects="shop")
    for job_id in (plain, praised):
        visit.cluster.wait_ended(job_id)
    page, t = visit.open(f"/jobs/{praised}"), visit.t
    expect(page.get_by_text(t("mending.none"))).to_be_visible()
    page = visit.open(f"/jobs/{plain}")
    expect(part(page, "rows").locator("tbody tr")).to_have_count(20)
    expect(part(page, "mending")).to_have_count(0)


@pytest.fixture
def operators(browser: Browser, cluster: Cluster, look: Look) -> Iterator[Visit]:
    """A refusal without the operator's token belongs to the test."""
    with visiting(browser, cluster, look, expected=("401", "422")) as visit:
        yield visit
    cluster.http.delete("/api/v1/aspect-sets/cafe", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})


@detail
@pytest.mark.parametrize("look", LOOKS[1:3], ids=lambda look: look.name)
def test_an_own_set_is_written_stored_and_taken(operators: Visit) -> None:
    visit = operators
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "评价.csv", files.csv(files.reviews(20)))
    page.get_by_text(t("sets.own")).click()
    yaml = page.get_by_label(t("sets.yaml"))
    page.get_by_label(t("options.aspects"), exact=True).select_option("hotel")
    page.get_by_role("button", name=t("sets.copy")).click()
    expect(yaml).to_have_value(re.compile("^id: hotel"))
    yaml.fill("id: cafe\naspects:\n- name: 服务\n  words: [服务]\n- name: 态度\n  words: [服务]\n")
    page.get_by_role("button", name=t("sets.store")).click()
    page.get_by_label(t("key.token")).fill(ADMIN_TOKEN)
    page.get_by_role("button", name=t("key.use"), exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text(t("refusal.invalid_aspects"))
    expect(page.get_by_role("alert")).to_contain_text("态度")
    yaml.fill("id: cafe\ntitle: 咖啡馆\naspects:\n- name: 服务\n  words: [服务, 热情]\n- name: 物流\n  words: [物流]\n")
    page.get_by_role("button", name=t("sets.store")).click()
    expect(page.get_by_label(t("options.aspects"), exact=True)).to_have_value("cafe")
    assert visit.violations() == []
    assert visit.fits()
    job_id = files.start(visit)
    expect(part(page, "aspects").locator("tbody tr")).to_have_count(2)
    assert visit.cluster.job(job_id)["options"]["aspects"].startswith("cafe@")
