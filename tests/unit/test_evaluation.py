"""Metrics against figures worked out by hand or known from the literature; reports that say what was measured."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from html.parser import HTMLParser

import pytest

from sentiq.evaluation import tally as tallies
from sentiq.evaluation.comparison import compare
from sentiq.evaluation.intervals import wilson
from sentiq.evaluation.metrics import Evaluation, evaluate
from sentiq.evaluation.report import Fitted, Report, document, page
from sentiq.evaluation.tally import Answer, Tally, TooManyLabels

LABELS = ("negative", "positive")


def tallied(rows: Sequence[tuple[str, str, float]], source: str = "") -> Tally:
    """Count rows of a label, a prediction and a score."""
    tally = Tally()
    for number, (label, predicted, score) in enumerate(rows, start=1):
        tally.add(Answer(score, number, f"text {number}", label, predicted, source))
    return tally


def measured(rows: Sequence[tuple[str, str, float]]) -> Evaluation:
    return evaluate(tallied(rows), LABELS)


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_of_a_share_is_wilsons(hits: int, rows: int, low: float, high: float) -> None:
    """Newcombe (1998), table I, method 3, gives the last two."""
    figure = wilson(hits, rows)
    assert figure.value == hits / rows
    assert (figure.low, figure.high) == pytest.approx((low, high), abs=1e-4)


def test_accuracy_precision_recall_and_f1() -> None:
    rows = (
        [("positive", "positive", 0.9)] * 30
        + [("positive", "negative", 0.6)] * 10
        + [("negative", "positive", 0.7)] * 20
        + [("negative", "negative", 0.8)] * 40
    )
    found = measured(rows)
    negative, positive = found.by_label
    assert found.accuracy.value == 0.7
    assert positive.precision is not None
    assert positive.precision.value == 30 / 50
    assert positive.recall is not None
    assert positive.recall.value == 30 / 40
    assert positive.f1 is not None
    assert negative.f1 is not None
    assert positive.f1.value == pytest.approx(2 / 3)  # 60 / 90
    assert negative.f1.value == pytest.approx(8 / 11)  # 80 / 110
    assert found.macro_f1.value == pytest.approx((2 / 3 + 8 / 11) / 2)
    assert found.confusion.labels == list(LABELS)
    assert found.confusion.counts == [[40, 20], [10, 30]]
    for figure in (positive.f1, negative.f1, found.macro_f1):
        assert figure.low < figure.value < figure.high
        assert figure.high - figure.low < 0.25


def test_the_calibration_error_is_the_weighed_distance_of_score_and_share() -> None:
    rows = [("positive", "positive", 0.95)] * 60 + [("negative", "positive", 0.95)] * 20  # 80 at 95 %, 75 % right
    rows += [("positive", "positive", 0.55)] * 11 + [("negative", "positive", 0.55)] * 9  # 20 at 55 %, 55 % right
    calibration = measured(rows).calibration
    assert calibration is not None
    assert calibration.error.value == pytest.approx(0.8 * 0.2)
    assert [(each.rows, round(each.score, 9), each.accuracy.value) for each in calibration.bins] == [
        (20, 0.55, 0.55),
        (80, 0.95, 0.75),
    ]
    assert calibration.error.low < 0.16 < calibration.error.high


def test_scores_without_fault_show_the_error_that_chance_explains() -> None:
    dice = random.Random(3)
    scores = [dice.uniform(0.5, 1) for _ in range(2_000)]
    rows = [("positive" if dice.random() < score else "negative", "positive", score) for score in scores]
    calibration = measured(rows).calibration
    assert calibration is not None
    assert calibration.error.value < 2 * calibration.by_chance
    assert calibration.error.low == 0


def test_an_interval_is_wide_where_rows_are_few_and_never_a_point() -> None:
    few, many = (measured([("positive", "positive", 0.9), ("negative", "negative", 0.9)] * n) for n in (5, 500))
    assert few.macro_f1.value == many.macro_f1.value == 1
    assert few.macro_f1.low < 0.97
    assert few.macro_f1.low < many.macro_f1.low < 1


def test_the_same_rows_give_the_same_intervals() -> None:
    rows = [("positive", "positive", 0.9), ("negative", "positive", 0.8), ("negative", "negative", 0.7)] * 10
    assert measured(rows) == measured(list(rows))
    assert measured(rows).macro_f1 == measured(sorted(rows)).macro_f1


def test_what_nobody_can_know_is_none() -> None:
    found = evaluate(tallied([("negative", "negative", 0.9)] * 3), ("negative", "neutral", "positive"))
    _, neutral, positive = found.by_label
    assert (neutral.precision, neutral.recall, neutral.f1) == (positive.precision, positive.recall, positive.f1)
    assert neutral.f1 is None
    assert found.macro_f1.value == 1
    with pytest.raises(ValueError, match="no row"):
        evaluate(Tally(), LABELS)


def test_sources_are_told_apart_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "SOURCES", 2)
    tally = Tally()
    for number, source in enumerate("aabbccdd"):
        tally.add(Answer(0.9, number, "", "positive", "positive" if source == "a" else "negative", source))
    found = evaluate(tally, LABELS).by_source
    assert [(each.source, each.rows, each.accuracy.value) for each in found] == [("a", 2, 1), ("b", 2, 0), ("…", 4, 0)]


def test_the_surest_mistakes_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MISTAKES", 3)
    rows = [("negative", "positive", score / 100) for score in (60, 99, 70, 80, 65)]
    rows += [("positive", "negative", 0.9), ("positive", "positive", 1.0)]
    assert [(answer.row, answer.score) for answer in measured(rows).mistakes] == [(2, 0.99), (6, 0.9), (4, 0.8)]


def test_labels_can_be_named_when_all_are_counted() -> None:
    tally = tallied([("1", "positive", 0.9), ("pos", "positive", 0.8), ("0", "positive", 0.7), ("?", "negative", 0.6)])
    named = tally.renamed({"1": "positive", "pos": "positive", "0": "negative"})
    found = evaluate(named, LABELS)
    assert (found.rows, found.without_label, found.accuracy.value) == (3, 1, 2 / 3)
    assert [(answer.row, answer.label) for answer in found.mistakes] == [(3, "negative")]
    assert named.rows.total() + named.without_label == tally.rows.total()


def test_a_column_of_anything_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(TooManyLabels):
        tallied([(f"value {number}", "positive", 0.9) for number in range(1_000)])


def test_a_row_whose_score_is_no_probability_counts_for_the_accuracy_alone() -> None:
    tally = Tally()
    tally.add(Answer(0.9, 1, "", "neutral", "neutral", ""), is_probability=False)
    assert evaluate(tally, LABELS).calibration is None
    tally.add(Answer(0.8, 2, "", "positive", "positive", ""))
    found = evaluate(tally, LABELS)
    assert found.calibration is not None
    assert (found.rows, found.calibration.rows) == (2, 1)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value", "test"),
    [
        (1, 9, 0.021484, "exact"),  # 2 · (1 + 10) / 1024
        (5, 5, 1.0, "exact"),
        (0, 0, 1.0, "exact"),
        (59, 6, 0.0, "chi-square"),  # 52² / 65 = 41.6
        (30, 50, 0.033648, "chi-square"),  # 19² / 80 = 4.5125
    ],
)
def test_two_models_are_compared_by_mcnemar(only_first: int, only_second: int, p_value: float, test: str) -> None:
    right = [(True, False)] * only_first + [(False, True)] * only_second + [(True, True)] * 90 + [(False, False)] * 10
    found = compare(right)
    assert found.test == test
    assert found.p_value == pytest.approx(p_value, abs=1e-6)
    assert found.difference.value == (only_second - only_first) / len(right)
    assert found.difference.low <= found.difference.value <= found.difference.high
    assert found.is_significant == (not found.difference.low <= 0 <= found.difference.high)
    assert (found.both_right, found.both_wrong, found.rows) == (90, 10, len(right))


def test_models_without_a_row_are_not_compared() -> None:
    with pytest.raises(ValueError, match="no row"):
        compare([])


# -- Reports -----------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects the text and the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags = "", list[tuple[str, dict[str, str | None]]]()
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture
def report() -> Report:
    tally = tallied([("positive", "positive", 0.9)] * 60 + [("negative", "negative", 0.8)] * 40, "shop")
    tally.add(Answer(0.97, 101, f"质量很好 {HOSTILE}", "negative", "positive", HOSTILE))
    evaluation = evaluate(tally, LABELS)
    comparison = compare([(True, True)] * 80 + [(False, True)] * 20 + [(True, False)])
    columns = {"text": "评论", "label": HOSTILE}
    assert evaluation.calibration is not None
    fitted = Fitted(
        model="new@1-c2",
        temperature=1.25,
        thresholds={HOSTILE: 0.9},
        log_loss_before=0.4,
        log_loss=0.3,
        accuracy=evaluation.accuracy,
        macro_f1=evaluation.macro_f1,
        calibration=evaluation.calibration,
    )
    return Report(HOSTILE, HOSTILE, columns, evaluation, "other@1", evaluation, comparison, fitted, [HOSTILE])


def test_the_document_is_json_with_every_figure(report: Report) -> None:
    read = json.loads(json.dumps(document(report), allow_nan=False))
    assert read["object"] == "evaluation"
    assert read["rows"] == 101
    assert read["accuracy"] == {"value": 0.9901, "low": 0.946, "high": 0.9983}
    assert read["confusion"] == {"labels": ["negative", "positive"], "counts": [[40, 1], [0, 60]]}
    assert [each["label"] for each in read["by_label"]] == ["negative", "positive"]
    assert read["mistakes"][0]["text"] == f"质量很好 {HOSTILE}"
    assert read["mistakes"][0]["row"] == 101
    assert sum(each["rows"] for each in read["calibration"]["bins"]) == 101
    assert {each["source"] for each in read["by_source"]} == {"shop", HOSTILE}
    assert read["comparison"]["is_significant"] is True
    assert read["against"]["model"] == "other@1"
    assert (read["fitted"]["model"], read["fitted"]["temperature"]) == ("new@1-c2", 1.25)


def test_the_page_says_what_was_measured(report: Report) -> None:
    text = Reader(page(report)).text
    for words in (
        "99.0 % (94.6 to 99.8) right",
        "101 rows",
        "质量很好",
        "Of 100 texts at 90%",
        "other@1 is better",
        "temperature 1.25",
    ):
        assert words in text


def test_nothing_of_a_file_becomes_a_tag_of_the_page(report: Report) -> None:
    read = Reader(page(report))
    assert "script" not in {tag for tag, _ in read.tags}
    assert read.text.count(HOSTILE) >= 5
    fetched = {name for _, attributes in read.tags for name in attributes} & {
        "src",
        "href",
        "onload",
        "onclick",
        "style",
    }
    assert not fetched
