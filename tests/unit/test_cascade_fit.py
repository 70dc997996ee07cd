"""The threshold of a pair: its bound is kept whatever the answers are, and it is the lowest that keeps it."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentiq.engine import StoredPair
from sentiq.engine.pairs import find
from tests.support.models import BUNDLED, copy_contrary, copy_model, write_model
from tests.support.paths import BUNDLED_MODEL
from tests.support.texts import sentences
from tools.cascade.__main__ import main
from tools.cascade.fit import NotFitted, Trial, loss_limit, most_differing

ANSWERS = st.lists(st.tuples(st.integers(10, 20).map(lambda n: n / 20), *[st.booleans()] * 3), min_size=1, max_size=400)


def trial_of(answers: list[tuple[float, bool, bool, bool]], *, repeated: int = 1) -> Trial:
    """Answers, each of confidence, of student, teacher and truth."""
    confidence, *labels = (np.repeat(np.array(column), repeated) for column in zip(*answers, strict=True))
    student, teacher, truth = (column.astype(np.int64) for column in labels)
    return Trial(confidence, student, teacher, truth, student_s=0.001, teacher_s=0.009)


def differing(answers: list[tuple[float, bool, bool, bool]], threshold: float) -> int:
    return sum(student != teacher for sure, student, teacher, _ in answers if sure >= threshold)


def lost_and_won(answers: list[tuple[float, bool, bool, bool]], threshold: float) -> tuple[int, int]:
    sure = [row for row in answers if row[0] >= threshold]
    lost = sum(teacher == truth != student for _, student, teacher, truth in sure)
    return lost, sum(student == truth != teacher for _, student, teacher, truth in sure)


def at_most(count: int, texts: int, share: Fraction) -> Fraction:
    """The probability that at most so many of the texts differ."""
    return sum(
        (math.comb(texts, k) * share**k * (1 - share) ** (texts - k) for k in range(count + 1)), start=Fraction(0)
    )


@pytest.mark.parametrize("texts", [1, 20, 298, 299, 300, 473, 1_000, 1_500])
@pytest.mark.parametrize("share", [Fraction(1, 100), Fraction(1, 10)])
@pytest.mark.parametrize("limit", [Fraction(1, 20), Fraction(2, 5)])
def test_so_few_differing_answers_are_hardly_ever_seen_of_a_worse_pair(
    texts: int, share: Fraction, limit: Fraction
) -> None:
    allowed = most_differing(texts, float(share), float(1 - limit))
    if allowed is None:
        assert at_most(0, texts, share) > limit
    else:
        assert at_most(allowed, texts, share) <= limit < at_most(allowed + 1, texts, share)


@given(answers=ANSWERS, agreement=st.sampled_from([0.5, 0.9, 0.99]))
def test_the_lowest_threshold_that_keeps_the_agreement_is_chosen(
    answers: list[tuple[float, bool, bool, bool]], agreement: float
) -> None:
    allowed = most_differing(len(answers), 1 - agreement, 0.95)
    within = [
        threshold
        for threshold in {sure for sure, *_ in answers}
        if allowed is not None and differing(answers, threshold) <= allowed
    ]
    try:
        found = trial_of(answers).threshold_for_agreement(agreement)
    except NotFitted:
        assert not within
    else:
        assert found == min(within)


@given(
    answers=ANSWERS,
    max_loss=st.sampled_from([0.002, 0.05, 0.3]),
    certainty=st.sampled_from([0.5, 0.95]),
    repeated=st.sampled_from([1, 30]),
)
def test_every_threshold_from_the_chosen_one_up_keeps_the_loss_and_the_next_does_not(
    answers: list[tuple[float, bool, bool, bool]], max_loss: float, certainty: float, repeated: int
) -> None:
    texts = len(answers) * repeated

    def is_within(threshold: float) -> bool:
        lost, won = (np.array([count * repeated]) for count in lost_and_won(answers, threshold))
        return bool(loss_limit(lost, won, texts, certainty)[0] <= max_loss)

    thresholds = sorted({sure for sure, *_ in answers}, reverse=True)
    try:
        found = trial_of(answers, repeated=repeated).threshold_for_loss(max_loss, certainty)
    except NotFitted:
        assert not is_within(thresholds[0]) or not is_within(2.0)
    else:
        at = thresholds.index(found)
        assert all(map(is_within, thresholds[: at + 1]))
        assert not any(map(is_within, thresholds[at + 1 : at + 2]))


@given(answers=ANSWERS)
def test_the_curve_counts_what_the_pair_does(answers: list[tuple[float, bool, bool, bool]]) -> None:
    texts = len(answers)
    trial = trial_of(answers)
    teacher, *points = trial.curve()

    right = sum(teacher == truth for _, _, teacher, truth in answers)
    assert (teacher.share, teacher.agreement, teacher.accuracy) == (0, 1, right / texts)
    assert points[-1].share == 1
    assert [point.share for point in points] == sorted({point.share for point in points})
    for point in points:
        assert point.threshold is not None
        lost, won = lost_and_won(answers, point.threshold)
        share = sum(sure >= point.threshold for sure, *_ in answers) / texts
        assert point.share == share
        assert point.agreement == pytest.approx(1 - differing(answers, point.threshold) / texts)
        assert point.accuracy == pytest.approx((right - lost + won) / texts)
        assert point.texts_per_s == pytest.approx(1 / (0.001 + (1 - share) * 0.009))
        assert trial.at(point.threshold) == point


def drawn(count: int, seed: int, limit: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Confidences, and whether the student is wrong: the less sure it is, the more often, at most so often."""
    rng = np.random.default_rng(seed)
    confidence = rng.uniform(0.5, 1, count)
    return confidence, (rng.uniform(size=count) < limit * 2 * (1 - confidence)).astype(np.int64)


