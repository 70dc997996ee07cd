"""Traditional characters: the bundled model reads them as the simplified ones."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from tokenizers import Tokenizer, models, normalizers

from sentiq.engine import Engine, LongTexts
from tests.support.paths import BUNDLED_MODEL
from tools.traditional import is_simplifying, simplify

#: Our own sentences in both scripts; Taiwan's and Hong Kong's forms of a character too.
SENTENCES = {
    "這家店的麵很香，下次還會再來": "这家店的面很香，下次还会再来",
    "等了一個小時，服務太差了": "等了一个小时，服务太差了",
    "包裝完整，客服也很耐心": "包装完整，客服也很耐心",
    "房間裡面有味道，裏面還很髒": "房间里面有味道，里面还很脏",
    "因為臺灣、台灣兩邊都買過，爲此很滿意": "因为台湾、台湾两边都买过，为此很满意",
    "ＧＯＯＤ！這個iPhone殼真讚👍，カタカナ 한국어": "good！这个iphone壳真赞👍，カタカナ 한국어",
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(BUNDLED_MODEL)


@pytest.mark.parametrize(("traditional", "simplified"), SENTENCES.items())
def test_a_text_is_judged_the_same_in_both_scripts(traditional: str, simplified: str, engine: Engine) -> None:
    [one] = engine.classify([traditional])
    [other] = engine.classify([simplified])
    assert one == other


def test_a_long_text_is_cut_at_the_same_place_in_both_scripts(engine: Engine) -> None:
    texts = ["".join(sentences) * 40 for sentences in zip(*SENTENCES.items(), strict=True)]
    for long_texts in get_args(LongTexts):
        one, other = engine.classify(texts, long_texts)
        assert one == other
        assert one.truncated == (long_texts != "windows")


def test_the_manifest_says_so() -> None:
    manifest = json.loads((BUNDLED_MODEL / "manifest.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(BUNDLED_MODEL / "tokenizer.json"))
    assert (manifest["traditional"] == "simplify") is is_simplifying(tokenizer) is True


def plain(normalizer: normalizers.Normalizer | None) -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "爱": 1}, unk_token="[UNK]"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return tokenizer


@pytest.mark.parametrize("normalizer", [None, normalizers.NFKC(), normalizers.Sequence([normalizers.NFC()])])
def test_any_tokenizer_can_be_made_to_read_them(normalizer: normalizers.Normalizer | None) -> None:
    tokenizer = plain(normalizer)
    assert not is_simplifying(tokenizer)
    assert tokenizer.encode("愛").ids == [0]
    simplify(tokenizer)
    assert is_simplifying(tokenizer)
    assert tokenizer.encode("愛").ids == tokenizer.encode("爱").ids == [1]
    before = tokenizer.to_str()
    simplify(tokenizer)
    assert tokenizer.to_str() == before
