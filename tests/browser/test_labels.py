"""The page labels a row as the service does, whatever the band: or the slider would show what no file has."""

from __future__ import annotations

import itertools
import json

from sentiq.core.labels import DECIMALS, label_and_score
from tests.browser.steps import one_look
from tests.browser.visits import Visit

PAGE_SAYS = """async ([labels, rows, bands]) => {
    const { labelAndScore } = await import("/static/app/labels.js");
    return JSON.stringify(rows.map((row) => {
        const probabilities = Object.fromEntries(labels.map((label, at) => [label, row[at]]));
        return bands.map((band) => {
            const { label, score } = labelAndScore(probabilities, band);
            return [label, score];
        });
    }));
}"""
BANDS = [round(step / 100, 2) for step in range(51)]  #: those of the slider


def compare(visit: Visit, labels: list[str], rows: list[list[float]], bands: list[float]) -> None:
    said = json.loads(visit.page.evaluate(PAGE_SAYS, [labels, rows, bands]))
    meant = [[list(label_and_score(labels, row, band)) for band in bands] for row in rows]
    wrong = [
        (row, band, found, right)
        for row, founds, rights in zip(rows, said, meant, strict=True)
        for band, found, right in zip(bands, founds, rights, strict=True)
        if found != right
    ]
    assert wrong == []


@one_look
def test_two_classes_at_every_band(visit: Visit) -> None:
    visit.open()
    steps = [*range(0, 100_001, 97), 50_000, 100_000]
    edges = {50_000 + sign * (round(band * 100_000) + by) for band in BANDS for sign in (-1, 1) for by in (-1, 0, 1)}
    positives = [round(p / 100_000, DECIMALS) for p in sorted({*steps, *edges}) if 0 <= p <= 100_000]
    rows = [[round(1 - p, DECIMALS), p] for p in positives]
    compare(visit, ["negative", "positive"], rows, BANDS)
    compare(visit, ["positive", "negative"], [row[::-1] for row in rows[::20]], [0.005, 0.12345, 0.33333])


@one_look
def test_other_classes_know_no_band(visit: Visit) -> None:
    visit.open()
    shares = [n / 20 for n in range(21)]
    rows = [[a, b, round(1 - a - b, DECIMALS)] for a, b in itertools.product(shares, repeat=2) if a + b <= 1.000001]
    compare(visit, ["negative", "neutral", "positive"], rows, BANDS[::10])
    compare(visit, ["差", "中", "好"], rows, BANDS[::10])
    compare(visit, ["negative", "other"], [[p, round(1 - p, DECIMALS)] for p in shares], BANDS[::10])
