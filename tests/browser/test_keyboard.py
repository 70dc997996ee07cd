"""The page with nothing but a keyboard: every control is reached by Tab, seen, and worked."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.files import csv, reviews
from tests.browser.steps import one_look
from tests.browser.visits import Visit

MOST_TABS = 80


def focused(page: Page) -> str:
    """What a screen reader would say of the element with the focus: its name."""
    name: str = page.evaluate(
        """() => {
            const element = document.activeElement;
            const labels = [...(element.labels ?? [])].map((label) => label.textContent);
            return (element.getAttribute("aria-label") || labels.join(" ") || element.textContent).trim();
        }"""
    )
    return name


def tab_to(page: Page, name: str) -> None:
    """Press Tab until it is there. What has the focus is always visible, and shows that it has it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
                const element = document.activeElement;
                const { outlineStyle } = getComputedStyle(element);
                const { width, height } = element.getBoundingClientRect();
                return element === document.body || (width > 0 && height > 0 && outlineStyle === "solid");
            }"""
        )
        assert seen, f"the focus cannot be seen on {focused(page)!r}"
        if focused(page).startswith(name):
            return
    raise AssertionError(f"{name!r} is not reached by Tab")


def test_a_file_becomes_results_by_keyboard_alone(visit: Visit) -> None:
    page, t = visit.open("/"), visit.t
    page.on("filechooser", lambda chooser: None)  # from now on, and not only when the key is pressed already
    page.keyboard.press("Tab")
    assert focused(page) == t("skip")  # the first stop leads past the header
    tab_to(page, t("nav.bulk"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=t("bulk.title"), level=1)).to_be_focused()

    tab_to(page, t("drop.label"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files({"name": "评论.csv", "mimeType": "text/csv", "buffer": csv(reviews(90))})
    expect(page.get_by_role("heading", name=t("preview.title"))).to_be_focused()

    tab_to(page, t("preview.text_column"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("region", name=t("preview.table")).locator("th.chosen").last).to_contain_text("城市")
    assert focused(page).startswith(t("preview.text_column")), "the focus stays where the choice was made"
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("region", name=t("preview.table")).locator("th.chosen").last).to_contain_text("评论")
    tab_to(page, t("options.priority"))
    page.keyboard.press("ArrowDown")
    tab_to(page, t("band.label"))
    page.keyboard.press("ArrowRight")
    tab_to(page, t("options.keep_columns"))
    page.keyboard.press("Space")
    tab_to(page, t("bulk.start"))
    page.keyboard.press("Enter")

    page.wait_for_url("**/jobs/job_*")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.locator(".state-completed")).to_be_visible()
    job = visit.cluster.job(page.url.rpartition("/")[2])
    assert job["options"]["priority"] == "low"
    assert job["options"]["neutral_band"] == 0.01
    assert not job["options"]["keep_columns"]

    tab_to(page, t("rows.search"))
    page.keyboard.type("r88")
    expect(page.locator("section[aria-labelledby=rows-title] tbody tr")).to_have_count(1)
    tab_to(page, "XLSX")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".xlsx")

    for _ in range(MOST_TABS):
        page.keyboard.press("Shift+Tab")
        if focused(page) == t("act.erase"):
            break
    page.keyboard.press("Enter")
    assert focused(page) == t("confirm.yes")
    page.keyboard.press("Escape")
    assert focused(page) == t("act.erase")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=t("jobs.title"), level=1)).to_be_focused()
    assert visit.cluster.http.get("/api/v1/jobs").json()["data"] == []


#: What can have the focus and is shown: what is in a closed <details> is not, and of radio buttons one is a stop.
STOPS = """() => [...document.querySelectorAll("a[href], button, select, input, textarea, summary, [tabindex='0']")]
    .filter((element) => !element.disabled && element.checkVisibility({ visibilityProperty: true }))"""


def open_by_key(page: Page, section: str, name: str) -> None:
    """Open what is folded within a section."""
    page.locator(f"section[aria-labelledby={section}-title] summary").filter(has_text=name).first.focus()
    page.keyboard.press("Enter")


@one_look
def test_what_a_job_tells_is_reached_and_worked_by_keyboard_alone(visit: Visit, reviews_job: str) -> None:
    page, t = visit.open(f"/jobs/{reviews_job}"), visit.t
    expect(page.locator("section[aria-labelledby=phrases-title] tbody tr").first).to_be_visible()
    expect(page.locator("section[aria-labelledby=heat-title] td a").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    open_by_key(page, "timeline", t("chart.numbers"))
    expect(page.locator("section[aria-labelledby=timeline-title] tbody a").first).to_be_visible()

    # Once round: every control is a stop, each stop is seen, and none keeps the focus.
    page.evaluate(f"() => {{ window.stops = ({STOPS})(); window.visited = new Set(); document.activeElement.blur(); }}")
    most = page.evaluate("window.stops.length") + MOST_TABS
    for _ in range(most):
        page.keyboard.press("Tab")
        fault = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return "";
                if (window.visited.has(element)) return "again";
                window.visited.add(element);
                const { outlineStyle } = getComputedStyle(element);
                const { width, height, bottom, top } = element.getBoundingClientRect();
                const isSeen = width > 0 && height > 0 && bottom > 0 && top < innerHeight;
                return isSeen && outlineStyle === "solid" ? "" : "unseen";
            }"""
        )
        assert fault != "unseen", f"the focus cannot be seen on {focused(page)!r}"
        if fault == "again":
            break
    else:
        raise AssertionError("Tab does not come round")
    missed = page.evaluate(
        """() => window.stops
            .filter((stop) => stop.isConnected && !window.visited.has(stop))
            .map((stop) => stop.outerHTML)"""
    )
    assert missed == []
    stopped_in = page.evaluate(
        """() => [...window.visited]
            .map((stop) => stop.closest("section[aria-labelledby]")?.getAttribute("aria-labelledby"))"""
    )
    assert {f"{name}-title" for name in ("mending", "aspects", "timeline", "phrases", "heat", "sharing")} <= {
        *stopped_in
    }

    rows = page.locator("#rows-title")
    for section, link in (("mending", ".figure a"), ("phrases", "tbody a"), ("timeline", "tbody a"), ("heat", "td a")):
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)  # nothing is drawn anew between focus and key
        page.locator(f"section[aria-labelledby={section}-title] {link}").first.focus()
        page.keyboard.press("Enter")
        expect(rows).to_be_focused()
        expect(rows).to_be_in_viewport()
    page.locator("section[aria-labelledby=heat-title] select").first.focus()
    before = page.url
    page.keyboard.press("ArrowDown")
    expect(page).not_to_have_url(before)
    assert page.evaluate("document.activeElement.tagName") == "SELECT", "the focus stays where the choice was made"
    chip = page.locator("section[aria-labelledby=rows-title] .chosen button")
    many = chip.count()
    chip.first.focus()
    page.keyboard.press("Space")
    expect(chip).to_have_count(many - 1)
    assert page.evaluate("document.activeElement !== document.body"), "the focus is not lost with what had it"
    share = page.locator("section[aria-labelledby=sharing-title]")
    for control, key in ((share.get_by_role("link").first, "Enter"), (share.get_by_role("button").first, "Space")):
        control.focus()
        with page.expect_download():
            page.keyboard.press(key)
