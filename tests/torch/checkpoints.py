"""Small checkpoints with random weights, in the layouts that people have. Their labels vary with the text."""

# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, RobertaConfig, RobertaForSequenceClassification

from tools.benchmarks.random_model import VOCABULARY_SIZE, spread_labels, vocabulary

TEXTS = [
    "这家店的菜很好吃，下次还会再来！", "等了一个小时，服务员态度还很差", "一般", "屏幕有划痕😡，客服不理人", "",
    "very Good!", "ＡＢＣ全角１２３，。！", "第3次购买了iPhone，物流fast", "[CLS]特殊[SEP]", "cafe\u0301 naïve",
    "控制\u0000字符\u200b\t和换行\n", "房间干净安静，早餐一般，停车要另外付钱。" * 40,
]  # fmt: skip

SIZES = {
    "vocab_size": VOCABULARY_SIZE,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "layer_norm_eps": 1e-12,
    "initializer_range": 0.2,
}
LABEL_MAPPING = {"负面": 0, "正面": 1}
CONFIGURATION: dict[str, Any] = {
    "framework": "pytorch",
    "task": "text-classification",
    "model": {"type": "structbert"},
    "preprocessor": {"type": "sen-cls-tokenizer"},
    "pipeline": {"type": "text-classification"},
}


def small_bert(labels: Sequence[str] = ("负面", "正面"), seed: int = 7) -> BertForSequenceClassification:
    torch.manual_seed(seed)
    names = dict(enumerate(labels))
    network = BertForSequenceClassification(BertConfig(**SIZES, num_labels=len(labels), id2label=names)).eval()
    if len(labels) == 2:
        spread_labels(network)
    return network


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_structbert(directory: Path, rename: Callable[[str], str], config: Mapping[str, Any]) -> Path:
    """A directory as ModelScope's hub has it: a pickle of weights, a config.json that does not name the network."""
    directory.mkdir()
    state = {rename(name): weight for name, weight in small_bert().state_dict().items()}
    torch.save(state, directory / "pytorch_model.bin")
    (directory / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    write_json(directory / "config.json", {**SIZES, **config})
    return directory


def structbert(directory: Path) -> Path:
    """``bert.*`` and ``classifier.*``, labels in ``label_mapping.json``."""
    write_structbert(directory, lambda name: name, {})
    write_json(directory / "configuration.json", CONFIGURATION)
    write_json(directory / "label_mapping.json", LABEL_MAPPING)
    return directory


def structbert_encoder(directory: Path) -> Path:
    """``encoder.*`` and ``classifier.*``, labels in ``configuration.json``."""
    write_structbert(directory, _encoder, {"base_model_prefix": "encoder"})
    preprocessor = {**CONFIGURATION["preprocessor"], "label2id": LABEL_MAPPING}
    write_json(directory / "configuration.json", {**CONFIGURATION, "preprocessor": preprocessor})
    return directory


def structbert_head(directory: Path) -> Path:
    """``encoder.*`` and ``head.classifier.*``, as ModelScope's models of a backbone and a head have it."""
    write_structbert(directory, lambda name: _encoder(name).replace("classifier.", "head.classifier."), {})
    backbone = {"type": "structbert", "prefix": "encoder", **SIZES}
    model = {"type": "text-classification", "backbone": backbone, "head": {"type": "text-classification", **SIZES}}
    write_json(directory / "configuration.json", {**CONFIGURATION, "model": model})
    write_json(directory / "label_mapping.json", LABEL_MAPPING)
    return directory


def structbert_short(directory: Path) -> Path:
    """Tuned with 256 tokens; the pipeline's own section has another order of labels than ``label_mapping.json``."""
    write_structbert(directory, lambda name: name, {})
    inference = {"type": "sen-cls-tokenizer", "label2id": LABEL_MAPPING, "max_length": 256}
    write_json(
        directory / "configuration.json",
        {**CONFIGURATION, "preprocessor": {"train": {**inference, "max_length": 128}, "val": inference}},
    )
    write_json(directory / "label_mapping.json", {"正面": 0, "负面": 1})
    return directory


def _encoder(name: str) -> str:
    return f"encoder.{name.removeprefix('bert.')}" if name.startswith("bert.") else name


LAYOUTS = {
    "bert": structbert,
    "encoder": structbert_encoder,
    "head": structbert_head,
    "short": structbert_short,
}


def hugging_face_bert(directory: Path, labels: Sequence[str]) -> Path:
    """What `save_pretrained` writes: safetensors, a full config.json; and ``vocab.txt``."""
    small_bert(labels).save_pretrained(directory)
    (directory / "vocab.txt").write_text("\n".join(vocabulary()) + "\n", encoding="utf-8")
    return directory


def hugging_face_roberta(directory: Path, labels: Sequence[str]) -> Path:
    """A network of type RoBERTa with byte-level word pieces, in ``vocab.json`` and ``merges.txt``."""
    directory.mkdir()
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TEXTS * 5, vocab_size=400, special_tokens=specials, show_progress=False)
    tokenizer.save_model(str(directory))
    torch.manual_seed(3)
    config = RobertaConfig(
        **{**SIZES, "vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 130, "type_vocab_size": 1},
        id2label=dict(enumerate(labels)),
    )
    RobertaForSequenceClassification(config).save_pretrained(directory)
    return directory


def sentencepiece_bert(directory: Path, labels: Sequence[str]) -> Path:
    """A network of type BERT with SentencePiece's pieces in ``tokenizer.json``, as of multilingual-e5."""
    specials = ["<s>", "<pad>", "</s>", "<unk>"]
    characters = sorted({character for text in TEXTS for character in text if not character.isspace()})
    pieces = ["▁", *characters, "好吃", "一个小时", "态度", "▁房间", "干净安静", "不", "差", "很好", "很差"]
    vocabulary = [*((name, 0.0) for name in specials), *((piece, -9.0 / len(piece)) for piece in dict.fromkeys(pieces))]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 2)])
    tokenizer.add_special_tokens(specials)
    names = dict(enumerate(labels))
    torch.manual_seed(11)
    sizes = {**SIZES, "vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 128, "pad_token_id": 1}
    BertForSequenceClassification(BertConfig(**sizes, id2label=names)).save_pretrained(directory)
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(
        directory / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}
    )
    return directory
