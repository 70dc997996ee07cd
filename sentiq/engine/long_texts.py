"""Chooses the tokens of a text that is longer than the model reads."""

from __future__ import annotations

from typing import Literal, assert_never

from tokenizers import Encoding

#: - truncate: the beginning
#: - head_tail: the first quarter and the end, 128 and 382 word pieces of a 512-token BERT, the best of the cuts that
#:   Sun et al. compared (2019, How to Fine-Tune BERT for Text Classification?, arXiv 1905.05583)
#: - windows: everything, in windows that overlap; the probabilities are their mean, weighted by the tokens new in each
LongTexts = Literal["truncate", "head_tail", "windows"]


def window_overlap(max_tokens: int) -> int:
    """Return how many word pieces neighbouring windows share, so that a phrase cut in two is whole in one of them."""
    return max_tokens // 8


def rows(
    encoding: Encoding, long_texts: LongTexts, overlap: int, end: Encoding | None = None
) -> list[tuple[list[int], float]]:
    """Return the rows of token ids to run for one text, each with its share in the text's probabilities.

    `encoding` comes from a tokenizer that truncates with this `overlap` as its stride, and so holds the further windows
    of a long text as `overflowing`. A text that fits is one row, whatever `long_texts`. Where `encoding` is that of the
    beginning of a text, `end` is that of its end, and has more tokens than fit too.
    """
    further = encoding.overflowing
    if not further or long_texts == "truncate":
        return [(encoding.ids, 1.0)]
    if long_texts == "head_tail":
        return [(_head_tail(encoding, overlap, end or encoding), 1.0)]
    if long_texts == "windows":
        new = [len(_pieces(encoding))] + [len(_pieces(window)) - overlap for window in further]
        return [(window.ids, own / sum(new)) for window, own in zip([encoding, *further], new, strict=True)]
    assert_never(long_texts)


def _head_tail(encoding: Encoding, overlap: int, end: Encoding) -> list[int]:
    """Return the ids of the first window, where those after the first quarter are replaced by the last of the text."""
    room = len(_pieces(encoding))
    last = _pieces(end)
    for window in end.overflowing:
        last += _pieces(window)[overlap:]
    head = -(-room // 4)
    start = encoding.special_tokens_mask.index(0)
    kept = encoding.ids[start : start + head] + last[head - room :]
    return encoding.ids[:start] + kept + encoding.ids[start + room :]


def _pieces(encoding: Encoding) -> list[int]:
    """Return the ids without [CLS] and [SEP]."""
    return [id_ for id_, special in zip(encoding.ids, encoding.special_tokens_mask, strict=True) if not special]
