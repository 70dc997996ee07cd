"""The page of the cluster: what waits, who works, which models there are, and how an operator goes over to another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.steps import detail, one_look, requests, two_looks
from tests.browser.visits import ADMIN_TOKEN, Look, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.models import BUNDLED, copy_model

FLOWER = "https://flower.example/watch"


def figure(visit: Visit, words: str) -> Locator:
    return visit.page.locator(".numbers > div").filter(has_text=visit.t(words)).locator("dd")


def line(visit: Visit, table: str, head: str) -> Locator:
    rows = visit.page.get_by_role("table", name=visit.t(table)).get_by_role("row")
    return rows.filter(has=visit.page.get_by_role("rowheader", name=head))


def test_lanes_workers_and_models_are_shown(visit: Visit) -> None:
    page, t = visit.open("/cluster"), visit.t
    for lane in ("interactive", "bulk"):
        expect(line(visit, "cluster.lanes", t(f"lane.{lane}"))).to_contain_text(t("cluster.busy", busy=0, children=2))
        worker = line(visit, "cluster.workers", f"{lane}@")
        expect(worker).to_contain_text(t("cluster.busy", busy=0, children=2))
        expect(worker).to_contain_text(BUNDLED)
        expect(worker).to_contain_text(re.compile(r"\d+ MB"))  # as soon as it has been added up
    model = line(visit, "models.title", BUNDLED)
    expect(model.locator(".badge")).to_have_text(t("models.active"))
    expect(model).to_contain_text("negative, positive")
    expect(model.get_by_role("button")).to_have_count(0)
    expect(figure(visit, "cluster.redis")).to_have_text(re.compile(r"^\d.* MB"))
    expect(figure(visit, "cluster.waiting")).to_have_text("0")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert visit.fits()


@one_look
def test_the_page_follows_what_happens(visit: Visit) -> None:
    visit.open("/cluster")
    expect(figure(visit, "cluster.jobs")).to_have_text("0")
    visit.cluster.wait_ended(visit.cluster.submit([f"很好{n}" for n in range(600)]))
    expect(figure(visit, "cluster.jobs")).to_have_text("1")
    expect(figure(visit, "cluster.speed")).to_have_text(re.compile(r"^\d"))
    expect(figure(visit, "cluster.cache")).to_have_text(re.compile("%$"))


@one_look
def test_flower_is_where_this_page_is_unless_the_settings_say_otherwise(visit: Visit) -> None:
    page, t = visit.open("/cluster"), visit.t
    link = page.get_by_role("link", name=t("cluster.flower"))
    expect(link).to_have_attribute("href", "http://127.0.0.1:5555/")
    expect(link).to_have_attribute("rel", "noopener")


@one_look
def test_that_no_worker_is_live_is_told_and_what_waits_meanwhile(browser: Browser, tmp_path: Path, look: Look) -> None:
    with Cluster(tmp_path, SENTIQ_FLOWER_URL=FLOWER) as cluster:
        cluster.redis_server.start()
        cluster.start_api()
        job_id = cluster.submit([f"很好{n}" for n in range(600)])
        with visiting(browser, cluster, look) as visit:
            page, t = visit.open("/cluster"), visit.t
            alert = page.get_by_role("alert")
            expect(alert).to_have_text(t("cluster.no_workers"))
            expect(page.get_by_text(t("models.none"))).to_be_visible()
            expect(figure(visit, "cluster.waiting")).to_have_text("600")
            expect(figure(visit, "cluster.eta")).to_have_text("–")
            bulk = line(visit, "cluster.lanes", t("lane.bulk"))
            expect(bulk.get_by_role("cell").nth(0)).to_have_text("2")
            expect(bulk.get_by_role("cell").nth(2)).to_have_text(re.compile(r"^[1-9]\d* s$"))
            expect(page.get_by_role("link", name=t("cluster.flower"))).to_have_attribute("href", FLOWER)
            assert visit.violations() == []

            told = alert.element_handle()
            with page.expect_response("**/api/v1/cluster"):
                pass  # the page looks once more
            assert told.evaluate("alert => alert.isConnected"), "it is told once"
            cluster.start_worker("bulk", 1)
            expect(line(visit, "cluster.workers", "bulk@")).to_be_visible()
            expect(alert).to_have_count(0)
            expect(figure(visit, "cluster.waiting")).to_have_text("0")
            assert cluster.wait_ended(job_id)["state"] == "completed"


# -- another model --


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    """A cluster with more models than the bundled one."""
    store = tmp_path_factory.mktemp("store")
    copy_model(store, "second")
    (copy_model(store, "damaged") / "model.bin").write_bytes(b"cut")
    directory = tmp_path_factory.mktemp("several")
    with Cluster(directory, SENTIQ_MODEL_ROOT=str(store), SENTIQ_ADMIN_TOKEN=ADMIN_TOKEN) as running:
        running.start(interactive=1, bulk=0)
        yield running


def activate(page: Page, visit: Visit, model: str) -> None:
    row = line(visit, "models.title", model)
    row.get_by_role("button", name=visit.t("models.activate")).click()
    question = row.get_by_role("group", name=re.compile(model))
    question.get_by_role("button", name=visit.t("confirm.yes")).press("Enter")


def give(page: Page, visit: Visit, token: str) -> None:
    page.get_by_label(visit.t("key.token")).fill(token)
    page.get_by_role("button", name=visit.t("key.use")).click()


@detail
@two_looks
def test_only_an_operator_may_go_over_to_another_model(browser: Browser, several: Cluster, look: Look) -> None:
    with visiting(browser, several, look, expected=("401",)) as visit:
        page, t = visit.open("/cluster"), visit.t
        activate(page, visit, "damaged")
        dialog = page.get_by_role("dialog", name=t("key.operator_title"))
        expect(dialog.get_by_label(t("key.token"))).to_be_focused()
        assert visit.violations() == []
        assert visit.fits()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("alert")).to_contain_text(t("error.401"))
        assert several.http.get("/api/v1/models/activation").json()["candidate"] is None


@one_look
def test_an_operator_goes_over_to_another_model(browser: Browser, several: Cluster, look: Look) -> None:
    with visiting(browser, several, look, expected=("401",)) as visit:
        page, t = visit.open("/cluster"), visit.t
        (before,) = (m["id"] for m in several.http.get("/api/v1/models").json()["data"] if m["active"])
        target = BUNDLED if before == "second" else "second"
        expect(line(visit, "models.title", before).locator(".badge")).to_have_text(t("models.active"))
        sent = requests(page, "POST", "/activation")
        activate(page, visit, target)
        dialog = page.get_by_role("dialog", name=t("key.operator_title"))
        for wrong in ("a token of nobody", "有汉字的密钥"):  # no header could carry the second
            give(page, visit, wrong)
            expect(dialog.get_by_label(t("key.token"))).to_have_value("")
            expect(dialog).to_contain_text("SENTIQ_ADMIN_TOKEN")
        give(page, visit, ADMIN_TOKEN)
        expect(dialog).to_be_hidden()
        expect(line(visit, "models.title", target).locator(".badge")).to_have_text(t("models.active"))
        expect(line(visit, "models.title", before).get_by_role("button")).to_have_text(t("models.activate"))
        expect(line(visit, "cluster.workers", "interactive@")).to_contain_text(f"{target}@")
        assert len(sent) == 4
        assert several.http.get("/api/v1/models/activation").json()["active"].startswith(f"{target}@")
        assert ADMIN_TOKEN not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


@one_look
def test_a_model_that_fails_is_dropped_with_the_reason(browser: Browser, several: Cluster, look: Look) -> None:
    with visiting(browser, several, look, expected=("401",)) as visit:
        page, t = visit.open("/cluster"), visit.t
        row = line(visit, "models.title", "damaged")
        row.get_by_role("button").click()
        page.keyboard.press("Escape")
        expect(row.get_by_role("button", name=t("models.activate"))).to_be_focused()

        activate(page, visit, "damaged")
        give(page, visit, ADMIN_TOKEN)
        expect(page.get_by_text(re.compile(r"model\.bin is damaged"))).to_be_visible()
        expect(row.get_by_role("button", name=t("models.activate"))).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        assert visit.violations() == []
