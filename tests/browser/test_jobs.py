"""The list of jobs, and what stands at addresses that lead nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Locator, expect

from tests.browser.steps import detail, held, one_look, two_looks
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster

PRAISE = "房间干净，服务热情，下次还来"


def lines(visit: Visit) -> Locator:
    return visit.page.locator("tbody tr")


def submit(cluster: Cluster, count: int) -> list[str]:
    """So many jobs that have ended; returns their ids, the newest first."""
    ids = [cluster.submit([PRAISE]) for _ in range(count)]
    for job_id in ids:
        cluster.wait_ended(job_id)
    return ids[::-1]


def test_jobs_are_listed_newest_first_and_lead_to_their_pages(visit: Visit) -> None:
    cluster, t = visit.cluster, visit.t
    file = cluster.http.post(
        "/api/v1/jobs?filename=很长的名字.csv", content="评论\n很好\n不好\n", headers={"Content-Type": "text/csv"}
    )
    named = cluster.wait_ended(file.json()["id"])
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scheduled = cluster.submit([PRAISE] * 3, start_at=later)

    page = visit.open("/jobs")
    expect(lines(visit)).to_have_count(2)
    first, second = lines(visit).all()
    expect(first).to_contain_text(t("state.scheduled"))
    expect(first).to_contain_text("0 / 3")
    expect(first.get_by_role("link", name=scheduled)).to_be_visible()
    expect(second).to_contain_text(t("state.completed"))
    expect(second).to_contain_text("2 / 2")
    expect(second).to_contain_text(named["id"])
    expect(second.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "100%")
    assert visit.fits()

    second.get_by_role("link", name="很长的名字.csv").click()
    expect(page).to_have_url(f"{visit.url}/jobs/{named['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("很长的名字.csv")
    expect(page).to_have_title("很长的名字.csv · sentiq")
    page.go_back()
    expect(page).to_have_title(f"{t('jobs.title')} · sentiq")
    expect(lines(visit)).to_have_count(2)


@detail
@two_looks
def test_an_empty_list_says_so(visit: Visit) -> None:
    page, t = visit.open("/jobs"), visit.t
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    assert visit.violations() == []
    page.get_by_role("region", name=t("jobs.title")).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(t("bulk.title"))


@detail
def test_jobs_are_filtered_by_their_state(visit: Visit) -> None:
    (completed,) = submit(visit.cluster, 1)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    cancelled = visit.cluster.submit([PRAISE], start_at=later)
    visit.cluster.http.post(f"/api/v1/jobs/{cancelled}/cancel")
    page, t = visit.open("/jobs"), visit.t
    expect(lines(visit)).to_have_count(2)

    picker = page.get_by_label(t("jobs.state"), exact=True)
    picker.select_option(label=t("state.cancelled"))
    expect(lines(visit).get_by_role("link")).to_have_text([cancelled])
    page.get_by_role("link", name=cancelled).click()
    page.go_back()
    expect(picker).to_have_value("cancelled")  # as one left it
    expect(lines(visit)).to_have_count(1)
    picker.select_option(label=t("state.running"))
    expect(page.locator("main").get_by_text(t("jobs.none_so"))).to_be_visible()
    expect(page.locator("#announcer")).to_have_text(t("jobs.none_so"))
    picker.select_option(label=t("jobs.any"))
    expect(lines(visit).get_by_role("link")).to_have_text([cancelled, completed])


@one_look
def test_many_jobs_are_turned_over_twenty_at_a_time(visit: Visit) -> None:
    ids = submit(visit.cluster, 45)
    page, t = visit.open("/jobs"), visit.t
    newer, older = (page.get_by_role("button", name=t(f"jobs.{name}")) for name in ("newer", "older"))
    links = lines(visit).get_by_role("link")
    expect(links).to_have_text(ids[:20])
    expect(newer).to_be_disabled()

    with held(page, "**/api/v1/jobs?*"):
        older.dblclick()  # once is meant
    expect(links).to_have_text(ids[20:40])
    older.click()
    expect(links).to_have_text(ids[40:])
    expect(older).to_be_disabled()
    expect(newer).to_be_focused()  # the keyboard goes where one can go on
    links.first.click()
    page.go_back()
    expect(links).to_have_text(ids[40:])  # where one was
    newer.click()
    expect(links).to_have_text(ids[20:40])
    newer.click()
    expect(links).to_have_text(ids[:20])
    older.click()
    page.get_by_label(t("jobs.state"), exact=True).select_option("completed")
    expect(links).to_have_text(ids[:20])  # a filter begins at the first page


@one_look
def test_a_page_whose_first_job_has_gone_is_left_for_the_first_one(
    browser: Browser, cluster: Cluster, look: Look
) -> None:
    ids = submit(cluster, 21)
    with visiting(browser, cluster, look, expected=("404", "422")) as visit:
        page, t = visit.open("/jobs"), visit.t
        links = lines(visit).get_by_role("link")
        page.get_by_role("button", name=t("jobs.older")).click()
        expect(links).to_have_text(ids[20:])
        for job_id in ids[:20]:
            cluster.http.delete(f"/api/v1/jobs/{job_id}")
        page.get_by_role("button", name=t("error.again")).click()
        expect(links).to_have_text(ids[20:])


# -- addresses that lead nowhere --


@detail
@two_looks
def test_a_job_that_is_not_there_is_told_with_what_to_do(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look, expected=("404",)) as visit:
        page, t = visit.open("/jobs/job_00000000000000000000000000"), visit.t
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(t("error.job_not_found"))
        expect(alert).to_contain_text(t("remedy.job_not_found"))
        expect(page.get_by_role("link", name=t("nav.jobs"), exact=True)).to_have_attribute("aria-current", "page")
        assert visit.violations() == []
        assert visit.fits()


@one_look
def test_a_job_that_is_erased_while_one_looks(browser: Browser, cluster: Cluster, look: Look) -> None:
    job_id = cluster.submit([PRAISE], start_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    with visiting(browser, cluster, look, expected=("404",)) as visit:
        page = visit.open(f"/jobs/{job_id}")
        expect(page.locator(".state-scheduled")).to_be_visible()
        cluster.http.delete(f"/api/v1/jobs/{job_id}")
        expect(page.get_by_role("alert").first).to_contain_text(visit.t("error.job_not_found"))


@detail
@two_looks
def test_an_address_that_is_none_of_ours(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look, expected=("404",)) as visit:
        page, t = visit.open("/nothing/here"), visit.t
        expect(page.get_by_role("heading", level=1)).to_have_text(t("missing.title"))
        expect(page).to_have_title(f"{t('missing.title')} · sentiq")
        assert visit.violations() == []
        page.get_by_role("link", name=t("nav.analyse"), exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(t("analyse.title"))
        page.go_back()
        expect(page.get_by_role("heading", level=1)).to_have_text(t("missing.title"))
