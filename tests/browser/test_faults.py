"""The network, the API and Redis go away and come back: the page says so, loses nothing and goes on by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.browser.steps import answers, detail, load_all_pages, one_look, requests, send
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.processes import wait_until

PRAISE = "房间干净，服务热情，下次还来"
AWAY = ("ERR_", "503")  #: what the browser's console says of it
REFUSAL = {
    "code": "overloaded",
    "title": "Too busy",
    "detail": "9 rows wait already.",
    "errors": [],
    "request_id": "r-1",
}


@contextmanager
def visiting_faults(browser: Browser, cluster: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, cluster, look, expected=AWAY) as visit:
        yield visit


@pytest.fixture
def faulty(browser: Browser, cluster: Cluster, look: Look) -> Iterator[Visit]:
    """A visit to which the network is unkind."""
    with visiting_faults(browser, cluster, look) as visit:
        yield visit


def banner(visit: Visit) -> Locator:
    return visit.page.locator(".banner")


def jobs(visit: Visit) -> Locator:
    return visit.page.locator("tbody tr")


def keys(posts: list[Request]) -> set[str]:
    return {post.headers["idempotency-key"] for post in posts}


def listed(cluster: Cluster) -> list[str]:
    return [job["id"] for job in cluster.http.get("/api/v1/jobs?limit=100").json()["data"]]


def stop_clock(page: Page) -> None:
    """Let the page do nothing by itself from now on, however long a step of the test takes."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 3)  # it stops ahead of its time only


def check_counts_down(place: Locator, visit: Visit, key: str) -> None:
    """Fail unless a second that passes makes the number in these words smaller by one. The clock is stopped."""
    before = re.search(visit.t(key, s=r"(\d+)"), place.inner_text())
    assert before is not None, place.inner_text()
    visit.page.clock.run_for(1_000)
    expect(place).to_contain_text(visit.t(key, s=int(before[1]) - 1))


# -- the network --


@detail
def test_offline_is_told_with_the_time_of_the_next_try_and_ends_by_itself(faulty: Visit) -> None:
    page, t = faulty.open("/jobs"), faulty.t
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    expect(banner(faulty)).to_be_hidden()
    page.context.set_offline(True)
    expect(banner(faulty)).to_contain_text(t("away.offline"))
    expect(page.locator("#announcer")).to_have_text(t("away.offline"))
    for s in (2, 1):  # it counts
        expect(banner(faulty)).to_contain_text(t("away.next", s=s))

    job_id = faulty.cluster.submit([PRAISE])
    page.context.set_offline(False)
    expect(banner(faulty)).to_be_hidden()
    expect(page.locator("#announcer")).to_have_text(t("away.back"))
    expect(jobs(faulty)).to_contain_text([job_id])


@one_look
def test_whoever_does_not_want_to_wait_tries_at_once(faulty: Visit) -> None:
    page, t = faulty.page, faulty.t
    refusal = {"status": 503, "json": REFUSAL, "headers": {"Retry-After": "15"}}
    page.route("**/api/v1/jobs?*", lambda route: route.fulfill(**refusal))
    page.clock.install()
    faulty.open("/jobs")
    expect(banner(faulty)).to_contain_text(t("away.service"))
    stop_clock(page)
    check_counts_down(banner(faulty), faulty, "away.next")
    page.unroute("**/api/v1/jobs?*")
    banner(faulty).get_by_role("button", name=t("away.now")).click()
    expect(banner(faulty)).to_be_hidden()
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()


