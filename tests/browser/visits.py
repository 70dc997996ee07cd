"""A visitor's page: in a language, at a width, on a cluster."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, ViewportSize

from tests.browser.words import Words
from tests.support.cluster import Cluster

ADMIN_TOKEN = "an operator of the tests"
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_MS = 200_000  #: for what a page shows, on a busy machine
AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"


@dataclass(frozen=True, slots=True)
class Look:
    """How a visitor sees the page."""

    language: str
    size: ViewportSize
    scheme: Literal["light", "dark"] = "light"

    @property
    def name(self) -> str:
        return f"{self.language}-{'phone' if self.size is PHONE else 'desktop'}"


LOOKS = [Look(language, size) for language in ("en", "zh") for size in (DESKTOP, PHONE)]
#: For what visitors do from end to end: English on a desktop and Chinese on a phone, and with --full all.
EVERY_LOOK = [
    pytest.param(look, id=look.name, marks=() if at in (0, 3) else pytest.mark.full) for at, look in enumerate(LOOKS)
]


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser's page, the words of its language, and the cluster it looks at."""

    page: Page
    t: Words
    cluster: Cluster
    look: Look
    url: str  # of the API, or of what stands before it

    def open(self, path: str = "/") -> Page:
        """Go there and wait until the page has drawn itself."""
        self.page.goto(self.url + path)
        self.page.locator("main h1").wait_for()
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds of serious or critical accessibility faults on the page as it is now."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def fits(self) -> bool:
        """Nothing makes the page wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def new_context(browser: Browser, look: Look, **options: Any) -> BrowserContext:
    locale = {"en": "en-GB", "zh": "zh-CN"}[look.language]
    context = browser.new_context(
        viewport=look.size,
        locale=locale,
        color_scheme=look.scheme,
        reduced_motion="reduce",  # or axe may meet a colour on its way to another
        timezone_id="Asia/Shanghai",
        **options,
    )
    context.set_default_timeout(WAIT_MS)
    return context


@contextmanager
def visiting(
    browser: Browser, cluster: Cluster, look: Look, expected: tuple[str, ...] = (), url: str = ""
) -> Iterator[Visit]:
    """Fails when the page had an error that nobody caught, or broke its own Content-Security-Policy.

    `expected`: parts of messages of the console that belong to the test.
    """
    faults: list[str] = []
    context = new_context(browser, look)
    page = context.new_page()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def dialog(dialog: Dialog) -> None:
        faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    page.on("console", console)
    page.on("dialog", dialog)
    try:
        yield Visit(page, Words(look.language), cluster, look, url or cluster.url)
        found = [fault for fault in faults if not any(part in fault for part in expected)]
        assert not found, found
    finally:
        # A handler of a route that still runs when the page goes would fail, in the test that comes next.
        if not page.is_closed():
            page.unroute_all(behavior="wait")
        context.close()


def clear(cluster: Cluster, kept: Collection[str] = ()) -> None:
    """Erase all jobs but those whose ids are kept: a few, which one page of the list has beside others."""
    while jobs := [job for job in cluster.http.get("/api/v1/jobs?limit=100").json()["data"] if job["id"] not in kept]:
        for job in jobs:
            cluster.http.delete(f"/api/v1/jobs/{job['id']}")
