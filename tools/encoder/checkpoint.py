"""Writes the encoder as transformers saves a BERT, so that `sentiq-tune` takes it like any other."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tools.encoder.packed import Packed
from tools.encoder.vocabulary import tokenizer

#: What the packed file calls a part of a layer → what transformers calls it.
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def write_checkpoint(packed: Packed, kept: Sequence[int], directory: Path) -> None:
    """Write ``config.json``, ``tokenizer.json`` and ``model.safetensors`` (float32) with these pieces alone.

    The checkpoint is an encoder without a classifier and without BERT's pooler: tuning draws both.
    """
    directory.mkdir(parents=True, exist_ok=True)
    pieces = [packed.pieces[n] for n in kept]
    tokenizer(pieces, packed.scores[list(kept)].tolist(), packed).save(str(directory / "tokenizer.json"), pretty=False)
    save_file(_state(packed, kept), directory / "model.safetensors", metadata={"format": "pt"})
    sizes = packed.sizes
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": len(kept),
        "hidden_size": sizes.hidden,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": sizes.heads,
        "intermediate_size": sizes.feed_forward,
        "hidden_act": "gelu",
        "max_position_embeddings": sizes.positions,
        "type_vocab_size": sizes.kinds,
        "layer_norm_eps": packed.layer_norm_eps,
        # Drawing what is dropped takes a fifth of a step, and few passes over many texts learn little by heart.
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "pad_token_id": packed.pad_id,
        "bos_token_id": packed.start_id,
        "eos_token_id": packed.end_id,
    }
    (directory / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _state(packed: Packed, kept: Sequence[int]) -> dict[str, NDArray[np.float32]]:
    sizes = packed.sizes
    hidden, wide = sizes.hidden, sizes.feed_forward
    shapes = {"fi": (wide, hidden), "fo": (hidden, wide)}
    state = {
        "bert.embeddings.word_embeddings.weight": packed.rows("emb.word", kept, hidden),
        "bert.embeddings.position_embeddings.weight": packed.weights("emb.pos", sizes.positions, hidden),
        "bert.embeddings.token_type_embeddings.weight": packed.weights("emb.type", sizes.kinds, hidden),
        "bert.embeddings.LayerNorm.weight": packed.weights("emb.ln.w", hidden),
        "bert.embeddings.LayerNorm.bias": packed.weights("emb.ln.b", hidden),
    }
    for layer in range(sizes.layers):
        for part, name in PARTS.items():
            shape = (hidden,) if part.endswith("ln") else shapes.get(part, (hidden, hidden))
            full = f"bert.encoder.layer.{layer}.{name}"
            state[f"{full}.weight"] = packed.weights(f"l{layer}.{part}.w", *shape)
            state[f"{full}.bias"] = packed.weights(f"l{layer}.{part}.b", shape[0])
    return {name: np.ascontiguousarray(weight) for name, weight in state.items()}
