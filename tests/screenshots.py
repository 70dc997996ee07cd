"""Pictures for the docs: of the web page and of Flower, on a cluster at work, by a browser (chromium, from PATH).

python -m tests.screenshots [web] [flower]    both, unless one is named
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Locator, Page

from tests.browser import files, shops
from tests.browser.visits import DESKTOP, PHONE, Look, Visit, new_context
from tests.browser.words import Words
from tests.support import chromium
from tests.support.cluster import Cluster
from tests.support.flower import LOGIN, Flower
from tests.support.paths import REPOSITORY
from tests.support.processes import wait_until
from tests.support.texts import sentences

DOCS = REPOSITORY / "docs"
DONE_MS = 120_000  #: for the job of the pictures, on a busy machine
FLOWER_SIZE = (1700, 700)  #: pixels
FLOWER = {"tasks": "flower.png", "workers": "flower-workers.png"}
#: Each page of the web page in some look; all of them together show all looks.
LOOKS = {
    "web-desktop": Look("en", DESKTOP),
    "web-phone": Look("zh", PHONE, "dark"),
}
TEXTS = (
    "房间比照片上还要宽敞，床垫软硬正好，一觉睡到天亮。\n"
    "等了一个多小时才送到，汤洒了一半，客服也不理人。\n"
    "还行吧，没有想象中那么好，也没有别人说的那么差。\n"
    "价格不便宜，但是做工和售后都对得起这个价。"
)


def main(wanted: list[str]) -> int:
    if chromium.find() is None:
        print(f"there is no chromium; on Debian: apt-get install {chromium.PACKAGE}", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory,
        Cluster(Path(directory)) as cluster,
        chromium.chromium() as browser,
    ):
        cluster.start()
        if "web" in wanted or not wanted:
            web(browser, cluster)
        if "flower" in wanted or not wanted:
            flower(browser, cluster, Path(directory))
    return 0


def save(page: Page, name: str, most: int = 1_600, start: Locator | None = None) -> None:
    """The page from its top, or from the start of a part, as far as it goes; `most`: pixels of height."""
    target = DOCS / f"{name}.png"
    top = 0 if start is None else start.evaluate("part => part.getBoundingClientRect().top + scrollY - 16")
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    clip: FloatRect = {"x": 0, "y": top, "width": width, "height": min(height - top, most)}
    page.screenshot(path=target, full_page=True, clip=clip, animations="disabled")
    print(f"{target.relative_to(REPOSITORY)}: {target.stat().st_size / 1000:.0f} kB")


def part(page: Page, name: str) -> Locator:
    return page.locator(f"section[aria-labelledby={name}-title]")


# -- the web page ---------------------------------------------------------------------------------------------------


def web(browser: Browser, cluster: Cluster) -> None:
    for name, look in LOOKS.items():
        with new_context(browser, look) as context:
            visit = Visit(context.new_page(), Words(look.language), cluster, look, cluster.url)
            visit_all(visit, name)


def visit_all(visit: Visit, name: str) -> None:
    """In the order of a visit, so that each page has something to show."""
    page, t = visit.open("/"), visit.t
    page.get_by_label(t("analyse.label")).fill(TEXTS)
    page.get_by_role("button", name=t("analyse.go"), exact=True).click()
    page.locator("ol.rows > li").first.wait_for()
    page.locator(".band input").fill("0.1")
    save(page, f"{name}-analyse")

    visit.open("/bulk")
    files.choose(visit, "评论.csv", reviews())
    page.get_by_label(t("preview.has_header")).wait_for()
    save(page, f"{name}-bulk")

    files.start(visit)
    page.locator(".state-completed").wait_for(timeout=DONE_MS)
    page.reload()
    page.locator(".canvas canvas").nth(1).wait_for()
    page.wait_for_load_state("networkidle")  # an ended job is not polled
    save(page, f"{name}-job")

    visit.open("/bulk")
    files.choose(visit, "评价.csv", shops.reviews(5_000))
    page.get_by_label(t("options.aspects"), exact=True).select_option("shop")
    files.start(visit)
    page.locator(".cards .phrases a").nth(4).wait_for(timeout=DONE_MS)
    page.wait_for_load_state("networkidle")
    part(page, "timeline").get_by_label(t("timeline.step"), exact=True).select_option("week")
    part(page, "heat").get_by_label(t("heat.down"), exact=True).select_option(label="商品")
    page.locator(".heat").wait_for()
    page.wait_for_load_state("networkidle")
    save(page, f"{name}-insights", 1_200, part(page, "mending"))
    save(page, f"{name}-time", 600, part(page, "timeline"))
    save(page, f"{name}-heat", 600, part(page, "heat"))

    visit.open("/jobs")
    page.locator("tbody tr").first.wait_for()
    save(page, f"{name}-jobs")

    visit.open("/cluster")
    page.locator("tbody tr").first.wait_for()
    save(page, f"{name}-cluster")


def reviews() -> bytes:
    """Enough rows to run for some seconds, of several cities and sources, and a few bad ones."""
    draw = random.Random(7)
    rows = [
        (f"A{n:05}", text, draw.choice(files.CITIES), draw.choice(["应用商店", "官网", "门店", "电话回访"]))
        for n, text in enumerate(sentences(60_000))
    ]
    return files.csv([*rows[:8], ("A-1", "", "北京", "官网"), *rows[8:]])


# -- Flower ---------------------------------------------------------------------------------------------------------


def flower(browser: Browser, cluster: Cluster, directory: Path) -> None:
    with Flower(cluster, directory) as dashboard:
        wait_until(lambda: {"interactive", "bulk"} <= names(dashboard))
        work(cluster, dashboard)
        credentials = {"username": LOGIN[0], "password": LOGIN[1]}
        size = {"width": FLOWER_SIZE[0], "height": FLOWER_SIZE[1]}
        with browser.new_context(viewport=size, http_credentials=credentials) as context:  # type: ignore[arg-type]
            page = context.new_page()
            for path, picture in FLOWER.items():
                page.goto(f"http://127.0.0.1:{dashboard.port}/flower/{path}")
                page.locator("tbody tr td:nth-child(2)").first.wait_for()
                save(page, picture.removesuffix(".png"), FLOWER_SIZE[1])


def names(dashboard: Flower) -> set[str]:
    """Of the workers that Flower knows, without their hosts."""
    return {worker.partition("@")[0] for worker in dashboard.http.get("/api/workers", params={"refresh": 1}).json()}


def work(cluster: Cluster, dashboard: Flower) -> None:
    """Bulk chunks, one of which loses its child, and some small jobs."""
    large = cluster.submit(sentences(60_000))
    wait_until(lambda: cluster.job(large)["counts"]["completed"] > 50_000)
    bulk = next(process for process in cluster.processes if process.name == "bulk")
    for child in bulk.children():
        child.send_signal(signal.SIGKILL)
    cluster.wait_ended(large)
    for number in range(3):
        cluster.wait_ended(cluster.submit(sentences(number + 1, seed=number)))
    last = cluster.submit(sentences(2_000, seed=5))
    cluster.wait_ended(last)
    wait_until(lambda: sum(last in task["args"] for task in dashboard.ended("sentiq.classify_chunk")) == 4)
    wait_until(lambda: any("attempt=2" in task["result"] for task in dashboard.ended("sentiq.classify_chunk")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
