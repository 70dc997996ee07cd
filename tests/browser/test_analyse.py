"""The first page: type, see, move the band, search what was before."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from playwright.sync_api import Browser, Route, expect

from tests.browser.steps import (
    analyse,
    answered_job,
    answers,
    detail,
    held,
    load_all_pages,
    one_look,
    past,
    requests,
    send,
    two_looks,
)
from tests.browser.visits import Look, Visit, visiting
from tests.browser.words import Words
from tests.support.cluster import Cluster

PRAISE = "房间干净，服务热情，下次还来"
BLAME = "物流太慢，包装破了，很失望"
UNSURE = "快递很快，但是质量一般"
LONG = "早餐一般，位置方便。" * 60  #: 600 tokens, of which the model reads 512


def test_texts_are_answered_at_once(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    page.get_by_label(t("analyse.label")).fill(f"{PRAISE}\n\n  {BLAME}  \n\u200b \u2060\n")
    page.get_by_role("button", name=t("analyse.go"), exact=True).click()

    rows = answers(visit)
    expect(rows).to_have_count(2)
    expect(rows.nth(0).locator(".text")).to_have_text(PRAISE)
    expect(rows.nth(0).locator(".badge")).to_have_text(t("label.positive"))
    expect(rows.nth(1).locator(".text")).to_have_text(BLAME)
    expect(rows.nth(1).locator(".badge")).to_have_text(t("label.negative"))
    expect(page.locator(".tally")).to_have_text(re.compile(rf"{t('label.positive')} 1\s+{t('label.negative')} 1"))
    expect(page.locator("#announcer")).to_have_text(t("analyse.done", count=2))


@one_look
def test_beside_the_label_stand_its_score_and_all_probabilities(visit: Visit) -> None:
    visit.open()
    row, t = analyse(visit, PRAISE).first, visit.t
    (answered,) = visit.cluster.rows(answered_job(visit))

    negative, positive = (f"{round(answered['probabilities'][x] * 100, 1):g}%" for x in ("negative", "positive"))
    words = f"{t('label.negative')} {negative}, {t('label.positive')} {positive}"
    expect(row.get_by_role("img")).to_have_attribute("aria-label", words)
    widths = row.locator(".part").evaluate_all("parts => parts.map((part) => part.getBoundingClientRect().width)")
    assert widths[1] > 9 * widths[0] > 0
    expect(row.locator(".score")).to_have_text(f"{round(answered['score'] * 100, 2):g}%")
    expect(row.locator(".flag")).to_have_count(0)


@one_look
def test_a_text_that_was_cut_says_so(visit: Visit) -> None:
    visit.open()
    rows = analyse(visit, LONG, PRAISE)
    flag = rows.nth(0).locator(".flag")
    expect(flag).to_have_text(visit.t("truncated"))
    expect(flag).to_have_attribute("title", visit.t("truncated.why"))
    expect(rows.nth(1).locator(".flag")).to_have_count(0)
    assert visit.fits()


@one_look
def test_more_texts_than_the_quick_lane_takes_are_answered_in_the_same_place(visit: Visit) -> None:
    visit.open()
    texts = [f"{(PRAISE, BLAME)[n % 2]}{n}" for n in range(65)]
    rows = analyse(visit, *texts)
    assert visit.cluster.job(answered_job(visit))["lane"] == "bulk"
    expect(rows.locator(".text")).to_have_text(texts)


@one_look
def test_of_very_many_texts_the_first_thousand_are_shown_and_all_are_in_the_job(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    send(visit, *(f"很好{n}" for n in range(1_001)))
    expect(answers(visit)).to_have_count(1_000)
    expect(answers(visit).last.locator(".text")).to_have_text("很好999")
    job = visit.cluster.job(answered_job(visit))
    assert job["counts"] == {"total": 1_001, "completed": 1_001, "failed": 0, "without_text": 0}
    page.get_by_role("link", name=t("analyse.all", count="1,001")).click()
    expect(page.locator(".state")).to_contain_text(job["id"])


@one_look
def test_without_a_text_nothing_is_sent_and_the_place_says_so(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    sent = requests(page, "POST")
    send(visit, "  ", "\t", "")
    expect(page.get_by_role("alert")).to_have_text(t("analyse.nothing"))
    expect(page.get_by_label(t("analyse.label"))).to_be_focused()

    analyse(visit, PRAISE)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert len(sent) == 1


@one_look
def test_a_text_that_is_too_long_is_named_by_its_number(browser: Browser, cluster: Cluster, look: Look) -> None:
    with visiting(browser, cluster, look, expected=("422",)) as visit:
        page, t = visit.open(), visit.t
        send(visit, PRAISE, BLAME, "好" * 20_001)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(t("error.text", number=3))
        expect(alert).to_contain_text("20,001")
        assert visit.violations() == []
        assert visit.fits()

        page.get_by_label(t("analyse.label")).fill(PRAISE)
        page.get_by_role("button", name=t("error.again")).click()  # with what is there now
        expect(answers(visit)).to_have_count(1)
        expect(alert).to_have_count(0)


@one_look
def test_control_and_enter_send_once(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    area = page.get_by_label(t("analyse.label"))
    area.press_sequentially("很好\n不好")
    with held(page, "**/api/v1/jobs") as routes:
        area.press("Control+Enter")
        area.press("Control+Enter")  # nobody has answered the first
        expect(page.get_by_role("button", name=t("analyse.go"), exact=True)).to_have_attribute("aria-busy", "true")
    expect(answers(visit)).to_have_count(2)
    expect(area).to_have_value("很好\n不好")
    assert len(routes) == 1


# -- the band --


@detail
def test_the_band_relabels_answers_and_history_without_asking_again(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    analyse(visit, BLAME)
    row = analyse(visit, PRAISE).first
    (answered,) = visit.cluster.rows(answered_job(visit))
    margin = abs(answered["probabilities"]["positive"] - 0.5)
    load_all_pages(page)
    everything = requests(page)

    band = page.get_by_role("slider")
    band.press("End")
    expect(row.locator(".badge")).to_have_text(t("label.neutral"))
    expect(row.locator(".score")).to_have_text(f"{round((1 - 2 * margin) * 100, 2):g}%")
    expect(page.locator(".tally")).to_contain_text(f"{t('label.neutral')} 1")
    expect(past(visit).locator(".badge")).to_have_text([t("label.neutral")] * 2)
    expect(band).to_have_attribute("aria-valuetext", t("band.value", low=0, high=1))

    band.fill("0.02")
    expect(row.locator(".badge")).to_have_text(t("label.positive"))
    expect(band).to_have_attribute("aria-valuetext", t("band.value", low=0.48, high=0.52))
    band.press("ArrowLeft")
    band.press("ArrowLeft")
    expect(band).to_have_value("0")
    expect(band).to_have_attribute("aria-valuetext", t("band.off"))
    expect(past(visit).locator(".badge")).to_have_text([t("label.positive"), t("label.negative")])
    assert everything == []


# -- the history --


@detail
def test_the_history_has_each_text_once_the_newest_first_and_survives_a_reload(visit: Visit) -> None:
    page = visit.open()
    expect(page.get_by_text(visit.t("past.empty"))).to_be_visible()
    analyse(visit, PRAISE, UNSURE)
    analyse(visit, BLAME, BLAME)
    analyse(visit, UNSURE)
    for _ in ("before", "after the reload"):
        expect(past(visit).locator(".text")).to_have_text([UNSURE, BLAME, PRAISE])
        page.reload()
    expect(past(visit).locator(".score").first).to_have_text(re.compile(r"^\d+(\.\d+)?%$"))


@detail
def test_the_history_is_searched_and_cleared_only_when_that_is_confirmed(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    analyse(visit, PRAISE, f"APPLE {BLAME}")
    load_all_pages(page)
    everything = requests(page)
    search = page.get_by_label(t("past.search"))
    search.fill("apple")
    expect(past(visit)).to_have_count(1)
    search.fill("梨")
    expect(page.locator("main").get_by_text(t("past.none"))).to_be_visible()
    search.fill("")
    expect(past(visit)).to_have_count(2)

    clear = page.get_by_role("button", name=t("past.clear"), exact=True)
    clear.press("Enter")
    question = page.get_by_role("group", name=t("past.sure"))
    expect(question.get_by_role("button", name=t("confirm.yes"))).to_be_focused()
    question.get_by_role("button", name=t("confirm.no")).click()
    expect(clear).to_be_focused()
    clear.press("Enter")
    page.keyboard.press("Escape")
    expect(past(visit)).to_have_count(2)

    clear.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_text(t("past.empty"))).to_be_visible()
    expect(answers(visit)).to_have_count(2)  # it is the history that was cleared
    assert everything == []
    page.reload()
    expect(page.get_by_text(t("past.empty"))).to_be_visible()


@one_look
def test_of_a_long_history_the_newest_lines_are_shown_and_all_are_found(visit: Visit) -> None:
    page = visit.open()
    analyse(visit, *(f"第{n}条，{PRAISE}" for n in range(60)))
    expect(past(visit)).to_have_count(50)
    expect(page.get_by_text(visit.t("past.more", count=10))).to_be_visible()
    page.get_by_label(visit.t("past.search")).fill("第59条")
    expect(past(visit)).to_have_count(1)


@one_look
def test_the_history_stays_in_this_browser(browser: Browser, visit: Visit) -> None:
    page = visit.open()
    analyse(visit, PRAISE)
    other = page.context.new_page()
    other.goto(visit.cluster.url)
    expect(other.locator("ul.rows > li")).to_have_count(1)
    with visiting(browser, visit.cluster, visit.look) as stranger:
        stranger.open()
        expect(stranger.page.get_by_text(stranger.t("past.empty"))).to_be_visible()
    assert page.context.cookies() == []


@one_look
def test_two_tabs_do_not_undo_each_others_history(visit: Visit) -> None:
    visit.open()
    tab = replace(visit, page=visit.page.context.new_page())
    tab.open()
    analyse(visit, PRAISE)
    analyse(tab, BLAME)
    expect(past(tab).locator(".text")).to_have_text([BLAME, PRAISE])
    visit.page.reload()
    expect(past(visit).locator(".text")).to_have_text([BLAME, PRAISE])


@one_look
def test_a_history_of_older_make_or_none_of_ours_does_no_harm(visit: Visit) -> None:
    page = visit.open()
    for odd in ("{", "null", '"x"', json.dumps([None, 1, {"text": 5}, {"text": "没有概率"}])):
        page.evaluate("odd => localStorage.setItem('sentiq.history', odd)", odd)
        page.reload()
        expect(page.get_by_text(visit.t("past.empty"))).to_be_visible()
    analyse(visit, PRAISE)
    expect(past(visit)).to_have_count(1)


@one_look
def test_where_nothing_can_be_stored_all_works_but_for_keeping(visit: Visit) -> None:
    visit.page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };"
    )
    visit.open()
    analyse(visit, PRAISE)
    expect(past(visit).locator(".text")).to_have_text([PRAISE])


# -- language and light --


@two_looks
def test_another_language_keeps_what_was_typed_and_answered(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    other = replace(visit, t=Words({"en": "zh", "zh": "en"}[t.language]))
    locales = {"en": "en-GB", "zh": "zh-CN"}
    expect(page.locator("html")).to_have_attribute("lang", locales[t.language])
    expect(page).to_have_title(f"{t('analyse.title')} · sentiq")
    rows = analyse(visit, PRAISE, BLAME)
    page.get_by_role("slider").press("End")
    page.get_by_label(t("analyse.label")).fill("还没有发送")
    asked = requests(page, path="/api/")

    page.get_by_label(t("language")).select_option(other.t.language)
    expect(page.locator("html")).to_have_attribute("lang", locales[other.t.language])
    expect(page).to_have_title(f"{other.t('analyse.title')} · sentiq")
    expect(page.get_by_label(other.t("language"))).to_be_focused()
    expect(page.get_by_label(other.t("analyse.label"))).to_have_value("还没有发送")
    expect(rows.locator(".text")).to_have_text([PRAISE, BLAME])
    expect(rows.locator(".badge")).to_have_text([other.t("label.neutral")] * 2)  # the band is where it was
    assert asked == []
    assert visit.violations() == []
    assert visit.fits()

    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", locales[other.t.language])
    expect(page.get_by_role("heading", level=1)).to_have_text(other.t("analyse.title"))
    page.get_by_role("link", name=other.t("nav.jobs"), exact=True).click()
    expect(page).to_have_title(f"{other.t('jobs.title')} · sentiq")


@one_look
def test_the_language_may_change_while_the_answer_is_awaited(visit: Visit) -> None:
    page = visit.open()
    with held(page, "**/api/v1/jobs"):
        send(visit, PRAISE)
        page.get_by_label(visit.t("language")).select_option("zh")
        expect(page.locator("form button")).to_have_attribute("aria-busy", "true")
    expect(answers(visit)).to_have_count(1)
    expect(page.locator("form button[aria-busy]")).to_have_count(0)


def hurried(route: Route) -> None:
    """The service is asked to answer with the job alone, also where it has ended by then."""
    route.continue_(headers={name: value for name, value in route.request.headers.items() if name != "prefer"})


@contextmanager
def kept_waiting(visit: Visit) -> Iterator[None]:
    """A text is sent; that it has become a job is told at once, and nothing more of it before the end."""
    visit.page.route("**/api/v1/jobs", hurried)
    with held(visit.page, "**/api/v1/jobs/job_*"):
        send(visit, PRAISE)
        yield


@detail
@two_looks
def test_what_takes_long_can_be_looked_at_and_need_not_be_waited_for(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    with kept_waiting(visit):
        told = page.locator(".board [role=status]")
        expect(told).to_contain_text(t("analyse.slow"))
        job_id = visit.cluster.http.get("/api/v1/jobs").json()["data"][0]["id"]
        expect(told.get_by_role("link", name=t("analyse.look"))).to_have_attribute("href", f"/jobs/{job_id}")
        assert visit.violations() == []
        assert visit.fits()
        told.get_by_role("button", name=t("analyse.leave")).click()
        expect(told).to_have_count(0)
        expect(page.get_by_label(t("analyse.label"))).to_be_focused()
        expect(page.locator("form button[aria-busy]")).to_have_count(0)
        expect(page.get_by_role("alert")).to_have_count(0)
    analyse(visit, BLAME)  # the next one is not kept waiting


@one_look
def test_an_answer_that_takes_long_is_shown_all_the_same(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    with kept_waiting(visit):
        page.get_by_role("link", name=t("analyse.look")).wait_for()
        page.get_by_role("link", name=t("nav.bulk"), exact=True).click()
        page.get_by_role("link", name=t("nav.analyse"), exact=True).click()
        expect(page.get_by_role("button", name=t("analyse.leave"))).to_be_visible()
    expect(answers(visit)).to_have_count(1)
    expect(page.locator(".board")).to_be_empty()


@detail
@two_looks
def test_another_light_keeps_all_and_is_remembered(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    rows = analyse(visit, PRAISE)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.get_by_label(t("theme")).select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate(background)
    assert dark != light
    expect(rows).to_have_count(1)
    expect(page.get_by_label(t("analyse.label"))).to_have_value(PRAISE)
    assert visit.violations() == []

    page.reload()
    expect(page.get_by_label(t("theme"))).to_have_value("dark")
    assert page.evaluate(background) == dark
    page.get_by_label(t("theme")).select_option("")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(background) == dark
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == light
