"""The part of the vocabulary that Chinese texts need: nine tenths of the weights are pieces of other languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC, Nmt, Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing

from tools.encoder.packed import Packed

SPACE = "▁"  #: SentencePiece's mark of a blank
MIN_COUNT = 3  #: in the texts given; a rarer piece is cut into shorter ones
TEXTS_AT_ONCE = 20_000


def tokenizer(pieces: Sequence[str], scores: Sequence[float], packed: Packed) -> Tokenizer:
    """Return XLM-R's tokenizer with these pieces: ``<s>`` and ``</s>`` around a text, no padding, no truncation."""
    start, end = packed.pieces[packed.start_id], packed.pieces[packed.end_id]
    made = Tokenizer(Unigram(list(zip(pieces, map(float, scores), strict=True)), unk_id=packed.unknown_id))
    made.normalizer = Normalizers([Nmt(), NFKC(), Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = Metaspace(SPACE, prepend_scheme="always", split=False)
    made.post_processor = TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, packed.start_id), (end, packed.end_id)]
    )
    return made


def kept_pieces(packed: Packed, texts: Iterable[str]) -> list[int]:
    """Return the ids to keep, ascending: the special ones, what occurs in the texts, and every character of Chinese and
    of ASCII, so that no text of these has more unknown characters than before.
    """
    counts = _counts(tokenizer(packed.pieces, packed.scores.tolist(), packed), texts)
    special = {packed.start_id, packed.end_id, packed.pad_id, packed.unknown_id}
    kept = {n for n, piece in enumerate(packed.pieces) if n in special or counts[n] >= MIN_COUNT or _is_basic(piece)}
    # A piece that is kept can be cut anywhere, so its characters are kept too.
    characters = {character for n in kept for character in packed.pieces[n]}
    return sorted(kept | {n for n, piece in enumerate(packed.pieces) if piece in characters})


def _is_basic(piece: str) -> bool:
    bare = piece.removeprefix(SPACE)
    return len(bare) <= 1 and (bare.isascii() or "\u4e00" <= bare <= "\u9fff")


def _counts(made: Tokenizer, texts: Iterable[str]) -> Counter[int]:
    counts: Counter[int] = Counter()
    batch: list[str] = []

    def count() -> None:
        for encoding in made.encode_batch(batch):
            counts.update(encoding.ids)
        batch.clear()

    for text in texts:
        batch.append(text)
        if len(batch) == TEXTS_AT_ONCE:
            count()
    count()
    return counts
