"""Proof that every form of a network gives what the original gives, on texts it was not calibrated with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sentiq.engine.backends import Backend
from sentiq.engine.proof import Proof as ShortProof
from sentiq.engine.proof import write_proof
from sentiq.engine.registry import ModelError, Proven
from tools.prepare.report import say

#: How far a float32 logit may lie from torch's, as a share of the largest logit (or of 1, if all are smaller).
BOUND = 1e-3

#: How many rows, the first ones, are stored with a model, for those who load it to repeat.
SHORT = 64

#: Texts that tokenizers tend to disagree on.
ODD_TEXTS = (
    "", " ", "😀👍🏽👨\u200d👩\u200d👧", "ＡＢＣ１２３！？", "Très bien, Müller’s café — ÇA VA?", "cafe\u0301",
    "iPhone 15 Pro Max真香", "http://example.com/a?b=1&c=2", "a\0b\ac\ufffdd", "全角　空格\u00a0和\u200b零宽\u202e字符",
    "[CLS]很好[SEP]不[MASK]错[PAD]", "第①名㊣㈱½№", "龘靐齉 𠮷野家 \uf900更", "カタカナ ひらがな 한국어 ไทย العربية",
    "x" * 120, "2024年3月15日，¥1,299.00！！！", "\t换行\n换行\r\n", "“引号”‘引号’《书名》【括号】……——",
)  # fmt: skip


def read_texts(path: Path) -> list[str]:
    """One text a line, without empty lines; raises ModelError naming the file."""
    try:
        texts = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"no readable {path} ({error}); give a UTF-8 file with one text a line") from error
    if not texts:
        raise ModelError(f"{path} holds no text; give a UTF-8 file with one text a line")
    return texts


def proof_texts() -> list[str]:
    """Our own texts, each alone and joined with the next, some very long ones, and odd ones."""
    texts = read_texts(Path(__file__).with_name("proof.txt"))
    pairs = ["。".join(pair) for pair in pairwise(texts)]
    long = ["。".join(texts[start : start + 16]) for start in range(0, len(texts), 16)]
    return [*texts, *pairs, *long, *ODD_TEXTS]


def encode(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token ids as the engine would read them."""
    tokenizer.enable_truncation(max_tokens)
    rows = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    tokenizer.no_truncation()
    return rows


def logits(backend: Backend, rows: Sequence[Sequence[int]], pad_id: int, batch_size: int = 8) -> NDArray[np.float32]:
    """The logits of each row of ids, ``[rows, labels]``: in batches of similar length, padded."""
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    parts = []
    for start in range(0, len(order), batch_size):
        batch = [rows[row] for row in order[start : start + batch_size]]
        ids = np.full((len(batch), len(batch[-1])), pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for line, tokens in enumerate(batch):
            ids[line, : len(tokens)] = tokens
            mask[line, : len(tokens)] = 1
        parts.append(backend.logits(ids, mask))
    return np.concatenate(parts)[np.argsort(order)]


class Proof:
    """The forms of one network held against the original, `reference`: torch in float32 on the same rows of ids."""

    def __init__(self, rows: Sequence[Sequence[int]], pad_id: int, min_agreement: float, reference: Backend) -> None:
        self._rows = rows
        self._pad_id = pad_id
        self._min_agreement = min_agreement
        self._reference = logits(reference, rows, pad_id)
        self._bound = BOUND * max(1.0, float(np.abs(self._reference).max()))
        self._short = ShortProof([list(row) for row in rows[:SHORT]], self._reference[:SHORT])
        self._differences: dict[str, float] = {}
        self._agreements: dict[str, float] = {}
        #: What each form was proven in, by name.
        self.proven: dict[str, Proven] = {}

    def compare(self, name: str, backend: Backend) -> None:
        """Note the largest difference of a float32 form's logits; raises ModelError when it is beyond the bound."""
        largest = float(np.abs(self._logits(name, backend) - self._reference).max())
        if not largest <= self._bound:  # also when it is not a number
            raise ModelError(
                f"{name}: a logit differs by {largest:.2g} from torch's, more than {self._bound:.2g}: the conversion"
                " went wrong, nothing was stored"
            )
        self._differences[name] = largest

    def agrees(self, name: str, backend: Backend) -> bool:
        """Note, and print, for which share of the texts this form gives the reference's label; is it enough?"""
        labels = self._logits(name, backend).argmax(axis=1)
        share = float((labels == self._reference.argmax(axis=1)).mean())
        self._agreements[name] = share
        enough = share >= self._min_agreement
        verdict = "enough" if enough else f"less than {self._min_agreement:.1%}, not used"
        say(f"           {name}: the label of float32 for {share:.1%} of {len(self._rows)} texts, {verdict}")
        return enough

    def repeat(self, name: str, backend: Backend) -> None:
        """Note what the short proof gives for this form."""
        self._note(name, backend, logits(backend, self._rows[:SHORT], self._pad_id))

    def write(self, out: Path) -> None:
        """Write the short proof into a model directory."""
        write_proof(out, self._short)

    def _logits(self, name: str, backend: Backend) -> NDArray[np.float32]:
        found = logits(backend, self._rows, self._pad_id)
        self._note(name, backend, found[:SHORT])
        return found

    def _note(self, name: str, backend: Backend, found: NDArray[np.float32]) -> None:
        self.proven[name] = Proven(backend.computed, float(f"{self._short.difference(found):.4g}"))

    def figures(self, labels: Sequence[str]) -> dict[str, Any]:
        """For the manifest."""
        counts = np.bincount(self._reference.argmax(axis=1), minlength=len(labels)).tolist()
        return {
            "texts": len(self._rows),
            "texts_per_label": dict(zip(labels, counts, strict=True)),
            "logits_bound": self._bound,
            "logits_difference": self._differences,
            "min_agreement": self._min_agreement,
            "label_agreement": self._agreements,
        }
