"""Which files a checkpoint has: those of transformers, of ModelScope, and weights as training programs save them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sentiq.engine.registry import ModelError, read_object

SETTINGS = ("config.json", "configuration.json", "label_mapping.json")
TOKENIZER = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
    "vocab.json", "merges.txt", "spm.model", "sentencepiece.bpe.model", "spiece.model",
)  # fmt: skip

#: The forms of weights: the first that is there is read. An index names the files that its weights are spread over.
WEIGHTS = (
    "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
)  # fmt: skip
_SHARD = re.compile(r"(?P<form>model|pytorch_model)-\d+-of-\d+\.(safetensors|bin)")

#: Where programs put a checkpoint below the folder that they were given: ModelScope's trainer, the best one first.
OUTPUTS = ("output_best", "output")

#: What a single file of weights may end with, and what training programs save beside it.
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_NO_WEIGHTS = re.compile(
    r"(optimizer|scheduler|scaler|rng_state|training_args|random_states|trainer_state).*|.*_state\.pth"
)

#: Weights of another kind → what to do.
_OTHER_KINDS = {
    "adapter_model.safetensors": "an adapter (LoRA) without its network: merge it with merge_and_unload() and save it",
    "adapter_model.bin": "an adapter (LoRA) without its network: merge it with merge_and_unload() and save it",
    "tf_model.h5": "those of TensorFlow: load them with from_tf=True and save them",
    "flax_model.msgpack": "those of Flax: load them with from_flax=True and save them",
    "model.onnx": "a network that was converted to ONNX: prepare the checkpoint that it was made of",
}


def wanted(names: Iterable[str]) -> list[str]:
    """Of the files of a hub's repository, those that are read: weights in one form only."""
    there = set(names)
    form = next((name for name in WEIGHTS if name in there), None)
    read = {name for name in (*SETTINGS, *TOKENIZER, form) if name in there}
    if form and form.endswith(".index.json"):
        start = form.partition(".")[0]
        read |= {name for name in there if (shard := _SHARD.fullmatch(name)) and shard["form"] == start}
    return sorted(read)


def read_from(directory: Path) -> list[Path]:
    """All files of a checkpoint that decide what is made of it; none that is missing."""
    found = [directory / name for name in (*SETTINGS, *TOKENIZER) if (directory / name).exists()]
    weights = find_weights(directory)
    if weights is None:
        return found
    return [*found, weights, *(path for path in _shards(weights) if path.exists())]


def find_weights(directory: Path) -> Path | None:
    """The file of weights, or the index of several; None where there is none, or which of several is not clear."""
    standard = [directory / name for name in WEIGHTS if (directory / name).exists()]
    if standard:
        return standard[0]
    saved = [path for path in sorted(directory.iterdir()) if path.suffix in _PICKLES and path.is_file()]
    saved = [path for path in saved if not _NO_WEIGHTS.fullmatch(path.name) and path.name not in _OTHER_KINDS]
    return saved[0] if len(saved) == 1 else None


def weight_files(directory: Path) -> list[Path]:
    """The files of weights; raises ModelError where there are none, or one that the index names is missing."""
    weights = find_weights(directory)
    if weights is None:
        other = next((what for name, what in _OTHER_KINDS.items() if (directory / name).exists()), None)
        if other:
            raise ModelError(f"no weights in {directory}, but {other}")
        raise ModelError(
            f"no weights in {directory}: expected model.safetensors or pytorch_model.bin, whole or in parts with an"
            f" index, or one file that ends with {', '.join(_PICKLES)}"
        )
    paths = _shards(weights) or [weights]
    missing = [path.name for path in paths if not path.exists()]
    if missing:
        raise ModelError(f"{weights.name} names {missing[0]}, which is missing: fetch or save the model again")
    return paths


def _shards(index: Path) -> list[Path]:
    """The files that an index names; none of a file that is no index. Raises ModelError for one that is damaged."""
    if index.suffix != ".json":
        return []
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not names or not all(_SHARD.fullmatch(str(name)) for name in names.values()):
        raise ModelError(f"{index} does not say which file has which weight: fetch or save the model again")
    return [index.parent / name for name in sorted(set(names.values()))]


def checkpoint_in(directory: Path) -> Path:
    """The folder of the checkpoint itself: `directory`, or the one that a trainer has made below it.

    Raises ModelError where there are several and nothing says which is meant.
    """
    if (directory / "config.json").exists():
        return directory
    for name in OUTPUTS:
        if (directory / name / "config.json").exists():
            return directory / name
    below = sorted(path.parent.name for path in directory.glob("*/config.json"))
    if below:
        raise ModelError(f"no config.json in {directory}, but in {', '.join(below)} below it: name one of these")
    return directory


def preprocessor(directory: Path) -> dict[str, Any]:
    """What ModelScope's pipeline is told of a checkpoint's texts in ``configuration.json``; {} where it is not told."""
    path = directory / "configuration.json"
    section = read_json(path).get("preprocessor") if path.exists() else None
    if not isinstance(section, dict):
        return {}
    inference = section.get("val")
    return inference if "type" not in section and isinstance(inference, dict) else section


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises ModelError naming the file."""
    return read_object(path, "fetch or save the model again")
