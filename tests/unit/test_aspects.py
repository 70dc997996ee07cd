"""Aspects of texts: which clauses speak of them, what the model is given, and how they are judged."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiq.aspects.files import built_in
from sentiq.aspects.folding import simplified
from sentiq.aspects.judging import aspect_probabilities
from sentiq.aspects.mentions import clause_text, mentions
from sentiq.aspects.sets import AspectSet, AspectSetError, parse_set
from tools.traditional import simplifier

HOTEL = parse_set(
    {
        "id": "hotel",
        "aspects": [
            {"name": "房间", "words": ["房间", "床", "大床房"], "except": ["起床"]},
            {"name": "服务", "words": ["服务", "服务员", "前台"]},
            {"name": "餐饮", "words": ["早餐", "床上早餐", "好吃"]},
            {"name": "网络", "words": ["WiFi", "app", "4g"]},
            {"name": "价格", "words": ["价格", "贵", "性价比"], "except": ["贵宾"]},
        ],
    }
)


def _spans(text: str, aspects: AspectSet = HOTEL) -> dict[str, list[str]]:
    """Return the clauses of each aspect that a text speaks of, by the aspect's name."""
    return {
        aspects.aspects[mention.aspect].name: [text[start:end] for start, end in mention.spans]
        for mention in mentions(text, aspects)
    }


def _given(clause: str) -> str:
    return clause_text(clause, (0, len(clause)))


# -- Clauses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("房间很大，服务态度差！早餐不错", {"房间": ["房间很大"], "服务": ["服务态度差！"], "餐饮": ["早餐不错"]}),
        ("房间很大但是服务差", {"房间": ["房间很大"], "服务": ["但是服务差"]}),
        ("房间不错不过价格高了些", {"房间": ["房间不错"], "价格": ["不过价格高了些"]}),
        ("早餐丰富就是房间小", {"房间": ["就是房间小"], "餐饮": ["早餐丰富"]}),
        ("房间好服务差", {"房间": ["房间好"], "服务": ["服务差"]}),
        ("房间好、服务差、早餐一般", {"房间": ["房间好"], "服务": ["服务差"], "餐饮": ["早餐一般"]}),
        ("房间不大 服务热情", {"房间": ["房间不大"], "服务": ["服务热情"]}),
        ("房间很大😀服务差😡", {"房间": ["房间很大😀"], "服务": ["服务差😡"]}),
        ("房间大。我们住了三天。房间又小又吵", {"房间": ["房间大", "房间又小又吵"]}),
        ("【房间】很大【服务】差", {"房间": ["【房间】很大"], "服务": ["【服务】差"]}),
        ("1、房间大2、服务差", {"房间": ["1、房间大"], "服务": ["2、服务差"]}),
        ("①房间大②服务差", {"房间": ["①房间大"], "服务": ["②服务差"]}),
        ("房间：\n床又大又软，服务：\n差", {"房间": ["房间：\n床又大又软"], "服务": ["服务：\n差"]}),
        ("wifi 信号差，有4.5分的早餐", {"网络": ["wifi 信号差"], "餐饮": ["有4.5分的早餐"]}),
    ],
)
def test_each_aspect_gets_the_clauses_that_speak_of_it(text: str, found: dict[str, list[str]]) -> None:
    assert _spans(text) == found


@pytest.mark.parametrize("text", ["房间、服务和早餐都很好", "房间，服务，早餐都很好", "房间以及服务、早餐，都很好"])
def test_what_is_listed_is_judged_together(text: str) -> None:
    assert [clauses[0][-3:] for clauses in _spans(text).values()] == ["都很好"] * 3


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("这房间，我再也不想住", "这房间，我再也不想住"),
        ("房间方面，还可以", "房间方面，还可以"),
        ("房间很大，我很喜欢", "房间很大"),
        ("房间。我们去吃饭", "房间"),
        ("房间", "房间"),
    ],
)
def test_a_clause_that_says_nothing_of_its_aspect_takes_the_next_one(text: str, clause: str) -> None:
    assert _spans(text)["房间"] == [clause]


def test_a_word_that_judges_needs_no_other_clause() -> None:
    assert _spans("好吃，就是服务慢") == {"餐饮": ["好吃"], "服务": ["就是服务慢"]}


@pytest.mark.parametrize(
    "text", ["服务比隔壁那家好多了", "服务没有以前好", "服务不如别的酒店", "服务并不比别家差", "服务不但好而且快"]
)
def test_negation_and_comparison_stay_in_one_clause(text: str) -> None:
    expected = text.removesuffix("而且快")
    assert _spans(f"住了两晚，{text}，下次再说") == {"服务": [expected]}


# -- Other languages -----------------------------------------------------------------------------------------------

