"""The checkpoints of the table: each kind of network, vocabulary, file and spelling of labels at least once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STARS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")


@dataclass(frozen=True, slots=True)
class Case:
    name: str  # what people call it
    kind: str  # `model_type`
    vocabulary: str  # a key of VOCABULARIES
    files: str  # a key of FILES
    outputs: tuple[str, ...]  # as config.json names them
    labels: str = ""  # --labels
    settings: Mapping[str, Any] = field(default_factory=dict)  # of config.json


CASES = (
    Case("BERT", "bert", "WordPiece, `tokenizer.json`", "`model.safetensors`", ("Negative", "Positive")),
    Case("MacBERT, RoBERTa-wwm", "bert", "WordPiece, `vocab.txt`", "`pytorch_model.bin`", ("負面", "正面")),
    Case(
        "BERT, as of multilingual-e5",
        "bert",
        "SentencePiece, `tokenizer.json`",
        "`model.safetensors`",
        ("NEG", "NEU", "POS"),
    ),
    Case(
        "BERT",
        "bert",
        "WordPiece, `tokenizer.json`",
        "`model.safetensors`, transformers 5",
        ("label0", "label1", "label2"),
        "negative,neutral,positive",
    ),
    Case("RoBERTa", "roberta", "byte-level BPE, `vocab.json`", "`pytorch_model.bin`", ("negative", "positive")),
    Case(
        "XLM-RoBERTa",
        "xlm-roberta",
        "SentencePiece, XLM-R's `tokenizer.json`",
        "safetensors in parts",
        ("negative", "neutral", "positive"),
    ),
    Case("XLM-RoBERTa", "xlm-roberta", "SentencePiece, `sentencepiece.bpe.model`", "`model.safetensors`", STARS),
    Case(
        "DistilBERT",
        "distilbert",
        "WordPiece, `vocab.txt`",
        "`model.safetensors`",
        STARS,
        "negative,negative,neutral,positive,positive",
    ),
    Case(
        "ELECTRA",
        "electra",
        "WordPiece, `vocab.txt`",
        "`.bin` in parts",
        ("class_0", "class_1"),
        "positive,negative",
    ),
    Case(
        "ALBERT (Chinese)",
        "albert",
        "WordPiece, `vocab.txt`",
        '`{"state_dict": …}`, `best.pth`',
        ("消极", "积极"),
    ),
    Case("ALBERT", "albert", "SentencePiece, `spiece.model`", "`model.safetensors`", ("neg", "pos")),
    Case(
        "DeBERTa-v2 (Erlangshen)",
        "deberta-v2",
        "WordPiece, `vocab.txt`",
        "`pytorch_model.bin`",
        ("Negative", "Positive"),
        settings={"position_biased_input": True, "type_vocab_size": 2, "conv_kernel_size": 3, "conv_act": "gelu"},
    ),
    Case("DeBERTa-v3", "deberta-v2", "SentencePiece, `spm.model`", "`model.safetensors`", ("差評", "中評", "好評")),
    Case("ERNIE 3", "ernie", "WordPiece, `vocab.txt`", "`pytorch_model.bin`", ("负向", "正向")),
    Case(
        "ModernBERT, mean of the tokens",
        "modernbert",
        "byte-level BPE, `tokenizer.json`",
        "`model.safetensors`",
        ("negative", "positive"),
        settings={"classifier_pooling": "mean"},
    ),
    Case(
        "ModernBERT",
        "modernbert",
        "byte-level BPE, `tokenizer.json`",
        "`model.safetensors`, transformers 5",
        ("negative", "positive"),
        settings={"global_rope_theta": 80_000.0, "local_rope_theta": 5_000.0},
    ),
)
