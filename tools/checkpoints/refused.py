"""Checkpoints that sentiq-prepare refuses, and how each comes about from one that it takes."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from sentiq.engine.registry import ModelError
from tools.checkpoints.cases import Case
from tools.checkpoints.compare import write
from tools.prepare.checkpoint import read_config, read_network
from tools.prepare.labels import read_labels
from tools.prepare.tokens import read_tokenizer, tokens_read

GOOD = Case("BERT", "bert", "WordPiece, `vocab.txt`", "`pytorch_model.bin`", ("negative", "positive"))


class _Program:
    """An object that is no tensor, as a whole pickled model is."""


def change(name: str, **values: object) -> Callable[[Path], None]:
    """Return what changes settings in a JSON file of a checkpoint."""

    def changing(directory: Path) -> None:
        path = directory / name
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}, ensure_ascii=False))

    return changing


def without(*names: str) -> Callable[[Path], None]:
    """Return what removes weights."""

    def removing(directory: Path) -> None:
        path = directory / "pytorch_model.bin"
        state = torch.load(path, weights_only=True)
        torch.save({name: weight for name, weight in state.items() if not name.startswith(names)}, path)

    return removing


def weights_of(name: str) -> Callable[[Path], None]:
    """Return what leaves a file of that name in place of the weights."""

    def replacing(directory: Path) -> None:
        (directory / "pytorch_model.bin").rename(directory / name)

    return replacing


#: What it is → what makes it of a good checkpoint.
REFUSED: Mapping[str, Callable[[Path], object]] = {
    "a network that generates, such as GPT or Qwen": change("config.json", model_type="qwen2"),
    "a network with code of its own": change("config.json", model_type="my-bert", auto_map={"AutoModel": "mine.Bert"}),
    "BERT with relative positions": change("config.json", position_embedding_type="relative_key_query"),
    "several labels for a text": change("config.json", problem_type="multi_label_classification"),
    "a number for a text": change("config.json", problem_type="regression"),
    "quantised weights (GPTQ, bitsandbytes)": change("config.json", quantization_config={"quant_method": "gptq"}),
    "ModernBERT with stretched positions": change(
        "config.json",
        model_type="modernbert",
        rope_parameters={"full_attention": {"rope_type": "yarn", "rope_theta": 1e4}},
    ),
    "an encoder without a classifier": without("classifier."),
    "a LoRA adapter alone": weights_of("adapter_model.bin"),
    "weights of TensorFlow": weights_of("tf_model.h5"),
    "a whole pickled model": lambda directory: torch.save(_Program(), directory / "pytorch_model.bin"),
    "outputs called LABEL_0, LABEL_1": change("config.json", id2label={"0": "LABEL_0", "1": "LABEL_1"}),
    "outputs without names": change("config.json", id2label=None, label2id=None),
    "a tokenizer in Python alone": change("tokenizer_config.json", tokenizer_class="BertJapaneseTokenizer"),
}


def reason(spoil: Callable[[Path], object], directory: Path) -> str:
    """Return why a checkpoint is refused that is written into `directory` and spoiled."""
    write(GOOD, directory)
    spoil(directory)
    try:
        config = read_config(directory)
        outputs = read_labels(directory, config)
        read_tokenizer(directory, config)
        tokens_read(directory, config)
        read_network(directory, config, outputs)
    except ModelError as error:
        return str(error).replace(f"{directory}/", "").replace(f" in {directory}", "")
    raise AssertionError(f"{directory} was not refused")
