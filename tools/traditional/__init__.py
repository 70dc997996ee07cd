"""Makes a tokenizer read traditional characters as simplified ones, for models that have learned only the latter.

The table is OpenCC's (Apache-2.0), character by character, in the form that SentencePiece and the tokenizers library
have for such tables; `python -m tools.traditional` makes it. It stands in front of the tokenizer's own normaliser, so
it is part of the model: docs/adr/0071-traditional-characters.md.
"""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.normalizers import Normalizer, Precompiled, Sequence

TABLE = Path(__file__).with_name("to_simplified.charsmap")
SIMPLIFY = "simplify"  #: what the manifest of such a model says of traditional characters


@cache
def _table() -> bytes:
    return TABLE.read_bytes()


def simplifier() -> Normalizer:
    """Return the normaliser that turns each traditional character into the simplified one."""
    return Precompiled(_table())


def simplify(tokenizer: Tokenizer) -> None:
    """Make the tokenizer read traditional characters as simplified ones."""
    if not is_simplifying(tokenizer):
        own = [] if tokenizer.normalizer is None else [tokenizer.normalizer]
        tokenizer.normalizer = Sequence([simplifier(), *own])


def is_simplifying(tokenizer: Tokenizer) -> bool:
    """Tell whether the tokenizer does so already."""
    if tokenizer.normalizer is None:
        return False
    described = json.loads(tokenizer.normalizer.__getstate__())
    steps = [described, *described.get("normalizers", [])]
    return any(step.get("precompiled_charsmap") == base64.b64encode(_table()).decode() for step in steps)
