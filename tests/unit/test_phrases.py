"""Phrases that set texts apart: on invented texts, into which they are planted."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from sentiq.phrases.finding import find_phrases
from sentiq.phrases.log_odds import LogOdds, least_surprise
from sentiq.phrases.segmenting import END, readable, words_of
from sentiq.phrases.word_lists import simplified

#: What both sides say alike.
COMMON = (
    "周末和家人一起用的",
    "是在网上下单的",
    "朋友也有一台",
    "颜色和图片一样",
    "说明书写得很详细",
    "第二天就寄到了",
    "安装花了十分钟",
    "放在客厅的桌子上",
    "平时用来听音乐",
    "这个牌子以前也用过",
)


def texts(rows: int, planted: Sequence[tuple[str, float]] = (), seed: int = 1) -> list[str]:
    """Invent texts of four clauses, of which each planted one is in such a share of the texts."""
    dice = random.Random(seed)
    made = []
    for _ in range(rows):
        clauses = dice.sample(COMMON, 3) + [clause for clause, share in planted if dice.random() < share]
        dice.shuffle(clauses)
        made.append(readable("，".join(clauses) + "。"))
    return made


def found(here: Sequence[str], there: Sequence[str], limit: int = 20) -> list[str]:
    return [candidate.phrase for candidate in find_phrases(here, there, limit)]


def test_planted_phrases_come_first_the_surest_before_the_rarer() -> None:
    here = texts(600, [("电池鼓包", 0.3), ("屏幕有划痕", 0.15), ("售后推诿", 0.08)])
    assert found(here, texts(600, seed=2)) == ["电池鼓包", "屏幕有划痕", "售后推诿"]


def test_equal_sides_have_no_phrases() -> None:
    assert found(texts(500), texts(500, seed=2)) == []


@pytest.mark.parametrize("seed", range(3))
def test_what_chance_makes_of_thousands_of_phrases_is_not_listed(seed: int) -> None:
    dice = random.Random(seed)
    things = [f"{a}{b}" for a in "铜铁木竹皮布棉纸" for b in "箱包盒桶篮架盘杯"]
    faults = ["断裂", "褪色", "漏水", "生锈", "变形", "掉漆", "发霉", "脱线", "起毛", "松动", "开胶", "刮手"]
    said = [
        f"{dice.choice(things)}{dice.choice(faults)}，{dice.choice(things)}{dice.choice(faults)}" for _ in range(4_000)
    ]
    assert len({part for text in said for part in text.split("，")}) > 700
    assert found(said[::2], said[1::2]) == []


def test_both_sides_may_have_a_phrase_and_the_one_that_has_it_more_often_is_set_apart() -> None:
    here, there = texts(500, [("噪音太大", 0.4)]), texts(500, [("噪音太大", 0.1)], seed=2)
    assert found(here, there) == ["噪音太大"]
    assert found(there, here) == []


def test_part_of_a_longer_phrase_is_not_listed() -> None:
    listed = found(texts(500, [("遥控器接触不良", 0.3)]), texts(500, seed=2))
    assert listed == ["遥控器接触不良"]


def test_short_phrase_that_stands_by_itself_has_its_longer_forms() -> None:
    said = ["鼓包", "漏液", "发烫", "进水", "短路", "生锈", "变形", "松动", "冒烟", "发霉"]
    phrases = find_phrases(texts(800, [(f"电池{fault}", 0.04) for fault in said]), texts(800, seed=2), 20)
    assert [phrase.phrase for phrase in phrases] == ["电池"]
    assert all(form.phrase[2:] in said for form in phrases[0].forms)
    assert len(phrases[0].forms) == 3


def test_phrases_that_say_the_same_are_listed_once() -> None:
    listed = found(texts(600, [("屏幕漏光", 0.2), ("屏幕也漏光", 0.1), ("屏幕都漏光了", 0.1)]), texts(600, seed=2))
    assert len(listed) == 1


def test_stop_words_and_mere_verdicts_are_not_listed() -> None:
    clauses = [("我们就是不知道为什么", 0.5), ("这个真的是太差了", 0.5), ("非常失望", 0.5), ("但是还是可以的", 0.4)]
    assert found(texts(500, clauses), texts(500, seed=2)) == []


def test_stop_words_and_mere_verdicts_are_known_in_traditional_characters() -> None:
    clauses = [
        ("我們還沒有這個", 0.5),
        ("給個差評", 0.5),
        ("還會再來買的", 0.5),
        ("對這個很滿意", 0.4),
        ("結果說已經訂了", 0.4),
    ]
    assert found(texts(500, clauses), texts(500, seed=2)) == []


@pytest.mark.parametrize("text", ["差評", "這裡", "沒有", "喜歡", "時候"])
def test_traditional_word_is_of_the_kind_of_the_simplified_one(text: str) -> None:
    (word, _) = words_of(text)
    (plain, _) = words_of(simplified(text))
    assert word.kind is plain.kind
    assert text != simplified(text) == plain.text


def test_verdict_is_listed_with_what_it_is_said_of() -> None:
    assert found(texts(500, [("隔音太差", 0.3)]), texts(500, seed=2)) == ["隔音太差"]


@pytest.mark.parametrize(
    "clause",
    [
        "@张小花_2020 你看",
        "联系人是诸葛亮",
        "哈哈哈哈",
        "[抓狂]",
        "😡😡",
        "2023",
        "https://example.com/item?id=1",
        "#周末晒单#",
        "service@example.com",
    ],
)
def test_names_numbers_signs_and_addresses_are_not_listed(clause: str) -> None:
    listed = found(texts(500, [(clause, 0.5)]), texts(500, seed=2))
    assert not [phrase for phrase in listed if phrase != "联系人"]


def test_emoticon_is_not_counted_as_the_word_in_it() -> None:
    here = texts(500, [("[抓狂]", 0.5), ("让人抓狂", 0.1)])
    (phrase,) = find_phrases(here, texts(500, seed=2), 5)
    assert phrase.phrase in ("抓狂", "让人抓狂")
    assert list(phrase.here.rows) == [number for number, text in enumerate(here) if "让人抓狂" in text]


@pytest.mark.parametrize(
    ("clause", "phrase"),
    [
        ("WiFi 断线", "wifi"),
        ("Face ID 失灵", "face id"),
        ("電池鼓包", "電池鼓包"),
        ("充电口😡松动", "松动"),
        ("等了两个小时", "等了两个小时"),
        ("机身\u200b漏油", "机身漏油"),
    ],
)
def test_latin_words_traditional_characters_numbers_inside_and_signs_between(clause: str, phrase: str) -> None:
    assert phrase in found(texts(500, [(clause, 0.4)]), texts(500, seed=2))


@pytest.mark.parametrize(
    "clause", ["快递半个月才到", "快遞半個月才到", "物流5天才到", "维修一周才来", "发货一个星期才到"]
)
def test_what_took_too_long_is_a_phrase(clause: str) -> None:
    assert found(texts(400, [(clause, 0.3)]), texts(400, seed=2)) == [clause]


def test_negation_stays_with_what_it_negates() -> None:
    parts = ["电机", "手柄", "滤网", "按键", "轮子", "支架", "齿轮", "弹簧", "马达", "插头"]
    here = texts(800, [(f"{part}不耐用", 0.04) for part in parts])
    assert found(here, texts(800, seed=2)) == ["不耐用"]


def test_phrase_in_two_rows_is_no_evidence() -> None:
    rare = [readable("电池鼓包。")] * 2
    assert found(texts(50) + rare, texts(50, seed=2)) == []


@pytest.mark.parametrize(("here", "there"), [([], []), ([], ["屏幕碎了"]), (["屏幕碎了"], []), ([""], [""])])
def test_sides_without_words_have_no_phrases(here: list[str], there: list[str]) -> None:
    assert found(here, there) == []


def test_rows_are_those_whose_text_has_the_phrase() -> None:
    here = texts(300, [("电池鼓包", 0.2)])
    (phrase,) = find_phrases(here, texts(300, seed=2), 5)
    assert list(phrase.here.rows) == [number for number, text in enumerate(here) if phrase.phrase in text]
    assert phrase.there.rows == ()


def test_same_texts_give_the_same_answer() -> None:
    sides = texts(400, [("电池鼓包", 0.2), ("屏幕漏光", 0.2)]), texts(400, seed=2)
    assert find_phrases(*sides, 9) == find_phrases(*sides, 9)


def test_limit() -> None:
    here = texts(500, [("电池鼓包", 0.3), ("屏幕漏光", 0.2)])
    assert len(found(here, texts(500, seed=2), limit=1)) == 1


def test_words_end_at_signs_and_a_blank_joins_latin_words_alone() -> None:
    words = [word.text for word in words_of("iphone 15 pro 很卡，死机")]
    assert words == ["iphone", "15", "pro", END.text, "很卡", END.text, "死机", END.text]


def test_log_odds_are_those_of_the_formula() -> None:
    contrast = LogOdds(1_000, 4_000).of(20, 10)
    prior = 1_000 * 30 / 5_000
    ratio = math.log(26 / (2_000 - 26)) - math.log(16 / (5_000 - 16))
    assert contrast.log_odds == pytest.approx(ratio)
    assert contrast.z == pytest.approx(ratio / math.sqrt(1 / (20 + prior) + 1 / (10 + prior)))


def test_likelihood_ratio_is_that_of_the_formula() -> None:
    expected = {"here": 30 * 1_000 / 5_000, "there": 30 * 4_000 / 5_000}
    ratio = 2 * (20 * math.log(20 / expected["here"]) + 10 * math.log(10 / expected["there"]))
    assert LogOdds(1_000, 4_000).of(20, 10).surprise == pytest.approx(math.sqrt(ratio))
    assert LogOdds(4_000, 1_000).of(10, 20).surprise == pytest.approx(-math.sqrt(ratio))


def test_more_phrases_that_were_tried_ask_for_more_surprise() -> None:
    surprises = [5.0, 4.0, 3.0, 2.0, 1.0]
    assert least_surprise(surprises, 5) == 2.0
    assert least_surprise(surprises, 500) == 4.0
    assert least_surprise(surprises, 100_000) == 5.0
    assert least_surprise([1.0], 100) == math.inf


def test_log_odds_change_their_sign_with_the_sides_and_grow_with_the_evidence() -> None:
    even = LogOdds(5_000, 5_000)
    assert even.of(7, 7).z == pytest.approx(0)
    assert even.of(12, 3).z == pytest.approx(-even.of(3, 12).z)
    assert even.of(120, 30).z > even.of(12, 3).z > 0
    assert even.of(3, 0).z < even.of(30, 10).z
