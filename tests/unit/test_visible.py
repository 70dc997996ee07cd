"""What shows nothing is not read, in any model; a text of it alone is blank."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from sentiq.core.invisible_characters import is_blank, visible
from sentiq.core.settings import BUNDLED_MODELS, Settings
from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, InputChunk
from worker.child.classify import answer

INVISIBLE = [
    *("\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e"),
    *("\u202a", "\u202e", "\u2060", "\u2066", "\u2800", "\u3164", "\ufe0f", "\ufeff", "\uffa0", "\ufff9"),
    *("\U0001d173", "\U000e0001", "\U000e0100", "\x01", "\x1b", "\x7f"),
]
#: Format characters of Unicode that have a glyph of their own: signs of Arabic, Syriac, Kaithi and Egyptian.
SHOWN_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
TEXTS = ["菜很好吃，下次还来", "服务员态度太差了", "一般", "屏幕有划痕，客服半天不回，再也不买了", "❤ very good"]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(find_model([BUNDLED_MODELS], "sentiq-small-zh").directory)


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda c: f"U+{ord(c):04X}")
def test_invisible_characters_alone_are_blank_and_others_stay(character: str) -> None:
    assert is_blank(character)
    assert is_blank(f" \n{character}\u3000\t{character * 3}")
    assert visible(f"{character}好{character}吃 \t{character}") == "好吃 \t"


def test_every_format_and_control_character_without_a_glyph_is_invisible() -> None:
    left = [
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cf", "Cc") and not is_blank(character)
    ]
    egyptian = [character for character in left if "\U00013430" <= character <= "\U0001343f"]
    assert sorted(set(left) - set(egyptian)) == sorted(SHOWN_FORMATS)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z"])))
def test_what_is_seen_is_seen_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert is_blank(text) == (not visible(text).strip())


@pytest.mark.parametrize("text", ["很好", "a b", "👍🏽", "नमस्ते", "é", "、", "?"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert not is_blank(text)


@given(
    st.sampled_from(TEXTS), st.lists(st.tuples(st.integers(0, 20), st.sampled_from(INVISIBLE)), min_size=1, max_size=8)
)
def test_invisible_characters_change_no_answer(engine: Engine, text: str, put_in: list[tuple[int, str]]) -> None:
    dirty = text
    for place, character in put_in:
        dirty = dirty[:place] + character + dirty[place:]

    # Alone each: what is computed beside a text may move its last digits.
    assert engine.classify([dirty]) == engine.classify([text])


def test_texts_that_look_alike_share_one_pass_and_one_entry_of_the_cache(engine: Engine, redis: Redis) -> None:
    texts = ("味道\u200b不错", "味道不错", "\ufeff味道不错", "难吃")
    chunk = OpenChunk(ChunkRef("job", 0, len(texts)), InputChunk(0, texts), 0, None, "request")
    cache = ResultCache(redis, Settings())

    class NoIsolation:
        def isolate(self, ref: ChunkRef, state: bytes) -> None:
            raise AssertionError("no chunk crashed")

    ((_, output),) = answer(engine, NoIsolation(), cache, [chunk])

    first, second, third, other = (outcome.probabilities for outcome in output.outcomes)
    assert first == second == third != other
    assert cache.counts().entries == 2
