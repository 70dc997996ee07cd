"""The page of a job whose file has labels tells how many answers are right, and which are not."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser import files
from tests.browser.steps import detail, one_look, requests, two_looks
from tests.browser.visits import Visit

ROWS = 200


def labelled(visit: Visit, rows: int = ROWS) -> str:
    """Submit praise and blame with the labels that they deserve, but for two of blame; return the job's id."""
    reviews = [f"{text},{('好评', '差评')[n % 2]}" for n, (_, text, *_) in enumerate(files.reviews(rows))]
    reviews[1], reviews[3] = (line.replace("差评", "好评") for line in (reviews[1], reviews[3]))
    job_id = files.submit(visit.cluster, "\n".join(["评论,标签", *reviews]).encode())
    visit.cluster.wait_ended(job_id)
    return job_id


@detail
@two_looks
def test_answers_are_compared_with_the_labels_of_the_file(visit: Visit) -> None:
    job_id = labelled(visit)
    found = visit.cluster.http.get(f"/api/v1/jobs/{job_id}/evaluation").json()
    assert (found["rows"], found["accuracy"]["value"]) == (ROWS, 0.99)
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    section = page.locator("section[aria-labelledby=evaluation-title]")
    expect(section.get_by_text(re.compile(r"\b99\s?%"))).to_be_visible()
    lines = section.locator("table").first.locator("tbody tr")
    expect(lines).to_have_count(2)
    for line, counts in zip(lines.all(), found["confusion"]["counts"], strict=True):
        assert [line.locator("td").nth(at).inner_text() for at in (1, 2)] == list(map(str, counts))
    expect(section.get_by_role("heading", name=t("evaluation.scores"))).to_be_visible()
    assert section.locator("li").count() == sum(each["rows"] >= 30 for each in found["calibration"]["bins"])
    section.get_by_text(t("evaluation.mistakes"), exact=True).click()
    mistakes = section.locator("details tbody tr")
    expect(mistakes).to_have_count(2)
    expect(mistakes.first).to_contain_text(files.BLAME)
    assert visit.violations() == []
    assert visit.fits()


@one_look
def test_what_compares_is_not_loaded_for_a_file_without_labels(visit: Visit) -> None:
    job_id = files.submit(visit.cluster, files.csv(files.reviews(40)))
    visit.cluster.wait_ended(job_id)
    asked = requests(visit.page, path="evaluation")
    page, t = visit.open(f"/jobs/{job_id}"), visit.t
    expect(page.locator(".distribution")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert asked == []
    expect(page.get_by_text(t("evaluation.title"))).to_have_count(0)


@detail
@one_look
def test_the_column_of_labels_can_be_chosen(visit: Visit) -> None:
    page, t = visit.open("/bulk"), visit.t
    content = "评论,审核\n" + "\n".join(f"{text},{'AB'[n % 2]}" for n, (_, text, *_) in enumerate(files.reviews(8)))
    files.choose(visit, "评论.csv", content.encode())
    picker = page.get_by_label(t("preview.label_column"), exact=True)
    expect(picker).to_have_value("")
    picker.select_option(label="审核")
    expect(page.get_by_role("columnheader", name="审核")).to_contain_text(t("preview.is_label"))
