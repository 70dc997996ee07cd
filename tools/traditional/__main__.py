"""python -m tools.traditional: makes the table of traditional characters anew, with OpenCC's of today.

It writes the table twice: for tokenizers, and as the text by which aspects are found in both scripts.

Needs opencc and sentencepiece (requirements/training.in); no other command needs them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import opencc
import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from tools.traditional import TABLE

TEXT = Path("sentiq/aspects/traditional.txt")  #: the same pairs, each as two characters
PAIRS_A_LINE = 30

#: Both sides of each pair are among these, the ideographs of Unicode 1.1. The engine may cut a text behind any of them
#: (sentiq/engine/reading.py), and rarer ones are in no vocabulary.
IDEOGRAPHS = range(0x4E00, 0x9FA6)


def pairs() -> dict[str, str]:
    """Return each traditional character with its simplified one, by OpenCC's configuration `t2s`."""
    convert = opencc.OpenCC("t2s").convert
    found = {character: convert(character) for character in map(chr, IDEOGRAPHS)}
    return {
        character: simplified
        for character, simplified in found.items()
        if simplified != character and len(simplified) == 1 and ord(simplified) in IDEOGRAPHS
    }


def compiled(table: dict[str, str]) -> bytes:
    """Return a table of single characters as SentencePiece compiles it; its trainer does so, on whatever text."""
    with tempfile.TemporaryDirectory() as scratch:
        rules, texts, model = (Path(scratch) / name for name in ("rules.tsv", "texts.txt", "model.model"))
        rules.write_text("".join(f"{ord(before):X}\t{ord(after):X}\n" for before, after in sorted(table.items())))
        texts.write_text("some words\n")
        sentencepiece.SentencePieceTrainer.train(
            input=str(texts), model_prefix=str(model.with_suffix("")), model_type="char", vocab_size=16,
            hard_vocab_limit=False, normalization_rule_tsv=str(rules), minloglevel=2,
        )  # fmt: skip
        trained = sentencepiece_model_pb2.ModelProto()
        trained.ParseFromString(model.read_bytes())
    return bytes(trained.normalizer_spec.precompiled_charsmap)


if __name__ == "__main__":
    found = pairs()
    TABLE.write_bytes(compiled(found))
    words = [before + after for before, after in sorted(found.items())]
    lines = [" ".join(words[at : at + PAIRS_A_LINE]) for at in range(0, len(words), PAIRS_A_LINE)]
    TEXT.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(found)} characters written to {TABLE} and {TEXT}")
