"""Which tokens of a text longer than the model reads are run, and how its answers are put together."""

from __future__ import annotations

import itertools
import time
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer, models, pre_tokenizers, processors

from sentiq.engine import Engine, LongTexts
from sentiq.engine.long_texts import rows, window_overlap
from tests.support.paths import BUNDLED_MODEL

MAX_TOKENS = 512
OVERLAP = window_overlap(MAX_TOKENS)
CLS, SEP, FIRST_WORD = 1, 2, 3
CHOICES: tuple[LongTexts, ...] = get_args(LongTexts)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """One token a number: number n has the id n + FIRST_WORD, and [CLS] and [SEP] stand around them."""
    words = [str(number) for number in range(5000)]
    vocabulary = {word: id_ for id_, word in enumerate(["?", "[CLS]", "[SEP]", *words])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    made.enable_truncation(MAX_TOKENS, stride=OVERLAP)
    return made


def counting_to(words: int, tokenizer: Tokenizer) -> Encoding:
    return tokenizer.encode_batch_fast([" ".join(map(str, range(words)))])[0]


def numbers(row: list[int]) -> list[int]:
    """The words of a row, which must stand between [CLS] and [SEP]."""
    assert (row[0], row[-1]) == (CLS, SEP)
    assert len(row) <= MAX_TOKENS
    return [id_ - FIRST_WORD for id_ in row[1:-1]]


@pytest.mark.parametrize("long_texts", CHOICES)
@pytest.mark.parametrize("words", [0, 1, 509, 510])
def test_a_text_that_fits_is_read_whole(words: int, long_texts: LongTexts, tokenizer: Tokenizer) -> None:
    [(row, share)] = rows(counting_to(words, tokenizer), long_texts, OVERLAP)
    assert numbers(row) == list(range(words))
    assert share == 1


@pytest.mark.parametrize("words", [511, 600, 956, 957, 5000])
def test_truncate_reads_the_beginning(words: int, tokenizer: Tokenizer) -> None:
    [(row, share)] = rows(counting_to(words, tokenizer), "truncate", OVERLAP)
    assert numbers(row) == list(range(510))
    assert share == 1


@pytest.mark.parametrize("words", [511, 600, 956, 957, 5000])
def test_head_tail_reads_128_word_pieces_and_the_last_382(words: int, tokenizer: Tokenizer) -> None:
    [(row, share)] = rows(counting_to(words, tokenizer), "head_tail", OVERLAP)
    assert numbers(row) == [*range(128), *range(words - 382, words)]
    assert share == 1


@pytest.mark.parametrize("words", [511, 600, 956, 957, 5000])
def test_windows_read_every_word_and_overlap(words: int, tokenizer: Tokenizer) -> None:
    windows = rows(counting_to(words, tokenizer), "windows", OVERLAP)
    read = [numbers(row) for row, _ in windows]
    assert sorted({number for window in read for number in window}) == list(range(words))
    for before, after in itertools.pairwise(read):
        assert after[:OVERLAP] == before[-OVERLAP:]
    assert sum(share for _, share in windows) == pytest.approx(1)
    assert windows[0][1] == pytest.approx(510 / words)


def test_the_answer_to_windows_is_the_mean_by_tokens(tokenizer: Tokenizer) -> None:
    class LastToken:
        """A network whose second logit is the last word of the row, in thousands."""

        library, computed = "none", "f32"

        def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
            last = ids[np.arange(len(ids)), mask.sum(axis=1) - 2] - FIRST_WORD
            return np.stack([np.zeros(len(ids)), last / 1000], axis=1).astype(np.float32)

    manifest = Engine.load(BUNDLED_MODEL).manifest
    engine = Engine(manifest, tokenizer, LastToken(), token_budget=512)
    text = " ".join(map(str, range(1000)))
    [answer] = engine.classify([text], "windows")
    # Windows end at words 510, 956 and 1000, and each is weighted by what the one before it did not hold.
    ends, new = np.array([509, 955, 999]) / 1000, np.array([510, 446, 44])
    assert answer.probabilities[1] == pytest.approx((new / (1 + np.exp(-ends))).sum() / 1000)
    assert sum(answer.probabilities) == pytest.approx(1)
    assert not answer.truncated


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(BUNDLED_MODEL)


PRAISE = "菜很好吃，服务也很热情，下次还来。" * 20
BLAME = "太失望了，又贵又难吃，差评，再也不来了。" * 50


def test_the_end_of_a_long_text_counts_only_where_it_is_read(engine: Engine) -> None:
    text = PRAISE + BLAME
    answers = {choice: engine.classify(["一般", text, "好"], choice)[1] for choice in CHOICES}
    assert answers["truncate"].probabilities[0] < answers["windows"].probabilities[0]
    assert answers["truncate"].probabilities[0] < answers["head_tail"].probabilities[0]
    assert {choice: answer.truncated for choice, answer in answers.items()} == {
        "truncate": True,
        "head_tail": True,
        "windows": False,
    }


@pytest.mark.parametrize("long_texts", CHOICES)
def test_short_texts_have_the_same_answer_in_any_company(long_texts: LongTexts, engine: Engine) -> None:
    short = ["菜很好吃", "服务员态度太差了"]
    expected = engine.classify(short)
    mixed = engine.classify([short[0], BLAME, short[1], PRAISE], long_texts)
    for alone, together in zip(expected, [mixed[0], mixed[2]], strict=True):
        assert together.probabilities == pytest.approx(alone.probabilities, abs=0.02)
        assert not together.truncated


def test_windows_of_many_long_texts_fill_batches_like_texts(engine: Engine) -> None:
    texts = [f"{number}{BLAME}" for number in range(5)]
    answers, timings = engine.classify_timed(texts, "windows")
    assert timings.tokens > 5 * 900
    for text, answer in zip(texts, answers, strict=True):
        assert answer.probabilities == pytest.approx(engine.classify([text], "windows")[0].probabilities, abs=0.02)


def test_cutting_short_texts_costs_next_to_nothing(tokenizer: Tokenizer) -> None:
    encodings = tokenizer.encode_batch_fast(["1 2 3 4 5 6 7 8 9"] * 10_000)
    started = time.process_time()
    for encoding in encodings:
        rows(encoding, "windows", OVERLAP)
    assert time.process_time() - started < 0.5
