"""Sets of aspects: what is refused and why, JSON, YAML, and the sets that come along."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiq.aspects import sets
from sentiq.aspects.files import BUILT_IN, built_in, from_yaml, to_yaml
from sentiq.aspects.folding import folded
from sentiq.aspects.mentions import mentions
from sentiq.aspects.sets import AspectSet, AspectSetError, parse_set

YAML = """\
id: cafe
title: 咖啡馆
aspects:
- name: 咖啡
  words: [咖啡, 拿铁, no, 2.0]
- name: 价格
  words: [贵, 便宜]
  except: [宝贵]
"""


def _set(**changes: Any) -> dict[str, Any]:
    return {"id": "cafe", "aspects": [{"name": "咖啡", "words": ["咖啡"]}, {"name": "价格", "words": ["贵"]}]} | changes


def _faults(document: Any) -> dict[str | None, str]:
    with pytest.raises(AspectSetError) as caught:
        parse_set(document)
    return {fault.pointer: fault.detail for fault in caught.value.errors}


def test_yaml_is_read_as_it_is_meant() -> None:
    found = from_yaml(YAML)
    assert (found.id, found.title) == ("cafe", "咖啡馆")
    assert [aspect.name for aspect in found.aspects] == ["咖啡", "价格"]
    assert found.aspects[0].words == ("咖啡", "拿铁", "no", "2.0")
    assert found.aspects[1].excepted == ("宝贵",)
    assert from_yaml(YAML.encode()) == found
    assert from_yaml(b"\xef\xbb\xbf" + YAML.encode()) == found


def test_a_set_comes_back_from_yaml_and_json() -> None:
    found = from_yaml(YAML)
    assert from_yaml(to_yaml(found)) == found
    assert AspectSet.loads(found.dumps()) == found
    assert AspectSet.loads(found.dumps()) is AspectSet.loads(found.dumps())
    assert parse_set(json.loads(found.dumps())) == found


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=1, max_size=8))
def test_any_words_that_are_taken_come_back_and_are_found(words: list[str]) -> None:
    try:
        found = parse_set(_set(title=words[0], aspects=[{"name": "甲", "words": words}]))
    except AspectSetError:
        return
    assert from_yaml(to_yaml(found)) == found
    assert AspectSet.loads(found.dumps()) == found
    for word in found.aspects[0].words:
        assert [mention.aspect for mention in mentions(f"。{word}。", found)] == [0]


def test_the_version_is_that_of_the_content() -> None:
    found = parse_set(_set())
    assert found.name == f"cafe@{found.version}"
    assert len(found.version) == 12
    assert parse_set(_set()).version == found.version
    for other in (_set(title="别的"), _set(id="bar"), _set(aspects=[{"name": "咖啡", "words": ["咖啡"]}])):
        assert parse_set(other).version != found.version


@pytest.mark.parametrize(
    ("document", "pointer", "reason"),
    [
        ([], "", "an object"),
        (_set(id="咖啡"), "/id", "small letters"),
        (_set(id=None), "/id", "small letters"),
        (_set(id="../etc"), "/id", "small letters"),
        (_set(aspects=[]), "/aspects", "one or more"),
        (_set(aspects={"咖啡": ["咖啡"]}), "/aspects", "a list"),
        (_set(aspects=["咖啡"]), "/aspects/0", "an object"),
        (_set(aspects=[{"name": "咖啡"}]), "/aspects/0/words", "words of aspect '咖啡'"),
        (_set(aspects=[{"name": "咖啡", "words": []}]), "/aspects/0/words", "one or more"),
        (_set(aspects=[{"name": "咖啡", "words": "咖啡"}]), "/aspects/0/words", "a list"),
        (_set(aspects=[{"name": "咖啡", "words": [" "]}]), "/aspects/0/words/0", "blank"),
        (_set(aspects=[{"name": "咖啡", "words": ["\u200b"]}]), "/aspects/0/words/0", "blank"),
        (_set(aspects=[{"name": "咖啡", "words": [1]}]), "/aspects/0/words/0", "a text"),
        (_set(aspects=[{"name": "咖啡", "words": ["咖" * 41]}]), "/aspects/0/words/0", "at most 40"),
        (_set(aspects=[{"name": "咖啡", "words": ["咖\n啡"]}]), "/aspects/0/words/0", "line break"),
        (_set(aspects=[{"name": "", "words": ["咖啡"]}]), "/aspects/0/name", "blank"),
        (_set(aspects=[{"name": "咖啡", "words": ["咖啡"], "color": "red"}]), "/aspects/0", "'color'"),
        (
            _set(aspects=[{"name": "价格", "words": ["贵"], "except": ["咖啡"]}]),
            "/aspects/0/except/0",
            "contains none of its words",
        ),
        (
            _set(aspects=[{"name": "咖啡", "words": ["咖啡"]}, {"name": "咖啡", "words": ["拿铁"]}]),
            "/aspects/1/name",
            "named '咖啡'",
        ),
        (
            _set(aspects=[{"name": "甲", "words": ["wifi", "ＡＢ"]}, {"name": "乙", "words": ["WiFi", "网络"]}]),
            "/aspects/1/words/0",
            "aspect '甲' and of aspect '乙'",
        ),
        (_set(aspects=[{"name": f"方面{n}", "words": [f"词{n}"]} for n in range(500)]), "/aspects", "500"),
        (_set(aspects=[{"name": "甲", "words": [f"词{n}" for n in range(101)]}]), "/aspects/0/words", "101"),
        (
            _set(aspects=[{"name": f"{a}", "words": [f"词{a}之{n}" for n in range(100)]} for a in range(21)]),
            "/aspects",
            "2,100 words",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(document: Any, pointer: str, reason: str) -> None:
    faults = _faults(document)
    assert reason in faults[pointer].lower() or reason in faults[pointer]


def test_all_faults_are_told_at_once_up_to_a_limit() -> None:
    assert len(_faults(_set(id="", aspects=[{"name": "", "words": []}, {"name": "甲", "words": [""]}]))) == 4
    assert len(_faults(_set(aspects=[{"name": "甲", "words": [""] * 100}]))) <= 20


def test_the_largest_set_is_taken() -> None:
    aspects = [
        {"name": "名" * 38 + f"{a:02}", "words": [f"{a:02}{w:02}" + "词" * 36 for w in range(sets.MAX_WORDS // 40)]}
        for a in range(40)
    ]
    found = parse_set(_set(aspects=aspects))
    assert sum(len(aspect.words) for aspect in found.aspects) == sets.MAX_WORDS
    assert from_yaml(to_yaml(found)) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there are 0"),
        ("id: [cafe", "not YAML"),
        ("id: cafe\nid: bar", "'id' is there twice"),
        ("id: &a cafe\ntitle: *a", "anchors"),
        ("id: !!python/name:os.system x", "tags"),
        ("id: cafe\n---\nid: bar", "there are 2"),
        ("[" * 50 + "]" * 50, "nested too deeply"),
        ("? [cafe]\n: x", "nested too deeply"),
        ("id: " + "x" * 600_000, "512 KiB"),
        (b"id: \xff\xfe", "UTF-8"),
        ("just a text", "an object"),
    ],
)
def test_yaml_that_cannot_be_used_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(AspectSetError) as caught:
        from_yaml(text)
    assert reason in caught.value.detail or reason in caught.value.detail.lower()


def test_the_line_of_a_fault_in_yaml_is_told() -> None:
    with pytest.raises(AspectSetError) as caught:
        from_yaml("id: cafe\naspects:\n- name: [甲\n")
    assert caught.value.errors[0].line is not None


def test_six_sets_come_along() -> None:
    assert tuple(built_in()) == BUILT_IN == ("shop", "food", "hotel", "car", "app", "course")
    for id_, found in built_in().items():
        assert found.id == id_
        assert AspectSet.loads(found.dumps()) == found
        for aspect in found.aspects:
            assert all(folded(word) == word for word in aspect.words), aspect.name