EUROPE = parse_set(
    {
        "id": "europe",
        "aspects": [
            {"name": "price", "words": ["Preis", "prix", "цена", "τιμή", "가격", "السعر"]},
            {"name": "delivery", "words": ["Lieferung", "доставка", "배송이"]},
            {"name": "street", "words": ["stra", "caf", "ÜBER"]},
        ],
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Preis völlig überhöht, Lieferung schnell",
            {"price": ["Preis völlig überhöht"], "delivery": ["Lieferung schnell"]},
        ),
        ("Le prix à été très élevé", {"price": ["Le prix à été très élevé"]}),
        ("Цена очень высокая. Доставка быстрая", {"price": ["Цена очень высокая"], "delivery": ["Доставка быстрая"]}),
        ("배송이 너무 느려요! 가격 좋아요", {"delivery": ["배송이 너무 느려요!"], "price": ["가격 좋아요"]}),
        ("السعر مرتفع جدا، شكرا", {"price": ["السعر مرتفع جدا"]}),
        ("über uns", {"street": ["über uns"]}),
        ("Größe passt nicht, große Straße mit Café", {}),
        ("оценка высокая, цены", {}),
        ("cafe\u0301", {}),
        ("Η τιμή είναι καλή", {"price": ["Η τιμή είναι καλή"]}),
    ],
)
def test_words_and_clauses_of_languages_that_divide_words_are_whole(text: str, found: dict[str, list[str]]) -> None:
    assert _spans(text, EUROPE) == found


# -- Traditional characters ----------------------------------------------------------------------------------------

#: In both scripts; the clauses of the first are those of the second, and the model is given the same.
TRADITIONAL = [
    ("房間很大，服務態度差！早餐不錯", "房间很大，服务态度差！早餐不错"),
    ("房間很大但是服務員太慢，價格不貴", "房间很大但是服务员太慢，价格不贵"),
    ("房間好服務差", "房间好服务差"),
    ("雖然床很軟，這房間，我再也不想住", "虽然床很软，这房间，我再也不想住"),
    ("性價比高，貴賓請進，沒有異味的房間", "性价比高，贵宾请进，没有异味的房间"),
]


@pytest.mark.parametrize(("traditional", "simple"), TRADITIONAL)
def test_a_text_in_traditional_characters_has_the_same_aspects(traditional: str, simple: str) -> None:
    found = mentions(traditional, HOTEL)
    assert found
    assert found == mentions(simple, HOTEL)


def test_words_in_traditional_characters_are_found_in_both_scripts() -> None:
    aspects = parse_set({"id": "tw", "aspects": [{"name": "價格", "words": ["價格", "貴"], "except": ["貴賓"]}]})
    assert _spans("价格贵，贵宾", aspects) == {"價格": ["价格贵"]}
    assert _spans("價格貴，貴賓", aspects) == {"價格": ["價格貴"]}


@pytest.mark.parametrize(
    ("clause", "given"),
    [
        ("價格不貴", _given("价格不贵")),
        ("但是沒有異味", _given("但是没有异味")),
        ("油耗不高", _given("油耗不高")),
        ("房間還可以", "房間還可以"),  # nothing to say more plainly: as it was written
        ("貴社のサービス", "貴社のサービス"),  # in Japanese they are no other characters
    ],
)
def test_judgements_in_traditional_characters_become_plain_ones(clause: str, given: str) -> None:
    assert _given(clause) == given


def test_the_same_word_in_both_scripts_belongs_to_one_aspect() -> None:
    with pytest.raises(AspectSetError, match="'质量' is a word of aspect '甲' and of aspect '乙'"):
        parse_set({"id": "x", "aspects": [{"name": "甲", "words": ["質量"]}, {"name": "乙", "words": ["质量"]}]})


def test_the_table_of_characters_is_that_of_the_bundled_model() -> None:
    table = simplifier()
    for char in map(chr, range(0x3400, 0xA000)):
        assert simplified(char) == table.normalize_str(char), char


# -- Words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " ", "！！！", "天气真好", "昨天起床晚了", "happy", "14g", "贵宾请进"])
def test_a_text_that_speaks_of_no_aspect_has_no_mention(text: str) -> None:
    assert mentions(text, HOTEL) == []


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("我们点了床上早餐", ["餐饮"]),
        ("大床房", ["房间"]),
        ("起床后去前台", ["服务"]),
        ("起床看见床很脏", ["房间"]),
        ("贵宾房间", ["房间"]),
    ],
)
def test_the_longest_word_wins_and_exceptions_do_not_count(text: str, aspects: list[str]) -> None:
    assert list(_spans(text)) == aspects


@pytest.mark.parametrize("text", ["WIFI很慢", "ｗｉｆｉ很慢", "wi\u200bfi很慢", "这里有app可用", "用4G也行"])
def test_words_are_found_however_they_are_written(text: str) -> None:
    assert list(_spans(text)) == ["网络"]


@pytest.mark.parametrize("before", ["", "😀👍🏽", "ＡＢＣ，", "\u200b\ufeff\u200d", "\U00020000很好。", "ﬁ，½，"])
def test_positions_are_those_of_the_text_as_it_is_given(before: str) -> None:
    text = f"{before}天气好。 房\u200b间很大😀，再见"
    assert _spans(text) == {"房间": ["房\u200b间很大😀"]}


