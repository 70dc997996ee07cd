"""A service that asks for keys: the page asks once, keeps the key for the tab, and hands it to nobody else."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, expect

from sentiq.core.api_keys import KeyStore, Scope
from tests.browser import files
from tests.browser.steps import analyse, answers, detail, one_look, requests, send, two_looks
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster

PRAISE = "房间干净，服务热情，下次还来"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("guarded"), SENTIQ_AUTH="keys") as running:
        running.start(interactive=1, bulk=0)
        yield running


def new_key(guarded: Cluster, *scopes: Scope) -> str:
    _, token = KeyStore(guarded.redis).create("a visitor", scopes or (Scope.SUBMIT, Scope.READ))
    return token


@pytest.fixture
def key(guarded: Cluster) -> str:
    return new_key(guarded)


@pytest.fixture
def visitor(browser: Browser, guarded: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, guarded, look, expected=("401", "403")) as visit:
        yield visit


def dialog(visit: Visit) -> Locator:
    return visit.page.get_by_role("dialog", name=visit.t("key.title"))


def give(visit: Visit, key: str) -> None:
    visit.page.get_by_label(visit.t("key.label")).fill(key)
    visit.page.get_by_role("button", name=visit.t("key.use")).click()


def test_the_key_is_asked_for_once_and_stays_in_the_tab(browser: Browser, visitor: Visit, key: str) -> None:
    page, t = visitor.page, visitor.t
    sent = requests(page)
    visitor.open("/cluster")  # three requests at once need it
    expect(dialog(visitor).get_by_label(t("key.label"))).to_be_focused()
    expect(dialog(visitor).get_by_label(t("key.label"))).to_have_attribute("type", "password")
    give(visitor, f" {key} ")
    expect(page.get_by_role("table", name=t("cluster.workers"))).to_contain_text("interactive@")
    expect(dialog(visitor)).to_be_hidden()
    page.get_by_role("link", name=t("nav.jobs"), exact=True).click()
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    page.reload()
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    expect(dialog(visitor)).to_be_hidden()

    assert key in page.evaluate("JSON.stringify({...sessionStorage})")
    assert key not in page.evaluate("JSON.stringify({...localStorage})")
    assert page.context.cookies() == []
    assert all(key not in request.url for request in sent)
    assert key not in page.content()
    other_tab = replace(visitor, page=page.context.new_page())
    other_tab.open("/jobs")
    expect(dialog(other_tab)).to_be_visible()
    with visiting(browser, visitor.cluster, visitor.look, expected=("401",)) as stranger:
        stranger.open("/jobs")
        expect(dialog(stranger)).to_be_visible()


@one_look
def test_a_wrong_key_is_told_in_the_dialog(visitor: Visit, key: str) -> None:
    page, t = visitor.open("/jobs"), visitor.t
    expect(dialog(visitor)).to_contain_text("The API key is missing")
    for wrong in ("sq_000000000000_" + "A" * 43, "密钥"):  # no header could carry the second
        give(visitor, wrong)
        expect(dialog(visitor)).to_contain_text("The API key is not valid")
        expect(dialog(visitor).get_by_label(t("key.label"))).to_have_value("")
    give(visitor, key)
    expect(dialog(visitor)).to_be_hidden()
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()


@one_look
def test_a_key_that_is_refused_is_not_kept(visitor: Visit) -> None:
    page, t = visitor.open("/jobs"), visitor.t
    give(visitor, "sq_000000000000_" + "A" * 43)
    expect(dialog(visitor)).to_contain_text("The API key is not valid")
    dialog(visitor).get_by_role("button", name=t("key.without")).click()
    expect(page.get_by_role("alert")).to_contain_text(t("error.401"))
    assert page.evaluate("sessionStorage.length") == 0


@detail
@two_looks
def test_whoever_gives_no_key_finds_a_way_to_give_one_later(visitor: Visit, key: str) -> None:
    page, t = visitor.open("/cluster"), visitor.t
    dialog(visitor).get_by_role("button", name=t("key.without")).click()
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text(t("error.401"))
    expect(dialog(visitor)).to_be_hidden()

    notice.get_by_role("button", name=t("key.give")).click()
    page.keyboard.press("Escape")
    notice.get_by_role("button", name=t("key.give")).click()
    give(visitor, key)
    expect(page.get_by_role("table", name=t("cluster.workers"))).to_contain_text("interactive@")
    expect(notice).to_have_count(0)


@one_look
def test_a_key_that_is_revoked_meanwhile_is_asked_for_anew(visitor: Visit, guarded: Cluster, key: str) -> None:
    page, t = visitor.open("/jobs"), visitor.t
    give(visitor, key)
    expect(page.get_by_text(t("jobs.none"))).to_be_visible()
    KeyStore(guarded.redis).revoke(key.split("_")[1])
    expect(dialog(visitor)).to_contain_text("it may have been revoked")
    give(visitor, new_key(guarded))
    expect(dialog(visitor)).to_be_hidden()
    expect(page.get_by_role("alert")).to_have_count(0)


@one_look
def test_texts_are_analysed_with_the_key_and_only_once(visitor: Visit, guarded: Cluster, key: str) -> None:
    page = visitor.open()
    expect(dialog(visitor)).to_be_hidden()  # nothing is asked for before it is needed
    sent = requests(page, "POST")
    send(visitor, PRAISE)
    give(visitor, key)
    expect(answers(visitor)).to_have_count(1)
    analyse(visitor, f"{PRAISE}！", PRAISE)
    jobs = guarded.http.get("/api/v1/jobs", headers={"Authorization": f"Bearer {key}"}).json()["data"]
    assert [job["counts"]["total"] for job in jobs] == [2, 1]
    assert [request.headers.get("authorization") for request in sent] == [None, f"Bearer {key}", f"Bearer {key}"]


@one_look
def test_what_a_key_may_not_do_is_told_in_place(visitor: Visit, guarded: Cluster) -> None:
    page, t = visitor.open(), visitor.t
    send(visitor, PRAISE)
    give(visitor, new_key(guarded, Scope.READ))
    expect(page.get_by_role("alert")).to_contain_text(t("error.403"))
    expect(page.get_by_role("alert")).to_contain_text("submit")


@one_look
@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_a_file_of_results_is_downloaded_whole(visitor: Visit, guarded: Cluster, key: str, kind: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    texts = [f"{PRAISE}{n}" for n in range(60)]
    job_id = guarded.http.post("/api/v1/jobs", json={"texts": texts}, headers=headers | {"Prefer": "wait=20"}).json()[
        "id"
    ]
    page = visitor.open(f"/jobs/{job_id}")
    give(visitor, key)
    expect(page.locator(".state-completed")).to_be_visible()
    link = page.get_by_role("link", name=kind.upper(), exact=True)
    sent = requests(page)
    with page.expect_download() as started:
        link.click()
    file = started.value
    assert file.suggested_filename.endswith(f".{kind}")
    href = link.get_attribute("href")
    assert href is not None
    if kind == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(Path(file.path()).read_bytes())).worksheets[0]
        rows = [str(row) for row in sheet.iter_rows(values_only=True)]
        assert all(text in row for text, row in zip(texts, rows[1:], strict=True))
    else:
        content = Path(file.path()).read_bytes()
        assert texts[-1].encode() in content
        assert content == guarded.http.get(href, headers=headers).content
    assert all(key not in request.url for request in sent)


@one_look
def test_a_file_is_uploaded_with_the_key(visitor: Visit, key: str) -> None:
    page, t = visitor.open("/bulk"), visitor.t
    files.put(page, "评论.csv", files.csv(files.reviews(30)))
    give(visitor, key)
    expect(page.get_by_role("region", name=t("preview.table"))).to_contain_text(files.PRAISE)
    job_id = files.start(visitor)
    expect(page.locator(".state")).to_contain_text(job_id)
    expect(dialog(visitor)).to_be_hidden()
