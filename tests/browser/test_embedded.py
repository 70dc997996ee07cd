"""The page of one process without Redis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.steps import analyse, one_look
from tests.browser.visits import Look, Visit, visiting
from tests.support.cluster import Cluster
from tests.support.embedded import Embedded


@pytest.fixture
def visit(browser: Browser, cluster: Cluster, look: Look, tmp_path: Path) -> Iterator[Visit]:
    with closing(Embedded(tmp_path)) as service, visiting(browser, cluster, look, url=service.url) as visit:
        yield visit


@one_look
def test_texts_are_answered_and_what_is_not_there_is_not_shown(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    expect(analyse(visit, "房间干净，服务热情，下次还来").first.locator(".badge")).to_have_text(t("label.positive"))
    visit.open("/cluster")
    for lane in ("interactive", "bulk"):
        expect(page.get_by_role("rowheader", name=f"{lane}@embedded")).to_be_visible()
    expect(page.get_by_role("link", name=t("cluster.flower"))).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)
