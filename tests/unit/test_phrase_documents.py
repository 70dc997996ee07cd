"""Rows of both sides become a document of phrases; of many rows a sample is looked at, and figures are estimated."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from api.export.phrases.sides import Row, Side, other_filter
from api.export.phrases.work import EXAMPLE_CHARS, document
from api.export.rows import Filter
from api.schemas.phrases import PhraseDocument

COMMON = ("周末用的", "网上下单", "朋友也有一台", "颜色一样", "安装很快", "放在客厅")


def side(rows: int, planted: int, phrase: str, label: str, first: int = 0, most: int = 25_000) -> Side:
    """Return a side of so many rows, of which so many, spread by chance, have the phrase."""
    dice = random.Random(first)
    having = set(dice.sample(range(rows), planted))
    made = Side(most)
    for number in range(rows):
        clauses = dice.sample(COMMON, 3) + [phrase] * (number in having)
        made.add(Row(first + number, f"{'，'.join(clauses)}。第{number}台", label))
    return made


def only(here: Side, there: Side) -> PhraseDocument:
    (phrase,) = document("job_1", here, there, 20, has_negative=True).data
    return phrase


def test_counts_shares_and_the_share_of_negative_rows_are_those_of_the_rows() -> None:
    found = document(
        "job_1",
        side(400, 80, "电池鼓包", "negative"),
        side(600, 20, "电池鼓包", "positive", first=400),
        20,
        has_negative=True,
    )
    assert (found.here.rows, found.here.looked_at, found.against.rows) == (400, 400, 600)
    (phrase,) = found.data
    assert (phrase.phrase, phrase.rows, phrase.rows_against) == ("电池鼓包", 80, 20)
    assert phrase.share.value == 0.2
    assert phrase.share.low < 0.2 < phrase.share.high
    assert phrase.negative is not None
    assert phrase.negative.value == 0.8
    assert phrase.negative.low < 0.8 < phrase.negative.high


def test_models_without_a_negative_label_have_no_share_of_it() -> None:
    sides = side(300, 60, "电池鼓包", "1"), side(300, 0, "电池鼓包", "5", first=300)
    assert [phrase.negative for phrase in document("job_1", *sides, 20, has_negative=False).data] == [None]


def test_sample_estimates_what_all_rows_say_and_its_interval_has_the_truth() -> None:
    truth = only(side(20_000, 2_000, "电池鼓包", "negative"), side(10_000, 500, "电池鼓包", "positive", first=20_000))
    found = only(
        side(20_000, 2_000, "电池鼓包", "negative", most=2_000),
        side(10_000, 500, "电池鼓包", "positive", first=20_000, most=4_000),
    )
    assert truth.rows == 2_000
    assert found.share.low * 20_000 <= truth.rows <= found.share.high * 20_000
    assert found.share.low * 20_000 <= found.rows <= found.share.high * 20_000
    assert found.share.high - found.share.low > truth.share.high - truth.share.low
    assert found.negative is not None
    assert truth.negative is not None
    assert found.negative.low <= truth.negative.value <= found.negative.high
    assert found.negative.high - found.negative.low > truth.negative.high - truth.negative.low


def test_sample_is_uniform_by_row_and_the_same_each_time() -> None:
    def numbers() -> list[int]:
        sampled = Side(most=1_000)
        for number in range(10_000):
            sampled.add(Row(number, "好", "positive"))
        return [row.number for row in sampled.rows()]

    assert len(numbers()) == len(set(numbers())) == 1_000
    assert numbers() == numbers() == sorted(numbers())
    assert mean(numbers()) == pytest.approx(5_000, abs=4 * 10_000 / 12**0.5 / 1_000**0.5)


def test_long_texts_make_the_sample_smaller() -> None:
    sampled = Side(most=100, chars=1_000)
    for number in range(100):
        sampled.add(Row(number, "字" * 50, "positive"))
    assert (sampled.total, len(sampled.rows())) == (100, 20)


def test_examples_have_the_phrase_and_are_different_texts() -> None:
    here, there = side(300, 60, "电池鼓包", "negative"), side(300, 0, "", "positive", first=300)
    for number in range(600, 640):
        here.add(Row(number, "电池鼓包，用了三天就这样了，太让人生气，客服说不能退货也不能换货。", "negative"))
    here.add(Row(640, "前言" * 100 + "电池鼓包" + "后语" * 100, "negative"))
    examples = document("job_1", here, there, 1, has_negative=True).data[0].examples
    assert len({example.text for example in examples}) == 3
    for example in examples:
        assert "电池鼓包" in example.text
        assert len(example.text) <= EXAMPLE_CHARS + 2


def test_example_of_a_long_text_is_the_part_around_the_phrase() -> None:
    here, there = Side(), side(300, 0, "", "positive", first=300)
    for number in range(20):
        here.add(Row(number, f"{number}前言" * 30 + "Battery 鼓包" + "后语" * 60, "negative"))
    example = only(here, there).examples[0]
    assert example.text.startswith("…")
    assert example.text.endswith("…")
    assert "Battery" in example.text


def test_no_rows_have_no_phrases() -> None:
    assert document("job_1", Side(), Side(), 20, has_negative=True).data == []


def test_what_rows_are_compared_with() -> None:
    chosen = Filter(labels=("negative",), min_score=0.8, cells=((0, ("南",)),), contains="电池")
    assert other_filter(chosen, "rest") == Filter()
    assert other_filter(chosen, "labels") == Filter(cells=((0, ("南",)),), contains="电池")
    assert other_filter(chosen, "groups") == Filter(labels=("negative",), min_score=0.8)
