"""The first page: type, see, move the band, search what was before."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Visit

TEXTS = ["房间干净，服务热情，下次还来", "物流太慢，包装破了，很失望"]


def test_texts_are_answered_at_once(visit: Visit) -> None:
    page, t = visit.open(), visit.t
    page.get_by_label(t("analyse.label")).fill("\n\n".join(TEXTS) + "\n")
    page.get_by_role("button", name=t("analyse.go"), exact=True).click()

    rows = page.locator("ol.rows > li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(TEXTS[0])
    expect(rows.nth(0)).to_contain_text(t("label.positive"))
    expect(rows.nth(1)).to_contain_text(t("label.negative"))
    assert visit.violations() == []
    assert visit.fits()
