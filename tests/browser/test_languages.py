"""Texts in several languages on the page: their language is chosen, shown, and rows are chosen by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import files
from tests.browser.steps import analyse, answers, detail, one_look, two_looks
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.embedded import Embedded
from tests.support.models import BUNDLED, make_multilingual

CHINESE, JAPANESE, ENGLISH = "菜很好吃，下次还来", "とても良い商品です", "the food was great"
TABLE = f"text,lang\n{CHINESE},zh-CN\n{JAPANESE},Japanese\n{ENGLISH},\n还行吧,xx\n{ENGLISH}!,EN\n"
#: Text, language, shop and label.
SHOPS = (
    "评论,lang,店,情感\n"
    f"{CHINESE},zh,南山,好评\n{CHINESE}！,zh,福田,中性\n还行吧,zh,福田,差评\n{JAPANESE},ja,南山,好评\n,ja,南山,\n"
)


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Embedded]:
    """A service with routes."""
    store = tmp_path_factory.mktemp("store")
    make_multilingual(store, "tri")
    settings = {"SENTIQ_MODEL_ROOT": str(store), "SENTIQ_ROUTES": f"zh={BUNDLED},*=tri"}
    with closing(Embedded(tmp_path_factory.mktemp("routed"), **settings)) as service:
        yield service


@pytest.fixture
def visit(browser: Browser, cluster: Cluster, routed: Embedded, look: Look) -> Iterator[Visit]:
    with visiting(browser, cluster, look, url=routed.url) as visit:
        yield visit


def test_the_language_of_texts_is_detected_or_chosen(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    flags = answers(visit).locator(".flag")
    analyse(visit, CHINESE, JAPANESE)
    expect(flags).to_have_text([f"zh · {BUNDLED}", "ja · tri"])
    expect(answers(visit).nth(1).locator(".text")).to_have_attribute("lang", "ja")

    page.get_by_label(t("languages.of_texts"), exact=True).select_option("ko")
    analyse(visit, CHINESE, JAPANESE)
    expect(flags).to_have_text(["ko · tri", "ko · tri"])
    assert visit.violations() == []
    assert visit.fits()

    page.get_by_label(t("languages.of_texts"), exact=True).select_option("")
    analyse(visit, CHINESE, JAPANESE)
    expect(flags).to_have_text([f"zh · {BUNDLED}", "ja · tri"])


def test_a_file_has_a_column_of_languages_and_its_rows_are_chosen_by_them(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "a.csv", TABLE.encode())
    expect(page.get_by_role("columnheader", name="lang")).to_contain_text(t("preview.is_language"))
    expect(page.get_by_text(t("note.language_column_recognised", column="lang"))).to_be_visible()
    page.get_by_label(t("languages.of_texts"), exact=True).select_option("fr")
    assert visit.violations() == []
    assert visit.fits()
    files.start(visit)

    rows = page.locator("section[aria-labelledby=rows-title] tbody tr")
    expect(rows.locator(".flag")).to_have_text([f"zh · {BUNDLED}", "ja · tri", "fr · tri", "fr · tri", "en · tri"])
    told = t("note.languages_unknown", column="lang", count=1, example="xx", line=5)
    expect(page.get_by_text(told)).to_be_visible()
    language = page.get_by_label(t("rows.language"), exact=True)
    expect(language.locator("option")).to_have_count(5)  # all, and four
    language.select_option("fr")
    expect(rows).to_have_count(2)
    assert "language=fr" in page.url
    expect(page.locator("a[href*='results.csv?'][href*='language=fr']")).to_have_count(1)
    assert visit.violations() == []
    assert visit.fits()

    page.reload()
    expect(rows).to_have_count(2)
    expect(language).to_have_value("fr")
    page.locator(".rows-filter .chosen button").first.click()
    expect(rows).to_have_count(5)


@detail
@two_looks
def test_languages_are_crossed_and_rows_without_a_text_or_a_fitting_label_say_so(visit: Visit) -> None:
    """The Chinese model knows two labels, the other one three."""
    page, t = visit.open("/bulk"), visit.t
    files.choose(visit, "店.csv", SHOPS.encode())
    files.start(visit)

    rows = page.locator("section[aria-labelledby=rows-title] tbody tr")
    without_text = rows.filter(has=page.locator(".badge.without_text"))
    expect(without_text.locator(".flag")).to_have_text(["ja"])
    compared = page.locator("section[aria-labelledby=evaluation-title]")
    told = re.escape(t("evaluation.missing", label=t("label.neutral"), rows=1, model="MODEL"))
    expect(compared.get_by_text(re.compile(told.replace("MODEL", rf"{BUNDLED}@\w+")))).to_be_visible()

    heat = page.locator("section[aria-labelledby=heat-title]")
    heat.get_by_label(t("heat.down"), exact=True).select_option("language")
    heat.get_by_label(t("heat.across"), exact=True).select_option(label="店")
    names = {"en": ("Chinese", "Japanese"), "zh": ("中文", "日语")}[t.language]
    expect(heat.get_by_role("rowheader")).to_have_text([*names])
    assert visit.violations() == []
    assert visit.fits()
    heat.get_by_role("row", name=names[1]).get_by_role("link").first.click()
    expect(rows).to_have_count(2)
    assert "language=ja" in page.url
    expect(heat.get_by_role("rowheader")).to_have_text([*names])  # its own sides show all values


@one_look
def test_where_one_model_answers_there_is_nothing_to_choose(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look) as visit:
        visit.open()
        analyse(visit, CHINESE)
        expect(visit.page.get_by_label(visit.t("languages.of_texts"), exact=True)).to_have_count(0)
        expect(answers(visit).locator(".flag")).to_have_count(0)
