"""A long text is cut before it is tokenised: for every kind of tokenizer, what is read stays the same."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Sequence
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Encoding, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from sentiq.engine import LongTexts
from sentiq.engine.reading import Reader, boundary
from tests.support.paths import BUNDLED_MODEL
from tools.traditional import TABLE, simplify

CHOICES: tuple[LongTexts, ...] = get_args(LongTexts)
PHRASES = [
    "这家店的菜很好吃", "服务员态度冷淡", "第3次购买了iPhone", "it's very Good", "don't buy, it broke in 2 days!",
    "买了2024款", "Straße ΣΊΣΥΦΟΣ", "한국어 문장", "日本語のテキスト", "😀👍", "v2.0:ok?", "１２３，。",
]  # fmt: skip


def bert(*, normalizer: normalizers.Normalizer) -> Tokenizer:
    """Word pieces of BERT's vocabulary: characters, and continuations of words."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set("".join(PHRASES).replace(" ", "")))]
    pieces += ["good", "the", "iphone"] + [f"##{piece}" for piece in pieces[5:]] + ["##ing", "##pho"]
    made = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.add_special_tokens([AddedToken(piece, special=True) for piece in pieces[:5]])
    return made


def byte_level(*, add_prefix_space: bool = False) -> Tokenizer:
    """Byte pairs, as RoBERTa has them."""
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    specials = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)]
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(PHRASES * 5, trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made


def unigram(pre_tokenizer: pre_tokenizers.PreTokenizer) -> Tokenizer:
    """Sentence pieces by their likelihood."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizer
    specials = ["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True, special=True)]
    made.train_from_iterator(
        PHRASES * 5,
        trainers.UnigramTrainer(vocab_size=200, special_tokens=specials, unk_token="<unk>", show_progress=False),
    )
    return made


def simplifying(tokenizer: Tokenizer) -> Tokenizer:
    simplify(tokenizer)
    return tokenizer


def bundled() -> Tokenizer:
    return Tokenizer.from_file(str(BUNDLED_MODEL / "tokenizer.json"))


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "the bundled model's": bundled,
    "BERT": lambda: bert(normalizer=normalizers.BertNormalizer()),
    "BERT, case and accents kept": lambda: bert(
        normalizer=normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    ),
    "BERT, made from vocab.txt": lambda: bert(
        normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.BertNormalizer()])
    ),
    "BERT, traditional characters read as simplified ones": lambda: simplifying(
        bert(normalizer=normalizers.BertNormalizer())
    ),
    "BERT, ideographs in words": lambda: bert(normalizer=normalizers.BertNormalizer(handle_chinese_chars=False)),
    "RoBERTa": byte_level,
    "RoBERTa, with a space in front": lambda: byte_level(add_prefix_space=True),
    "sentence pieces": lambda: unigram(pre_tokenizers.Metaspace()),
    "sentence pieces, a space in front of the first": lambda: unigram(pre_tokenizers.Metaspace(prepend_scheme="first")),
    "sentence pieces of words": lambda: unigram(
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    made = KINDS[request.param]()
    made.no_truncation()
    return made


#: What normalisers, pre-tokenizers and special tokens treat in ways of their own.
ODD = [
    "e\u0301", "\u0308", "\u0338", "\u3099", "が", "\u1100\u1161\u11a8", "각", "İ", "ΑΣ", "Σ", "ﬁ", "㎞", "Å",
    "這麵", "愛\u0301",
    "豈", "〇", "㐀",     "\U00020000", "👩\u200d👩\u200d👧", "❤\ufe0f", "🇨🇳", "\u0600", "\u06dd", "\u200b",
    "\ufeff", "\xad", "\x00", "\x7f", "\n", "\r\n",     "\t", "\x0b", "\x85", "\xa0", "\u3000", "\u2003",
    "\u2028", "  ", "   ", "▁", "_", "'s", "'", "’t", "'ll", "[CLS]", "[SEP]", "[MASK]",     "<mask>",
    " <mask> ", "<s>", "</s>", "1234567890" * 12, "a" * 120, "好" * 120, "，。" * 20, "...", "…", "·", "－",
    "\u0e01\u0e33",     "ก็", "हिन्दी", "שלום", "مرحبا", "##a", "%", "=", "<", "\ue000", "\ufffd",
]  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(PHRASES), st.sampled_from(ODD), st.sampled_from("，。！？ ,.!?:a好Z9"), st.just(" "),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)  # fmt: skip
WILD = st.lists(PIECES, max_size=40).map("".join)


@settings(deadline=None)
@given(text=WILD)
def test_the_tokens_on_both_sides_of_a_boundary_are_those_of_the_whole_text(text: str, tokenizer: Tokenizer) -> None:
    pattern = boundary(tokenizer)
    assert pattern
    ends = [found.end() for found in pattern.finditer(text)]
    parts = [part for end in ends for part in (text[:end], text[end:])]
    whole, *halves = [one.ids for one in tokenizer.encode_batch_fast([text, *parts], add_special_tokens=False)]
    for end, left, right in zip(ends, halves[::2], halves[1::2], strict=True):
        assert left + right == whole, (text[:end], text[end:])


@pytest.mark.parametrize("long_texts", CHOICES)
@settings(deadline=None)
@given(texts=st.lists(WILD, max_size=3))
def test_a_text_is_read_as_if_it_were_tokenised_whole(
    texts: list[str], long_texts: LongTexts, tokenizer: Tokenizer
) -> None:
    reader, plain = Reader(tokenizer, 16), Reader(tokenizer, 16)
    plain._boundary = None
    cut, whole = reader.read(texts, long_texts), plain.read(texts, long_texts)
    tokenizer.no_truncation()
    assert [reading.rows for reading in cut] == [reading.rows for reading in whole]
    assert [reading.is_shortened for reading in cut] == [reading.is_shortened for reading in whole]


class Counting:
    """A tokenizer that adds up the characters it is given."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.chars = 0

    def encode_batch_fast(self, texts: Sequence[str]) -> list[Encoding]:
        self.chars += sum(map(len, texts))
        encodings: list[Encoding] = self.tokenizer.encode_batch_fast(texts)
        return encodings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("the bundled model's", "一家店的菜很好吃" * 2_500),
        ("BERT", "一家店的菜很好吃" * 2_500),
        ("BERT, ideographs in words", "一家店的菜很好吃，" * 2_200),
        ("RoBERTa", "一家店的菜很好吃，" * 2_200),
        ("RoBERTa", "this is a very good one " * 800),
        ("sentence pieces", "this is a very good one " * 800),
    ],
)
@pytest.mark.parametrize("long_texts", ["truncate", "head_tail"])
def test_of_a_long_text_only_a_part_is_tokenised(
    name: str, text: str, long_texts: LongTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(KINDS[name](), 512)
    counting = Counting(reader.tokenizer)
    monkeypatch.setattr(reader, "tokenizer", counting)
    [reading] = reader.read([text], long_texts)
    assert reading.is_shortened
    assert len(reading.rows[0][0]) == 512
    assert counting.chars < len(text) / 2


def test_a_text_without_a_boundary_is_tokenised_whole() -> None:
    reader = Reader(KINDS["BERT"](), 16)
    assert not reader.read(["\u0301" * 1_000], "truncate")[0].is_shortened  # a mark without a base is no token
    assert reader.read(["ß!" * 1_000], "truncate")[0].is_shortened


def without_pre_tokenizer(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = None


def with_a_normalizer_of_its_own(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = normalizers.Replace(Regex("好.*"), "好")


def with_a_table_that_makes_an_ideograph_something_else(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = normalizers.Precompiled(TABLE.read_bytes().replace("爱".encode(), "ก".encode()))


def with_a_split_of_its_own(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("很好|."), "isolated")


def with_unsplit_pieces(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(split=False)


def with_unsplit_bytes(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)


def with_a_token_of_two_words(tokenizer: Tokenizer) -> None:
    tokenizer.add_tokens([AddedToken("very good")])


def with_a_token_of_ideographs(tokenizer: Tokenizer) -> None:
    tokenizer.add_tokens([AddedToken("很好")])


def with_a_token_that_is_normalised_to_ideographs(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.add_tokens([AddedToken("㊀", normalized=True)])


def with_a_token_across_punctuation(tokenizer: Tokenizer) -> None:
    tokenizer.add_tokens([AddedToken("<end.of>")])


def with_a_token_that_takes_the_space_behind(tokenizer: Tokenizer) -> None:
    tokenizer.add_tokens([AddedToken("<sep>", rstrip=True)])


def with_a_token_that_stands_alone(tokenizer: Tokenizer) -> None:
    tokenizer.add_tokens([AddedToken("sep", single_word=True)])


@pytest.mark.parametrize(
    "change",
    [
        without_pre_tokenizer, with_a_normalizer_of_its_own, with_a_table_that_makes_an_ideograph_something_else,
        with_a_split_of_its_own, with_unsplit_pieces, with_unsplit_bytes, with_a_token_of_two_words,
        with_a_token_of_ideographs,
        with_a_token_that_is_normalised_to_ideographs, with_a_token_across_punctuation,
        with_a_token_that_takes_the_space_behind, with_a_token_that_stands_alone,
    ],
)  # fmt: skip
def test_a_tokenizer_that_may_read_across_has_no_boundary(change: Callable[[Tokenizer], None]) -> None:
    made = KINDS["BERT"]()
    assert boundary(made)
    change(made)
    assert boundary(made) is None


def test_no_normaliser_joins_the_characters_of_a_boundary_with_others() -> None:
    pattern = boundary(KINDS["BERT"]())
    assert pattern
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    before = {c for c in characters if pattern.match(f"{c} ")}
    behind = {c for c in characters if pattern.match(f"a{c}")}
    assert {"a", "好"} <= before
    assert {" ", "，", "好"} <= behind
    decomposed = [unicodedata.decomposition(c).split() for c in characters]
    pairs = [(chr(int(d[0], 16)), chr(int(d[1], 16))) for d in decomposed if len(d) == 2 and "<" not in d[0]]
    assert pairs
    beside = before | behind
    assert not {second for _, second in pairs} & beside
    assert not {first for first, _ in pairs} & behind
    assert not any(unicodedata.combining(c) for c in beside)
    for form in ("NFC", "NFD"):
        assert all(unicodedata.is_normalized(form, c) for c in beside)
    assert {unicodedata.normalize("NFKC", c) for c in before} == before
    assert {unicodedata.normalize("NFKC", c) for c in behind} <= behind
