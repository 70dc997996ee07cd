"""Make a BERT-base-shaped model with random weights, for measuring where no real model can be downloaded.

    python -m benchmarks.base_model --int8 DIR --fp32 DIR

The network has the shape of StructBERT base (12 layers, 768 wide, 21,128 characters), so its speed and memory are
those of the real model. Its labels mean nothing; they do vary with the text, so that answers can be compared.
Needs torch, transformers, nncf and openvino. The same seed gives the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import nncf
import numpy as np
import openvino as ov
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from engine.prepare.network import Classifier

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


def inputs(texts: list[str], made: Tokenizer) -> Iterator[dict[str, np.ndarray]]:
    for text in texts:
        ids = np.array([made.encode(text).ids[:MAX_TOKENS]], dtype=np.int64)
        yield {"input_ids": ids, "attention_mask": np.ones_like(ids)}


@torch.inference_mode()
def spread_labels(network: BertForSequenceClassification, texts: list[str], made: Tokenizer) -> None:
    """Point the classifier along the direction in which the texts differ most, centred: both labels occur."""
    pooled = torch.cat([
        network.bert(**{name: torch.from_numpy(a) for name, a in one.items()}).pooler_output
        for one in inputs(texts, made)
    ])  # fmt: skip
    centre = pooled.mean(0)
    direction = torch.linalg.svd(pooled - centre, full_matrices=False).Vh[0]
    direction *= 2 / ((pooled - centre) @ direction).std()
    network.classifier.weight.copy_(torch.stack([-direction, direction]) / 2)
    network.classifier.bias.copy_(-(network.classifier.weight @ centre))


def build(layers: int) -> tuple[ov.Model, Tokenizer]:
    torch.manual_seed(SEED)
    config = BertConfig(
        vocab_size=VOCABULARY_SIZE, num_hidden_layers=layers, max_position_embeddings=MAX_TOKENS, initializer_range=0.04
    )  # fmt: skip
    made = tokenizer()
    network = BertForSequenceClassification(config).eval()
    spread_labels(network, sentences(64), made)
    example = {"input_ids": torch.ones(2, 8, dtype=torch.int64), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}
    model = ov.convert_model(Classifier(network), example_input=example)
    for port, name in zip(model.inputs, example, strict=True):
        port.get_tensor().set_names({name})
    model.outputs[0].get_tensor().set_names({"logits"})
    model.reshape({name: ov.PartialShape([-1, -1]) for name in example})
    return model, made


def quantise(model: ov.Model, made: Tokenizer) -> ov.Model:
    calibration = nncf.Dataset(list(inputs(sentences(64), made)))
    return nncf.quantize(model, calibration, model_type=nncf.ModelType.TRANSFORMER, subset_size=64)


def write(directory: Path, model: ov.Model, made: Tokenizer, precision: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    ov.save_model(model, directory / "model.xml", compress_to_fp16=False)
    made.save(str(directory / "tokenizer.json"))
    files = ("model.xml", "model.bin", "tokenizer.json")
    manifest = {
        "id": "random-base",
        "version": f"1-{precision}",
        "labels": ["negative", "positive"],
        "max_tokens": MAX_TOKENS,
        "pad_id": 0,
        "precision": precision,
        "source": "random weights, for measuring only",
        "files": {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in files},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--int8", type=Path, required=True, help="directory for the quantised model")
    parser.add_argument("--fp32", type=Path, help="directory for the unquantised model")
    parser.add_argument("--layers", type=int, default=12)
    options = parser.parse_args()
    model, made = build(options.layers)
    if options.fp32:
        write(options.fp32, model, made, "f32")
    write(options.int8, quantise(model, made), made, "int8")


if __name__ == "__main__":
    main()
