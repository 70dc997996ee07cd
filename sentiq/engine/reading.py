"""Reads texts: turns each into the token ids that are run. Of a long text, only what is read of it is tokenised.

A text is cut between two characters where every kind of tokenizer named here begins a new word, whatever else the text
holds: the tokens before such a boundary do not depend on what is behind it, nor the other way round. A text without a
boundary, and one for another kind of tokenizer, is tokenised whole. docs/adr/0054-long-texts-are-cut-first.md has the
proof.
"""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Encoding, Tokenizer
from tokenizers.normalizers import Precompiled

from sentiq.engine.long_texts import LongTexts, rows, window_overlap

#: In front of a boundary stands one of these, which belong to words for every tokenizer and which no normaliser changes
#: or joins with a neighbour (but for upper case). The ideographs are those of Unicode 1.1, which every library knows.
_HAN = "\u4e00-\u9fa5"
_WORD = f"A-Za-z0-9{_HAN}"
#: Behind it stands one of these. No normaliser joins them with what is in front of them.
_SPACE = " "
_PUNCTUATION = ",.!?:;，。！？：；、"

#: What stands at boundaries, by class: each with its members.
_CLASSES = (
    ("A-Za-z0-9", string.ascii_letters + string.digits),
    (_HAN, "".join(map(chr, range(0x4E00, 0x9FA6)))),
    (_SPACE, _SPACE),
    (_PUNCTUATION, _PUNCTUATION),
)

