"""Aspects of texts: which clauses speak of them, and how they are judged."""

from __future__ import annotations

import pytest

from sentiq.aspects.judging import aspect_probabilities
from sentiq.aspects.mentions import clause_text, mentions
from sentiq.aspects.sets import AspectSet, parse_set

HOTEL = parse_set(
    {
        "id": "hotel",
        "aspects": [
            {"name": "房间", "words": ["房间", "床", "大床房"], "except": ["起床"]},
            {"name": "服务", "words": ["服务", "服务员", "前台"]},
            {"name": "餐饮", "words": ["早餐", "床上早餐"]},
            {"name": "网络", "words": ["WiFi", "app", "4g"]},
        ],
    }
)


def _found(text: str, aspects: AspectSet = HOTEL) -> dict[str, list[str]]:
    """Return the clauses of each aspect that a text speaks of, by the aspect's name."""
    return {
        aspects.aspects[mention.aspect].name: [clause_text(text, span) for span in mention.spans]
        for mention in mentions(text, aspects)
    }


def test_an_aspect_gets_the_clauses_that_speak_of_it() -> None:
    found = _found("房间很大，服务态度差！早餐也不错")
    assert list(found) == ["房间", "服务", "餐饮"]
    assert "房间很大" in found["房间"][0]
    assert "早餐也不错" in found["餐饮"][0]
    assert "早餐" not in found["服务"][0]


@pytest.mark.parametrize("text", ["", " ", "天气真好", "昨天起床晚了", "happy", "14g"])
def test_a_text_that_speaks_of_no_aspect_has_no_mention(text: str) -> None:
    assert mentions(text, HOTEL) == []


def test_the_longest_word_wins() -> None:
    assert list(_found("我们点了床上早餐")) == ["餐饮"]
    assert list(_found("大床房")) == ["房间"]


@pytest.mark.parametrize("text", ["WIFI很慢", "ｗｉｆｉ很慢", "wi\u200bfi很慢", "这里有app可用", "用4G也行"])
def test_words_are_found_however_they_are_written(text: str) -> None:
    assert list(_found(text)) == ["网络"]


@pytest.mark.parametrize("before", ["", "😀👍🏽", "ＡＢＣ，", "\u200b\ufeff\u200d", "\U00020000很好。"])
def test_positions_are_those_of_the_text_as_it_is_given(before: str) -> None:
    text = f"{before}天气好。房\u200b间很大😀。再见"
    (mention,) = mentions(text, HOTEL)
    ((start, end),) = mention.spans
    assert clause_text(text, (start, end)).startswith("房\u200b间很大😀")
    assert "再见" not in text[start:end]


def test_probabilities_sum_to_one_and_lie_between_text_and_clause() -> None:
    mixed = aspect_probabilities([0.2, 0.8], [[0.9, 0.1]])
    assert sum(mixed) == pytest.approx(1)
    assert 0.2 < mixed[0] < 0.9
    three = aspect_probabilities([0.2, 0.3, 0.5], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert sum(three) == pytest.approx(1)
    assert all(probability > 0 for probability in three)