@one_look
def test_offline_one_may_look_at_other_pages_and_the_banner_is_where_something_waits(faulty: Visit) -> None:
    page, t = faulty.open(), faulty.t
    load_all_pages(page)
    page.context.set_offline(True)
    page.get_by_role("link", name=t("nav.cluster"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(t("cluster.title"))
    expect(banner(faulty)).to_contain_text(t("away.offline"))
    page.get_by_role("link", name=t("nav.analyse"), exact=True).click()
    expect(banner(faulty)).to_be_hidden()  # nothing is asked for here
    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(banner(faulty)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    expect(banner(faulty)).to_be_hidden()


@one_look
def test_what_is_analysed_while_offline_is_sent_when_the_network_is_back(faulty: Visit) -> None:
    page, t = faulty.open(), faulty.t
    posts = requests(page, "POST")
    page.context.set_offline(True)
    send(faulty, PRAISE)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(t("error.no_answer"))
    expect(alert).to_contain_text(t("remedy.no_answer"))
    page.context.set_offline(False)
    expect(answers(faulty)).to_have_count(1)
    expect(alert).to_have_count(0)
    assert len(posts) > 1
    assert len(keys(posts)) == 1
    assert len(listed(faulty.cluster)) == 1


# -- a submission that is refused for now --


def refuse(faulty: Visit, times: int, retry_after_s: int) -> list[Request]:
    """The next submissions get 503; returns all of them as they are sent."""
    posts = requests(faulty.page, "POST", "/api/v1/jobs")

    def answer(route: Route) -> None:
        if route.request.method == "POST" and len(posts) <= times:
            route.fulfill(status=503, json=REFUSAL, headers={"Retry-After": str(retry_after_s)})
        else:
            route.continue_()

    faulty.page.route("**/api/v1/jobs", answer)
    return posts


@detail
def test_a_refused_submission_is_tried_again_by_itself_when_it_was_told_to(faulty: Visit) -> None:
    page, t = faulty.page, faulty.t
    page.clock.install()
    faulty.open()
    posts = refuse(faulty, times=2, retry_after_s=1)
    stop_clock(page)
    send(faulty, PRAISE)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(t("error.overloaded"))
    expect(alert).to_contain_text("9 rows wait already.")
    expect(alert).to_contain_text(t("remedy.overloaded"))
    expect(alert).to_contain_text(t("error.request", id="r-1"))
    page.clock.resume()
    expect(answers(faulty)).to_have_count(1)
    expect(alert).to_have_count(0)
    assert len(posts) == 3
    assert len(keys(posts)) == 1
    assert len(listed(faulty.cluster)) == 1


@one_look
def test_a_refused_submission_is_tried_again_by_the_button(faulty: Visit) -> None:
    page, t = faulty.page, faulty.t
    page.clock.install()
    faulty.open()
    posts = refuse(faulty, times=1, retry_after_s=50)
    send(faulty, PRAISE)
    alert = page.get_by_role("alert")
    expect(alert).to_be_visible()
    stop_clock(page)
    check_counts_down(alert, faulty, "error.again_in")
    expect(alert.locator("[aria-live=off]")).to_have_text(re.compile(r"\d"))  # and is not read out each second
    alert.get_by_role("button", name=t("error.hold")).click()
    expect(alert.get_by_role("button")).to_have_text([t("error.again")])
    page.clock.resume()
    alert.get_by_role("button", name=t("error.again")).click()
    expect(answers(faulty)).to_have_count(1)
    assert len(posts) == 2
    assert len(keys(posts)) == 1
    assert len(listed(faulty.cluster)) == 1


@one_look
def test_a_submission_whose_answer_is_lost_makes_one_job(faulty: Visit) -> None:
    page, t = faulty.open(), faulty.t
    posts = requests(page, "POST", "/api/v1/jobs")

    def lose(route: Route) -> None:
        if route.request.method == "POST" and len(posts) == 1:
            assert route.fetch().status == 200
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/v1/jobs", lose)
    send(faulty, PRAISE)
    expect(page.get_by_role("alert")).to_contain_text(t("error.no_answer"))
    page.get_by_role("button", name=t("analyse.go"), exact=True).click()  # as good as the button of the alert
    expect(answers(faulty)).to_have_count(1)
    assert len(posts) == 2
    assert len(keys(posts)) == 1
    assert len(listed(faulty.cluster)) == 1


@one_look
def test_what_is_half_typed_is_not_sent_by_itself_and_another_text_is_another_job(faulty: Visit) -> None:
    page, t = faulty.page, faulty.t
    page.clock.install()
    faulty.open()
    posts = refuse(faulty, times=1, retry_after_s=1)
    stop_clock(page)
    send(faulty, PRAISE)
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label(t("analyse.label")).press("End")
    page.keyboard.type("，不过")
    page.clock.resume()
    expect(page.get_by_role("alert")).to_have_count(0)
    send(faulty, f"{PRAISE}，不过早餐一般")
    expect(answers(faulty)).to_have_count(1)
    assert len(posts) == 2
    assert len(keys(posts)) == 2


@one_look
def test_an_alert_that_was_left_goes_on_where_one_comes_back(faulty: Visit) -> None:
    page, t = faulty.page, faulty.t
    page.clock.install()
    faulty.open()
    posts = refuse(faulty, times=1, retry_after_s=1)
    stop_clock(page)
    send(faulty, PRAISE)
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("alert")).to_contain_text("9 rows wait already.")
    page.clock.resume()
    expect(answers(faulty)).to_have_count(1)
    assert len(posts) == 2
    assert len(keys(posts)) == 1


@one_look
def test_an_answer_that_no_service_of_ours_gave_is_told_as_such(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look, expected=("500", "418")) as visit:
        page, t = visit.open(), visit.t
        odd = [{"status": 500, "body": "<h1>Oh"}, {"status": 418, "body": "null"}, {"status": 200, "body": "<p>Login"}]
        page.route("**/api/v1/jobs", lambda route: route.fulfill(**odd.pop(0)))
        for words in (t("error.500"), t("error.other", status=418), t("error.unreadable_answer")):
            send(visit, PRAISE)
            expect(page.get_by_role("alert")).to_contain_text(words)


# -- the service --


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    """A cluster whose parts are stopped here."""
    with Cluster(tmp_path_factory.mktemp("faults")) as running:
        running.start(interactive=1, bulk=0)
        yield running


@one_look
def test_the_api_is_killed_and_started_again(browser: Browser, own: Cluster, look: Look) -> None:
    with visiting_faults(browser, own, look) as visit:
        page, t = visit.open("/jobs"), visit.t
        page.get_by_role("heading", name=t("jobs.title")).wait_for()
        job_id = own.submit([PRAISE])
        expect(jobs(visit).filter(has_text=job_id)).to_be_visible()

        api = next(process for process in own.processes if process.name == "api")
        api.kill()
        own.processes.remove(api)
        expect(banner(visit)).to_contain_text(t("away.service"))
        expect(jobs(visit).filter(has_text=job_id)).to_be_visible()  # what is known stays
        own.start_api()
        new = own.submit([PRAISE])
        expect(banner(visit)).to_be_hidden()
        expect(jobs(visit).filter(has_text=new)).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)


@one_look
def test_redis_is_stopped_and_started_again(browser: Browser, own: Cluster, look: Look) -> None:
    with visiting_faults(browser, own, look) as watching, visiting_faults(browser, own, look) as sending:
        watching.open("/jobs")
        expect(watching.page.locator("main button").first).to_be_disabled()  # the list is there
        sending.open()
        before = set(listed(own))
        own.redis_server.stop()
        expect(banner(watching)).to_contain_text(watching.t("away.service"))
        posts = requests(sending.page, "POST")
        send(sending, PRAISE)
        alert = sending.page.get_by_role("alert")
        expect(alert).to_contain_text(sending.t("error.store_unavailable"))
        expect(alert).to_contain_text("Redis does not answer")

        def restarted() -> bool:  # a worker that ends is dead only later
            own.restart_dead_workers()
            return bool(own.live())

        own.redis_server.start()
        wait_until(restarted, message="a worker is live")
        expect(banner(watching)).to_be_hidden()
        expect(answers(sending)).to_have_count(1)
        expect(alert).to_have_count(0)
        assert len(posts) > 1
        assert len(keys(posts)) == 1
        (job_id,) = set(listed(own)) - before
        expect(jobs(watching).filter(has_text=job_id)).to_contain_text(watching.t("state.completed"))