#: Normalisers that change each character without regard to others, apart from joining marks with their base.
_LOCAL_NORMALIZERS = {"BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "StripAccents"}


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is run for one text."""

    rows: list[tuple[list[int], float]]  # token ids, and the share of these in the text's probabilities
    is_shortened: bool  # the text is longer than the model reads, and part of it is left out


class Reader:
    """A tokenizer for texts of any length, with a limit of `max_tokens` a row. Takes over the tokenizer's settings."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self._overlap = window_overlap(max_tokens)
        tokenizer.enable_truncation(max_tokens, stride=self._overlap)
        self.tokenizer = tokenizer
        self._boundary = boundary(tokenizer)
        # Most Chinese characters are a token. Where words are longer, a second look takes twice as much of the text.
        self._first_look_chars = max_tokens * 5 // 4

    def read(self, texts: Sequence[str], long_texts: LongTexts) -> list[Reading]:
        """Return what is run for each text, in their order."""
        heads = self._encode(texts, _whole if long_texts == "windows" else self._head)
        ends = [encoding for _, encoding in heads]
        if long_texts == "head_tail":
            cut = [at for at, (part, _) in enumerate(heads) if len(part) < len(texts[at])]
            for at, (_, end) in zip(cut, self._encode([texts[at] for at in cut], self._tail), strict=True):
                ends[at] = end
        return [
            Reading(
                rows(head, long_texts, self._overlap, end),
                is_shortened=long_texts != "windows" and bool(head.overflowing),
            )
            for (_, head), end in zip(heads, ends, strict=True)
        ]

    def _encode(self, texts: Sequence[str], cut: Callable[[str, int], str]) -> list[tuple[str, Encoding]]:
        """Return a part of each text, which has more tokens than are read or is the whole text, with its tokens.

        `cut(text, chars)` returns a part of somewhat more than `chars` characters, or the whole text.
        """
        looked: dict[int, tuple[str, Encoding]] = {}
        short, chars = list(range(len(texts))), self._first_look_chars
        while short:
            parts = [cut(texts[at], chars) for at in short]
            looked |= zip(short, zip(parts, self.tokenizer.encode_batch_fast(parts), strict=True), strict=True)
            short = [at for at in short if len(looked[at][0]) < len(texts[at]) and not looked[at][1].overflowing]
            chars *= 2
        return [looked[at] for at in range(len(texts))]

    def _head(self, text: str, chars: int) -> str:
        """Return the text up to the first boundary behind so many characters."""
        found = self._boundary.search(text, chars) if self._boundary and len(text) > chars else None
        return text[: found.end()] if found else text

    def _tail(self, text: str, chars: int) -> str:
        """Return the text from the first boundary within its last so many characters."""
        start = len(text) - chars
        found = self._boundary.search(text, start) if self._boundary and start > 0 else None
        return text[found.end() :] if found else text


def _whole(text: str, chars: int) -> str:
    return text


def boundary(tokenizer: Tokenizer) -> re.Pattern[str] | None:
    """Return what matches the character in front of each boundary for this tokenizer; None where it is another kind."""
    normalizers = _steps(tokenizer.normalizer, "normalizers")
    pre_tokenizers = _steps(tokenizer.pre_tokenizer, "pretokenizers")
    if not all(_is_local(step) for step in normalizers) or not pre_tokenizers:
        return None
    *before, last = pre_tokenizers
    if before and [step["type"] for step in before] != ["WhitespaceSplit"]:
        return None
    behind = _behind(last, is_han_apart=any(step.get("handle_chinese_chars") for step in normalizers))
    if not behind:
        return None
    pattern = re.compile(f"[{_WORD}](?=[{behind}])")
    return None if any(_is_in_the_way(token, tokenizer, pattern) for token in _added_tokens(tokenizer)) else pattern


def _is_local(normalizer: dict[str, Any]) -> bool:
    """Tell whether this step leaves boundaries where they are: it looks at no two characters, apart from joined marks.

    A table, `Precompiled`, is looked up for each character, and may say anything of it.
    """
    if normalizer["type"] != "Precompiled":
        return normalizer["type"] in _LOCAL_NORMALIZERS
    table = Precompiled(base64.b64decode(normalizer["precompiled_charsmap"]))
    changed = [(kind, members, table.normalize_str(members)) for kind, members in _CLASSES]
    return all(len(after) == len(before) and re.fullmatch(f"[{kind}]+", after) for kind, before, after in changed)


def _added_tokens(tokenizer: Tokenizer) -> Iterable[AddedToken]:
    added: dict[int, AddedToken] = tokenizer.get_added_tokens_decoder()
    return added.values()


def _is_in_the_way(token: AddedToken, tokenizer: Tokenizer, pattern: re.Pattern[str]) -> bool:
    """Tell whether this token, which is looked for before anything else, may reach or look across a boundary."""
    forms = [token.content]
    if tokenizer.normalizer is not None:
        forms.append(tokenizer.normalizer.normalize_str(token.content))
    wide = re.compile(rf"[\s{_HAN}]")
    return token.rstrip or token.single_word or any(pattern.search(form) or wide.search(form) for form in forms)


def _steps(part: Any, key: str) -> list[dict[str, Any]]:
    """Return the steps of a normaliser or pre-tokenizer, as ``tokenizer.json`` describes them."""
    if part is None:
        return []
    described = json.loads(part.__getstate__())
    steps: list[dict[str, Any]] = described[key] if described["type"] == "Sequence" else [described]
    return steps


def _behind(step: dict[str, Any], *, is_han_apart: bool) -> str:
    """Return the characters before which this pre-tokenizer begins a new word that does not depend on the last one.

    `is_han_apart` says whether the normaliser puts spaces around ideographs.
    """
    match step:
        case {"type": "BertPreTokenizer"}:
            return _SPACE + _PUNCTUATION + (_HAN if is_han_apart else "")
        case {"type": "Split", "pattern": {"Regex": "."}, "behavior": "Isolated", "invert": False}:
            return _SPACE + _PUNCTUATION + _HAN
        case {"type": "WhitespaceSplit"}:
            return _SPACE
        case {"type": "ByteLevel", "use_regex": True, "add_prefix_space": added}:
            return _SPACE + ("" if added else _PUNCTUATION)
        case {"type": "Metaspace", "split": True}:
            return _SPACE
    return ""
