"""Speed of ModelScope's own pipeline, one text at a time on one core: what the engine is compared with.

Runs in the environment of make_modelscope_env.sh; engine.py calls it. Reads texts, one a line, on standard input and
prints ``{"texts": n, "seconds": s, "texts_per_second": r}``, in seconds of processor time. The checkpoint has random
weights in the shape and the layout of ``iic/nlp_structbert_sentiment-classification_chinese-base``: its speed does not
depend on their values.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

CONFIG = {
    "attention_probs_dropout_prob": 0.1,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 512,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "type_vocab_size": 2,
    "vocab_size": 21128,
}
LABELS = {"负面": 0, "正面": 1}


def write_checkpoint(directory: Path, vocabulary: list[str]) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    network = BertForSequenceClassification(BertConfig(**CONFIG, num_labels=len(LABELS)))
    torch.save(network.state_dict(), directory / "pytorch_model.bin")
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    configuration = {
        "framework": "pytorch",
        "task": "text-classification",
        "model": {"type": "structbert"},
        "preprocessor": {"type": "sen-cls-tokenizer"},
        "pipeline": {"type": "text-classification"},
    }
    for name, content in (
        ("config.json", CONFIG),
        ("configuration.json", configuration),
        ("label_mapping.json", LABELS),
    ):
        (directory / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vocabulary", type=Path, help="entries of the tokenizer, one a line")
    options = parser.parse_args()
    try:  # only now: --help needs nothing but Python
        import torch
        from modelscope.pipelines import pipeline
        from modelscope.utils.constant import Tasks
    except ModuleNotFoundError as missing:
        parser.exit(
            69,
            (
                f"{missing.name} is not installed here; tools/benchmarks/make_modelscope_env.sh DIR makes its "
                "environment\n"
            ),
        )
    vocabulary = options.vocabulary.read_text(encoding="utf-8").split("\n")
    texts = sys.stdin.read().splitlines()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint(Path(directory), vocabulary)
        classify = pipeline(Tasks.text_classification, directory, device="cpu")
        classify(texts[0])  # the pipeline loads part of itself on first use
    started = time.process_time()
    for text in texts:
        classify(text)
    seconds = time.process_time() - started
    print(json.dumps({"texts": len(texts), "seconds": seconds, "texts_per_second": len(texts) / seconds}))


if __name__ == "__main__":
    main()
