"""The label of a row: the neutral band at its edges, and models it does not concern."""

from __future__ import annotations

import pytest

from sentiq.core.labels import label_and_score

TWO = ("negative", "positive")
STEP = 1 / 65_535  # of probabilities as they are stored


@pytest.mark.parametrize(
    ("positive", "band", "label", "score"),
    [
        (0.9, 0.0, "positive", 0.9),
        (0.5, 0.0, "positive", 0.5),  # a band of 0 makes nothing neutral, not even the exact middle
        (0.5, 0.1, "neutral", 1.0),
        (0.55, 0.1, "neutral", 0.9),
        (0.45, 0.1, "neutral", 0.9),
        (0.6, 0.1, "positive", 0.6),  # the band ends before its edge …
        (0.4, 0.1, "negative", 0.6),
        (0.59999, 0.1, "neutral", 0.80002),  # … and begins right behind it
        (0.40001, 0.1, "neutral", 0.80002),
        (round(0.6 / STEP) * STEP, 0.1, "positive", 0.6),
        (1.0, 0.5, "positive", 1.0),  # the widest band leaves only the certain rows
        (0.0, 0.5, "negative", 1.0),
        (0.99999, 0.5, "neutral", 0.00002),
    ],
)
def test_a_row_is_neutral_nearer_to_the_middle_than_the_band(
    positive: float, band: float, label: str, score: float
) -> None:
    for labels, probabilities in ((TWO, (1 - positive, positive)), (TWO[::-1], (positive, 1 - positive))):
        got_label, got_score = label_and_score(labels, probabilities, band)
        assert got_label == label
        assert got_score == pytest.approx(score, abs=1e-9)


def test_the_nearer_to_the_middle_the_surer_neutral_is() -> None:
    scores = [label_and_score(TWO, (1 - p, p), 0.5)[1] for p in (0.999, 0.9, 0.7, 0.6, 0.5)]

    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("labels", "probabilities", "label"),
    [
        (("negative", "neutral", "positive"), (0.3, 0.2, 0.5), "positive"),
        (("negative", "neutral", "positive"), (0.3, 0.4, 0.3), "neutral"),
        (("anger", "joy"), (0.45, 0.55), "joy"),
        (("negative", "other", "positive"), (0.3, 0.2, 0.5), "positive"),
    ],
)
def test_models_with_other_labels_are_not_concerned(
    labels: tuple[str, ...], probabilities: tuple[float, ...], label: str
) -> None:
    assert label_and_score(labels, probabilities, 0.5) == (label, max(probabilities))
