"""The description of the API, to read and to try, as a browser shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from sentiq.core.api_keys import KeyStore, Scope
from tests.browser.steps import one_look, requests
from tests.browser.visits import LOOKS, Look, Visit, visiting
from tests.support.cluster import Cluster

TEXT = "房间干净，服务热情"
OPERATIONS = {"/analyze", "/api/v1/jobs", "/api/v1/jobs/{job_id}/results", "/health"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    """It needs no worker: a job is accepted all the same."""
    with Cluster(tmp_path_factory.mktemp("guarded"), SENTIQ_AUTH="keys") as running:
        running.start(interactive=0, bulk=0)
        yield running


@pytest.fixture
def stranger(browser: Browser, guarded: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, guarded, look, expected=("401",)) as visit:
        yield visit


def shown(page: Page, url: str) -> set[str]:
    """Opens the viewer; returns the paths of the operations it shows."""
    page.goto(url)
    expect(page.locator(".opblock").first).to_be_visible()
    paths = page.locator(".opblock-summary-path").all_inner_texts()
    return {path.replace("\u200b", "") for path in paths}


def operation(page: Page, method: str, path: str) -> Locator:
    """The block of one operation, unfolded."""
    name = page.locator(f".opblock-summary-path[data-path='{path}']")
    block = page.locator(f".opblock-{method}").filter(has=name)
    block.locator(".opblock-summary-control").click()
    return block


def execute(block: Locator, body: object = None) -> tuple[int, object]:
    """Try it out; returns status and document of the answer."""
    try_it_out, cancel = (block.get_by_role("button", name=name) for name in ("Try it out", "Cancel"))
    expect(try_it_out.or_(cancel).first).to_be_visible()
    if try_it_out.count():
        try_it_out.click()
    if body is not None:
        block.locator("textarea.body-param__text").fill(json.dumps(body))
    block.get_by_role("button", name="Execute", exact=True).click()
    answer = block.locator(".live-responses-table .response")
    status = answer.locator(".response-col_status")
    expect(status).to_have_text(re.compile(r"^\d{3}"))
    return int(status.inner_text()[:3]), json.loads(answer.locator(".highlight-code code").first.inner_text())


@pytest.fixture(scope="module")
def viewer(browser: Browser, cluster: Cluster) -> Iterator[Visit]:
    """The viewer as the address of the description leads to it: to draw it takes the browser seconds."""
    with visiting(browser, cluster, LOOKS[0]) as visit:
        assert shown(visit.page, f"{visit.url}/openapi/") > OPERATIONS
        yield visit


def test_the_address_of_the_description_leads_to_the_viewer(viewer: Visit) -> None:
    assert urlsplit(viewer.page.url).path == "/openapi/swagger"


@one_look
def test_the_viewer_shows_every_operation_and_asks_nobody_else(visit: Visit) -> None:
    """Under a name of the internet, too, where Swagger UI would show it to a validator of its makers."""

    def here(route: Route) -> None:
        if urlsplit(route.request.url).hostname != "sentiq.example":
            route.abort()
            return
        asked = urlsplit(route.request.url)._replace(scheme="http", netloc=urlsplit(visit.url).netloc)
        route.fulfill(response=route.fetch(url=asked.geturl()))

    sent = requests(visit.page)
    visit.page.route("**/*", here)
    paths = shown(visit.page, "http://sentiq.example/openapi/swagger")
    document = visit.cluster.http.get("/openapi/openapi.json").json()
    assert paths == set(document["paths"])
    assert paths > OPERATIONS
    visit.page.wait_for_load_state("networkidle")
    assert {urlsplit(request.url).hostname for request in sent} == {"sentiq.example"}


def test_a_text_is_classified_from_the_viewer(viewer: Visit) -> None:
    status, answer = execute(operation(viewer.page, "post", "/analyze"), {"text": TEXT})
    assert (status, answer) == (200, {"text": TEXT, "label": "positive", "score": answer["score"]})  # type: ignore[index]


def test_a_job_is_submitted_and_polled_from_the_viewer(viewer: Visit) -> None:
    status, job = execute(operation(viewer.page, "post", "/api/v1/jobs"), {"texts": [TEXT] * 3})
    assert status == 202
    assert isinstance(job, dict)
    viewer.cluster.wait_ended(job["id"])
    block = operation(viewer.page, "get", "/api/v1/jobs/{job_id}")
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("textbox").first.fill(job["id"])
    status, polled = execute(block)
    assert isinstance(polled, dict)
    assert (status, polled["state"]) == (200, "completed")


@one_look
def test_with_a_key_the_viewer_may_do_what_the_key_may(stranger: Visit, guarded: Cluster) -> None:
    page = stranger.page
    assert shown(page, f"{stranger.url}/openapi/swagger") > OPERATIONS  # the description is no secret
    block = operation(page, "post", "/api/v1/jobs")
    status, problem = execute(block, {"texts": [TEXT]})
    assert isinstance(problem, dict)
    assert (status, problem["code"]) == (401, "not_authorised")

    _, token = KeyStore(guarded.redis).create("a reader of the description", (Scope.SUBMIT, Scope.READ))
    page.get_by_role("button", name="Authorize", exact=True).click()
    dialog = page.locator(".modal-ux")
    dialog.get_by_role("textbox").fill(token)
    dialog.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").last.click()
    block.get_by_role("button", name="Clear").click()
    status, job = execute(block, {"texts": [TEXT]})
    assert isinstance(job, dict)
    assert status == 202
    assert guarded.http.get(f"/api/v1/jobs/{job['id']}", headers={"Authorization": f"Bearer {token}"}).is_success
