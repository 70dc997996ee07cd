"""The vocabulary: single characters of the training texts, simplified, after NFKC and lower case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFKC, Lowercase
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.pre_tokenizers import Split, WhitespaceSplit

from tools.traditional import simplifier

PAD, UNKNOWN = 0, 1
MIN_COUNT = 3  #: a rarer character is unknown
MAX_TOKENS = 512
TEXTS_AT_ONCE = 10_000  #: an encoding holds far more than its ids
#: Ids stay below it, or the hashes of n-grams would not fit into the 24 bits of float32.
MAX_VOCABULARY = 1 << 13

Ids = NDArray[np.int64]


def build_tokenizer(texts: Sequence[str]) -> Tokenizer:
    normalizer = Normalizers([simplifier(), NFKC(), Lowercase()])
    counts = Counter(c for text in texts for c in normalizer.normalize_str(text) if not c.isspace())
    vocabulary = {"[PAD]": PAD, "[UNK]": UNKNOWN}
    for character, count in counts.most_common(MAX_VOCABULARY - len(vocabulary)):
        if count >= MIN_COUNT:
            vocabulary[character] = len(vocabulary)
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = PreTokenizers([WhitespaceSplit(), Split(Regex("."), "isolated")])
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    """The ids of each text, cut at `MAX_TOKENS`; at least one id."""
    return [
        np.array(encoding.ids[:MAX_TOKENS] or [UNKNOWN], dtype=np.int64)
        for start in range(0, len(texts), TEXTS_AT_ONCE)
        for encoding in tokenizer.encode_batch(list(texts[start : start + TEXTS_AT_ONCE]))
    ]
