"""A large file, from drop to XLSX, in the browser, with --full: test_bulk.py does the same with small ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from python_calamine import load_workbook

from tests.browser import files
from tests.browser.visits import LOOKS, Visit

ROWS = 100_000
DONE_MS = 280_000


@pytest.mark.full
@pytest.mark.parametrize("look", LOOKS[:1], ids=["en-desktop"])
def test_a_large_file_from_drop_to_workbook(visit: Visit, tell: Callable[[str], None], tmp_path: Path) -> None:
    page, t = visit.open("/bulk"), visit.t
    rows = files.reviews(ROWS)
    content = files.csv(rows).decode()
    began = time.monotonic()
    files.drop(page, page.locator(".drop"), ("large.csv", content))
    page.get_by_role("heading", name=t("preview.title")).wait_for()
    job_id = files.start(visit)
    expect(page.locator(".state-completed")).to_be_visible(timeout=DONE_MS)
    processed = time.monotonic()
    expect(page.locator(".numbers > div").first).to_contain_text(f"{ROWS:,}")
    with page.expect_download(timeout=DONE_MS) as download:
        page.get_by_role("link", name="XLSX", exact=True).click()
    path = tmp_path / "results.xlsx"
    download.value.save_as(path)
    ended = time.monotonic()

    saved = load_workbook(path).get_sheet_by_index(0).to_python()[1:]
    assert [tuple(row[:4]) for row in saved] == rows
    assert visit.cluster.job(job_id)["counts"] == {"total": ROWS, "completed": ROWS, "failed": 0, "without_text": 0}
    size_mb = path.stat().st_size / 1e6
    tell(
        f"{ROWS:,} rows in the browser: {processed - began:.1f} s from drop to completed, "
        f"{ended - processed:.1f} s for the workbook of {size_mb:.1f} MB"
    )
