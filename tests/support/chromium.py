"""A real browser for tests and pictures: the chromium of the machine, steered by Playwright.

Its headless shell is taken where there is one: the same engine without tabs, menus and the other parts of a browser's
window, which cost more than most pages of a test.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PACKAGE = "chromium-headless-shell"  #: of Debian
NAMES = (PACKAGE, "chromium", "chromium-browser", "google-chrome")
#: It makes no request of its own, only those of the pages it opens.
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find() -> str | None:
    """Return the path of the browser, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser with a new profile, which is removed with it. Call `find` first."""
    path = find()
    assert path is not None, f"there is no chromium; on Debian: apt-get install {PACKAGE}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