def test_on_texts_that_come_later_the_bound_is_kept_nineteen_times_of_twenty() -> None:
    """Of 200 pairs, some 10 are worse than the bound; more than 25 would be one chance in ten thousand."""
    broken = 0
    for seed in range(200):
        confidence, wrong = drawn(1_000, seed, 0.2)
        trial = Trial(confidence, wrong, np.zeros_like(wrong), None, student_s=1, teacher_s=1)
        threshold = trial.threshold_for_agreement(0.97)
        # The share of all texts that differ, computed: the integral of 0.2 · 2 (1 − c) over c ≥ threshold, density 2.
        broken += 0.4 * (1 - threshold) ** 2 > 0.03
    assert broken <= 25


@pytest.mark.parametrize(
    ("texts", "message"), [(200, "at least 299 are needed"), (2_000, "no threshold keeps the bound")]
)
def test_why_no_threshold_is_found_is_said(texts: int, message: str) -> None:
    answers = [(0.99, texts > 200, False, False)] * texts
    with pytest.raises(NotFitted, match=message):
        trial_of(answers).threshold_for_agreement(0.99)


def test_too_few_labels_are_too_few_for_a_small_loss() -> None:
    with pytest.raises(NotFitted, match=r"100 texts with labels cannot show a loss of at most 0\.002: some 8\d\d are"):
        trial_of([(0.99, True, True, True)] * 100).threshold_for_loss(0.002)


# -- the command -----------------------------------------------------------------------------------------------------


def lines_of(path: Path, texts: list[str]) -> Path:
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def fitted(store: Path) -> StoredPair:
    found = find([store, BUNDLED_MODEL.parent], f"{BUNDLED}+second")
    assert isinstance(found, StoredPair)
    return found


def test_the_command_stores_a_pair_with_its_table_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_model(tmp_path, "second")
    texts = lines_of(tmp_path / "texts.txt", sentences(320))

    assert main([BUNDLED, "second", str(texts), "--store", str(tmp_path)]) == 0

    pair = fitted(tmp_path)
    content = json.loads((pair.directory / "cascade.json").read_text(encoding="utf-8"))
    assert content["bound"] == {"agreement": 0.99, "certainty": 0.95}
    assert content["chosen"]["share"] == 1, "a copy of the student says the same of every text"
    assert content["chosen"]["accuracy"] is None
    svg = (pair.directory / "cascade.svg").read_text(encoding="utf-8")
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 -- our own
    assert "script" not in svg
    shown = capsys.readouterr().out
    assert f"SENTIQ_CASCADE={BUNDLED},second" in shown
    assert f"sentiq-admin activate {pair.manifest.name}" in shown


def test_labels_of_a_file_bound_the_loss(tmp_path: Path) -> None:
    copy_model(tmp_path, "second")
    rows = [f"{text},{'正面' if at % 2 else '负面'}" for at, text in enumerate(sentences(900))]
    table = lines_of(tmp_path / "labelled.csv", ["review,label", *(row.replace("，", " ") for row in rows)])

    assert main([BUNDLED, "second", str(table), "--store", str(tmp_path), "--max-loss", "0.002"]) == 0

    content = json.loads((fitted(tmp_path).directory / "cascade.json").read_text(encoding="utf-8"))
    assert content["bound"] == {"max_loss": 0.002, "certainty": 0.95}
    accuracies = {point["accuracy"] for point in content["curve"]}
    assert len(accuracies) == 1, "a copy of the student is right as often"
    assert 0.3 < accuracies.pop() < 0.7


@pytest.mark.parametrize(
    ("teacher", "options", "message"),
    [
        ("absent", [], "no model 'absent'"),
        ("three", [], "both need the same"),
        ("contrary", [], "no threshold keeps the bound"),
        ("second", ["--max-loss", "0.002"], "no column looks as if it held labels"),
        ("second", ["--label", "opinion"], "opinion"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], teacher: str, options: list[str], message: str
) -> None:
    copy_model(tmp_path, "second")
    copy_contrary(tmp_path, "contrary")
    write_model(tmp_path / "three", id="three", labels=["negative", "neutral", "positive"])
    texts = lines_of(tmp_path / "texts.txt", sentences(310))

    assert main([BUNDLED, teacher, str(texts), "--store", str(tmp_path), *options]) == 1

    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("*/cascade.json"))
