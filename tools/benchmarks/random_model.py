"""A BERT-base-shaped model with random weights; see base_model.py, which is the command."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from sentiq.engine.registry import MANIFEST
from tools.networks import save_openvino
from tools.prepare.convert import openvino_model, save_onnx
from tools.prepare.quantise import quantised

SEED = 20
VOCABULARY_SIZE = 21_128
MAX_TOKENS = 512
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PHRASES = [
    "这家店的菜很好吃", "服务员态度冷淡", "等了一个小时", "包装完整，送货也快", "屏幕有划痕", "价格实惠",
    "下次还会再来", "一点也不推荐", "电池两天就没电了", "房间干净安静", "剧情拖沓", "客服解决得很及时", "味道一般",
    "质量比想象中好", "快递把箱子摔坏了", "孩子很喜欢", "退款拖了半个月", "音质清晰，佩戴舒服",
]  # fmt: skip


def vocabulary() -> dict[str, int]:
    """Special tokens, ASCII and its continuations, Chinese punctuation, then Chinese characters in code order."""
    ascii_characters = [chr(c) for c in range(0x21, 0x7F) if not chr(c).isupper()]
    continuations = [f"##{c}" for c in ascii_characters if c.isalnum()]
    punctuation = list("，。！？、；：“”‘’（）《》【】—…～·￥")
    hanzi = [chr(c) for c in range(0x4E00, 0xA000)]
    entries = (SPECIAL + ascii_characters + continuations + punctuation + hanzi)[:VOCABULARY_SIZE]
    entries += [f"[unused{i}]" for i in range(VOCABULARY_SIZE - len(entries))]
    return {entry: i for i, entry in enumerate(entries)}


def tokenizer() -> Tokenizer:
    vocab = vocabulary()
    made = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", vocab["[SEP]"]), ("[CLS]", vocab["[CLS]"]))
    return made


def sentences(count: int) -> list[str]:
    """Texts of 1 to 30 phrases, short ones more often, as in real reviews."""
    dice = random.Random(SEED)
    return ["，".join(dice.choices(PHRASES, k=1 + int(dice.paretovariate(1.2)) % 30)) for _ in range(count)]


def inputs(max_tokens: int) -> Iterator[dict[str, np.ndarray]]:
    """64 sentences, one at a time."""
    made = tokenizer()
    made.enable_truncation(max_tokens)
    for text in sentences(64):
        ids = np.array([made.encode(text).ids], dtype=np.int64)
        yield {"input_ids": ids, "attention_mask": np.ones_like(ids)}


@torch.inference_mode()
def spread_labels(network: BertForSequenceClassification) -> None:
    """Point the classifier along the direction in which the texts differ most, centred: both labels occur."""
    pooled = torch.cat([
        network.bert(**{name: torch.from_numpy(a) for name, a in one.items()}).pooler_output
        for one in inputs(network.config.max_position_embeddings)
    ])  # fmt: skip
    centre = pooled.mean(0)
    direction = torch.linalg.svd(pooled - centre, full_matrices=False).Vh[0]
    direction *= 2 / ((pooled - centre) @ direction).std()
    network.classifier.weight.copy_(torch.stack([-direction, direction]) / 2)
    network.classifier.bias.copy_(-(network.classifier.weight @ centre))


def build(config: BertConfig) -> BertForSequenceClassification:
    torch.manual_seed(SEED)
    network = BertForSequenceClassification(config).eval()
    spread_labels(network)
    return network


def write_model(directory: Path, network: BertForSequenceClassification, *, int8: bool) -> None:
    """A model directory for all backends: INT8, or unquantised to run in bfloat16 or float32."""
    directory.mkdir(parents=True, exist_ok=True)
    max_tokens = network.config.max_position_embeddings
    model = openvino_model(network)
    calibration = [one["input_ids"][0].tolist() for one in inputs(max_tokens)]
    save_openvino(quantised(model, calibration) if int8 else model, directory)
    tokenizer().save(str(directory / "tokenizer.json"))
    network.save_pretrained(directory)
    save_onnx(network, directory / "model.onnx")
    precision = "int8" if int8 else "bf16"
    files = sorted(path.name for path in directory.iterdir() if path.name != MANIFEST)
    manifest = {
        "id": "random-base",
        "version": f"1-{precision}",
        "labels": ["negative", "positive"],
        "max_tokens": max_tokens,
        "pad_id": 0,
        "precision": precision,
        "backends": {"openvino": precision, "torch": "f32", "onnx": "f32"},
        "source": "random weights, for measuring only",
        "files": {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in files},
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def write_models(int8: Path | None, bf16: Path | None) -> None:
    network = build(BertConfig(vocab_size=VOCABULARY_SIZE, max_position_embeddings=MAX_TOKENS, initializer_range=0.04))
    for directory, quantise in [(int8, True), (bf16, False)]:
        if directory:
            write_model(directory, network, int8=quantise)