@given(st.text(st.sampled_from("房间服务早餐贵，。、！ \n但是不没有好差a1.😀\u200b\ufe0fＡ"), max_size=60))
def test_spans_lie_in_the_text_in_order_and_hold_a_word(text: str) -> None:
    for mention in mentions(text, HOTEL):
        assert list(mention.spans) == sorted(set(mention.spans))
        for start, end in mention.spans:
            assert 0 <= start < end <= len(text)
            seen = text[start:end].replace("\u200b", "").replace("\ufe0f", "")
            assert any(word in seen for word in HOTEL.aspects[mention.aspect].words)
            assert clause_text(text, (start, end)).strip()


# -- What the model is given -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "given_"),
    [
        ("噪音有点大", "噪音很差"),
        ("噪音不大", "很好"),
        ("没有异味", "很好"),
        ("空间有点小", "空间很差"),
        ("性价比不高", "性价比很差"),
        ("降低了噪音", "很好"),
        ("价格比上次低", "很好"),
        ("价格没有别家低", "价格很差"),
        ("油耗跟2.0一样低", "很好"),
        ("油耗惊人的低", "很好"),
        ("价格较高", "价格很差"),
        ("这个价格还不够买真的", "这个价格还不够买真的"),
        ("动力不足", "动力很差"),
        ("一点都不贵", "一点都很好"),
        ("但是菜有点咸", "菜不太好"),
        ("房间不是很干净", "房间不太好"),
        ("没什么特色", "很差"),
        ("有点贵", "不太好"),
        ("价格贵", "价格太贵"),
        ("贵宾厅价格公道", "贵宾厅很好"),
        ("味\u200b道不错", "味道不错"),
        ("大部分问题大家都知道", "大部分问题大家都知道"),
        ("服务比较不热情", "服务比较不热情"),
        ("质量比店里差多了", "质量比店里差多了"),
        ("不知优惠大不大", "不知优惠大不大"),
        ("对面有些大排档", "对面有些大排档"),
        ("对噪音没有太大影响", "对噪音没有太大影响"),
        ("这里最重要的是性能", "这里最重要的是性能"),
        ("性价比高", "性价比很好"),
        ("除了服务，其他都好", "很差"),
        ("除了味道以外，别的都不行", "很好"),
        ("服务员很热情", "服务员很热情"),
        ("服务比隔壁强多了", "服务很好"),
        ("没有比这更好的", "没有比这更好的"),
        ("等位时间有点长", "等位时间很差"),
        ("价格不便宜", "价格太贵"),
        ("价格小贵", "价格小太贵"),
        ("菜不太新鲜", "菜不太好"),
        ("挑不出毛病", "很好"),
        ("但是", "但是"),
    ],
)
def test_quantities_and_negations_become_plain_praise_or_blame(clause: str, given_: str) -> None:
    assert _given(clause) == given_


# -- Judging -----------------------------------------------------------------------------------------------------


def test_probabilities_sum_to_one_and_lie_between_text_and_clause() -> None:
    mixed = aspect_probabilities([0.2, 0.8], [[0.9, 0.1]])
    assert sum(mixed) == pytest.approx(1)
    assert 0.2 < mixed[0] < 0.9
    three = aspect_probabilities([0.2, 0.3, 0.5], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert sum(three) == pytest.approx(1)
    assert all(probability > 0 for probability in three)


def test_a_text_and_its_clauses_that_agree_are_believed() -> None:
    assert aspect_probabilities([0.1, 0.9], [[0.1, 0.9], [0.1, 0.9]], 3) == pytest.approx((0.1, 0.9))


def test_the_more_aspects_a_text_has_the_less_it_says_of_each() -> None:
    shares = [aspect_probabilities([0.9, 0.1], [[0.2, 0.8]], mentioned)[0] for mentioned in (1, 2, 5, 50)]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.2, abs=0.02)


# -- Long texts --------------------------------------------------------------------------------------------------


def _calls(text: str, aspects: AspectSet) -> int:
    """Return how many functions are called, those written in C among them, to find and word the mentions."""
    count = 0

    def counted(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        for mention in mentions(text, aspects):
            for span in mention.spans:
                clause_text(text, span)
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "part", ["房间很大但是服务差，", "房间", "房间，", "房间好服务差", "房间\u200b的，服务不不不没有有有", "价格比"]
)
def test_long_texts_take_as_many_steps_as_they_are_long(part: str) -> None:
    short, long = (part * (chars // len(part)) for chars in (2_500, 20_000))
    assert _calls(long, HOTEL) < 9 * _calls(short, HOTEL)
    covered = sum(end - start for mention in mentions(long, HOTEL) for start, end in mention.spans)
    assert covered <= 3 * len(long) * len(HOTEL.aspects)


def test_the_sets_that_come_along_find_what_people_write() -> None:
    assert list(_spans("味道不错，分量也足，就是等位要一个小时，停车不方便", built_in()["food"])) == [
        "味道", "分量", "排队", "停车"
    ]  # fmt: skip
    assert list(_spans("油耗不高，后排宽敞，高速噪音大", built_in()["car"])) == ["油耗", "舒适性", "空间"]
