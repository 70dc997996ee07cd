"""Random networks of every kind, small, and the ways in which people save them."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

#: What the networks have in common; wide random weights, so that the labels vary with the text.
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 160,
    "initializer_range": 0.2,
}

#: `model_type` → what it has otherwise.
OWN: Mapping[str, dict[str, Any]] = {
    "albert": {"embedding_size": 16},
    "deberta-v2": {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 16,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "position_biased_input": False,
        "type_vocab_size": 0,
    },
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48},
    "electra": {"embedding_size": 16},
    "ernie": {"use_task_id": True, "task_type_vocab_size": 3},
    "modernbert": {
        "num_hidden_layers": 4,
        "global_attn_every_n_layers": 2,
        "local_attention": 16,
        "reference_compile": False,
        "initializer_cutoff_factor": 3.0,
    },
}


def network(kind: str, tokenizer: Any, outputs: Sequence[str], settings: Mapping[str, Any]) -> Any:
    """A classifier of transformers with these outputs, for the tokens of `tokenizer`; the same at every call."""
    torch.manual_seed(5)
    config = CONFIG_MAPPING[kind](
        **{**SIZES, **OWN.get(kind, {}), **settings},
        vocab_size=len(tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        id2label=dict(enumerate(outputs)),
        label2id={name: number for number, name in enumerate(outputs)},
    )
    return MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)](config).eval()


def safetensors(made: Any, directory: Path) -> None:
    made.save_pretrained(directory)


def safetensors_in_parts(made: Any, directory: Path) -> None:
    made.save_pretrained(directory, max_shard_size="60KB")
    assert (directory / "model.safetensors.index.json").exists()


def pickle(made: Any, directory: Path) -> None:
    made.save_pretrained(directory, safe_serialization=False)


def pickles_in_parts(made: Any, directory: Path) -> None:
    made.save_pretrained(directory, safe_serialization=False, max_shard_size="60KB")
    assert (directory / "pytorch_model.bin.index.json").exists()


def state_of_a_program(made: Any, directory: Path) -> None:
    """What a training program of one's own saves: the weights of a wrapped network beside its own state."""
    made.config.save_pretrained(directory)
    state = {f"module.{name}": weight for name, weight in made.state_dict().items()}
    torch.save({"epoch": 3, "state_dict": state, "best": 0.93}, directory / "best.pth")


def as_transformers_5(made: Any, directory: Path) -> None:
    """What transformers 5 writes where 4 does not: other names, and a class of tokenizers that 4 does not have."""
    made.save_pretrained(directory)
    config = json.loads((directory / "config.json").read_text())
    config["label2id"] = None
    config["transformers_version"] = "5.24.0"
    if config["model_type"] == "modernbert":
        config["rope_parameters"] = {
            "full_attention": {"rope_theta": config.pop("global_rope_theta"), "rope_type": "default"},
            "sliding_attention": {"rope_theta": config.pop("local_rope_theta"), "rope_type": "default"},
        }
        config["layer_types"] = ["full_attention", "sliding_attention"] * 2
    (directory / "config.json").write_text(json.dumps(config))
    settings = json.loads((directory / "tokenizer_config.json").read_text())
    settings |= {"backend": "tokenizers", "tokenizer_class": "TokenizersBackend"}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))


#: What the table calls the files of weights → what writes them.
FILES: Mapping[str, Callable[[Any, Path], None]] = {
    "`model.safetensors`": safetensors,
    "safetensors in parts": safetensors_in_parts,
    "`pytorch_model.bin`": pickle,
    "`.bin` in parts": pickles_in_parts,
    '`{"state_dict": …}`, `best.pth`': state_of_a_program,
    "`model.safetensors`, transformers 5": as_transformers_5,
}
