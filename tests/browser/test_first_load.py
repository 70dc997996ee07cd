"""What a first visit costs on a slow line, and that a second one costs next to nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.steps import one_look
from tests.browser.visits import Visit

MOST_BYTES = 200_000
HEADERS_BYTES = 1_500  #: of an answer without a body


class Wire:
    """What really went over it, headers included, as the browser counts."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self._urls: dict[str, str] = {}
        self._statuses: dict[str, int] = {}
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.responseReceivedExtraInfo", self._answered)
        session.on("Network.loadingFinished", self._finished)
        session.send("Network.enable")

    @property
    def statuses(self) -> dict[str, int]:
        """By URL, as they came over the wire: the browser does not tell of a request and its answer in this order."""
        return {self._urls[known]: status for known, status in self._statuses.items() if known in self._urls}

    def _sent(self, event: dict[str, Any]) -> None:
        self._urls[event["requestId"]] = event["request"]["url"]

    def _answered(self, event: dict[str, Any]) -> None:
        self._statuses[event["requestId"]] = event["statusCode"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.bytes += event["encodedDataLength"]


@one_look
def test_the_first_page_is_small_and_a_second_load_only_asks_whether_it_has_changed(
    visit: Visit, tell: Callable[[str], None]
) -> None:
    page = visit.page
    first = Wire(page)
    visit.open()
    page.wait_for_load_state("networkidle")
    assert f"{visit.url}/static/app/main.js" in first.statuses
    assert 20_000 < first.bytes < MOST_BYTES

    second = Wire(page)
    page.reload()
    page.wait_for_load_state("networkidle")
    files = {url: status for url, status in second.statuses.items() if "/static/" in url}
    assert set(files.values()) <= {304}
    assert not [url for url in files if "/vendor/" in url], "what never changes is not even asked for"
    assert second.bytes < HEADERS_BYTES * (len(files) + 2)
    tell(
        f"first load of /: {first.bytes / 1000:.0f} kB, then {second.bytes / 1000:.0f} kB ({len(first.statuses)} files)"
    )


@one_look
def test_the_page_of_a_job_is_small_with_its_charts(visit: Visit, tell: Callable[[str], None]) -> None:
    texts = [f"{('房间干净，下次还来', '物流太慢，很失望')[n % 2]}{n}" for n in range(300)]
    job = visit.cluster.wait_ended(visit.cluster.submit(texts))
    wire = Wire(visit.page)
    page = visit.open(f"/jobs/{job['id']}")
    expect(page.locator(".chart canvas").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert any("/vendor/uplot" in url for url in wire.statuses)
    assert wire.bytes < MOST_BYTES
    tell(f"first load of a job with charts: {wire.bytes / 1000:.0f} kB in {len(wire.statuses)} files")


@one_look
def test_charts_are_loaded_only_where_there_are_any(visit: Visit) -> None:
    wire = Wire(visit.page)
    for path in ("/bulk", "/jobs", "/cluster", "/"):
        visit.open(path)
    visit.page.wait_for_load_state("networkidle")
    assert not [url for url in wire.statuses if "/vendor/uplot" in url]
