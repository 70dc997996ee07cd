"""Every page and its important states, in every language, width and light, as axe-core judges them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import files
from tests.browser.steps import analyse, one_look, send
from tests.browser.visits import LOOKS, Look, Visit, visiting
from tests.support.cluster import Cluster

#: Colours do not depend on words: in the dark one language is enough at each width. Without --full, each width in one
#: of the two lights.
ALL = [
    *(
        pytest.param(look, id=f"{look.name}-light", marks=() if at == 3 else pytest.mark.full)
        for at, look in enumerate(LOOKS)
    ),
    pytest.param(replace(LOOKS[0], scheme="dark"), id=f"{LOOKS[0].name}-dark"),
    pytest.param(replace(LOOKS[3], scheme="dark"), id=f"{LOOKS[3].name}-dark", marks=pytest.mark.full),
]
TEXTS = ("房间干净，服务热情，下次还来", "物流太慢，包装破了，很失望", "早餐一般，位置方便。" * 60)


@pytest.fixture(params=ALL)
def look(request: pytest.FixtureRequest) -> Look:
    chosen: Look = request.param
    return chosen


@pytest.fixture
def visit(browser: Browser, cluster: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, cluster, look, expected=("503", "404", "401", "ERR_")) as visit:
        yield visit


def sound(visit: Visit) -> None:
    assert visit.violations() == []
    assert visit.fits()


def test_every_page(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    analyse(visit, *TEXTS)
    sound(visit)

    page.get_by_role("link", name=t("nav.bulk"), exact=True).click()
    page.get_by_role("heading", name=t("bulk.title"), level=1).wait_for()
    sound(visit)
    files.choose(visit, "评论.csv", files.csv([*files.reviews(200), ("x", "", "北京", "app")]))
    sound(visit)

    files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible()
    expect(page.locator(".chart canvas").first).to_be_visible()
    page.get_by_text(t("chart.numbers")).first.click()
    page.get_by_text(t("facts.title"), exact=True).click()
    page.get_by_label(t("rows.columns")).check()
    expect(page.get_by_role("columnheader", name="城市").last).to_be_attached()
    sound(visit)

    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(2)
    sound(visit)
    page.get_by_role("link", name=t("nav.cluster"), exact=True).click()
    expect(page.get_by_role("table")).to_have_count(3)
    sound(visit)


def test_questions_alerts_and_the_banner(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    page.wait_for_load_state("networkidle")
    send(visit, "")
    expect(page.get_by_role("alert")).to_be_visible()
    sound(visit)

    problem = {
        "code": "overloaded",
        "detail": "9 rows wait.",
        "errors": [{"code": "x", "detail": "y", "pointer": "/texts/0"}],
    }
    page.route("**/api/v1/jobs", lambda route: route.fulfill(status=503, json=problem, headers={"Retry-After": "99"}))
    send(visit, TEXTS[0])
    expect(page.get_by_role("alert")).to_contain_text(t("error.overloaded"))
    page.get_by_role("button", name=t("past.clear"), exact=True).press("Enter")
    sound(visit)

    page.route(
        "**/api/v1/cluster",
        lambda route: route.fulfill(status=401, json={"code": "not_authorised", "detail": "No key."}),
    )
    page.get_by_role("link", name=t("nav.cluster"), exact=True).click()
    expect(page.get_by_role("dialog", name=t("key.title"))).to_be_visible()
    sound(visit)
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text(t("error.401"))
    sound(visit)

    page.context.set_offline(True)
    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(page.locator(".banner")).to_be_visible()
    sound(visit)


# -- what is said of it would be wrong if these were not found --


@one_look
@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        ("document.querySelector('.band label').remove()", "label"),
        ("document.querySelector('#language').removeAttribute('aria-label')", "select-name"),
        ("document.querySelector('main .muted').style.color = '#ccc'", "color-contrast"),
        ("document.documentElement.removeAttribute('lang')", "html-has-lang"),
        ("document.querySelector('nav ul').append(document.createElement('div'))", "list"),
    ],
    ids=["label", "name", "contrast", "language", "list"],
)
def test_a_planted_fault_is_found(visit: Visit, harm: str, rule: str) -> None:
    page = visit.open()
    assert visit.violations() == []
    page.evaluate(harm)
    assert [fault for fault in visit.violations() if fault.startswith(f"{rule}:")]


@one_look
def test_what_is_too_wide_is_found(visit: Visit) -> None:
    page = visit.open()
    assert visit.fits()
    page.evaluate("document.querySelector('h1').style.width = '3000px'")
    assert not visit.fits()
