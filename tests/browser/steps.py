"""What visitors do on more than one page, and the looks with which a test is content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.visits import LOOKS, Visit

#: For a detail, as opposed to what visitors do from end to end: one look, or all that the test has with --full.
detail = pytest.mark.more
#: For what depends neither on words nor on width.
one_look = pytest.mark.parametrize("look", LOOKS[:1], ids=lambda look: look.name)
#: English on a desktop, Chinese on a phone: for what depends on either of them.
two_looks = pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=lambda look: look.name)


def send(visit: Visit, *texts: str) -> None:
    visit.page.get_by_label(visit.t("analyse.label")).fill("\n".join(texts))
    visit.page.get_by_role("button", name=visit.t("analyse.go"), exact=True).click()


def analyse(visit: Visit, *texts: str) -> Locator:
    """Returns the rows of the answer, once all of them are shown."""
    send(visit, *texts)
    rows = answers(visit)
    expect(rows).to_have_count(len(texts))
    expect(rows.first).to_contain_text(texts[0])
    return rows


def load_all_pages(page: Page) -> None:
    """Wait for the modules of the other pages, which the page that is shown loads by itself, one after another."""
    pages = [f"/static/app/pages/{name}.js" for name in ("analyse", "bulk", "jobs", "job", "cluster")]
    page.evaluate("async (pages) => { await Promise.all(pages.map((page) => import(page))); }", pages)


def answers(visit: Visit) -> Locator:
    return visit.page.locator("ol.rows > li")


def past(visit: Visit) -> Locator:
    """The lines of the history."""
    return visit.page.locator("ul.rows > li")


def answered_job(visit: Visit) -> str:
    """The id of the job behind the answer that is shown."""
    href = visit.page.locator("section > p > a[href^='/jobs/']").get_attribute("href")
    assert href is not None
    return href.removeprefix("/jobs/")


def requests(page: Page, method: str = "", path: str = "") -> list[Request]:
    """Those that the page sends from now on."""
    sent: list[Request] = []

    def take(request: Request) -> None:
        if method in request.method and path in request.url:
            sent.append(request)

    page.on("request", take)
    return sent


@contextmanager
def held(page: Page, url: str) -> Iterator[list[Route]]:
    """What the page asks of these addresses stays on its way until the end."""
    routes: list[Route] = []

    def hold(route: Route) -> None:
        routes.append(route)

    page.route(url, hold)
    yield routes
    for route in routes:
        route.continue_()
    page.unroute(url)
