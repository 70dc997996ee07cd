"""From the trained parts to a model directory that the engine loads (`sentiq/engine/registry.py` describes it)."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from openvino.tools.ovc import convert_model
from tokenizers import Tokenizer

from sentiq.engine.proof import Proof, write_proof
from tools.networks import save_openvino
from tools.prepare.prove import SHORT, encode, proof_texts
from tools.traditional import SIMPLIFY
from tools.training.network import Combined
from tools.training.tokens import MAX_TOKENS, PAD


def save_network(network: Combined, directory: Path) -> None:
    """Write model.xml and model.bin."""
    example = torch.ones(2, 5, dtype=torch.int64)
    with torch.inference_mode():
        model = convert_model(
            network.eval(),
            example_input={"input_ids": example, "attention_mask": example},
            input=[("input_ids", [-1, -1], ov.Type.i64), ("attention_mask", [-1, -1], ov.Type.i64)],
        )
    model.outputs[0].tensor.set_names({"logits"})
    save_openvino(model, directory)


def write_model(
    directory: Path,
    network: Combined,
    tokenizer: Tokenizer,
    identity: dict[str, Any],
    labels: Sequence[str],
    precision: str,
) -> None:
    """Write the files of a model into a new directory, the manifest last."""
    directory.mkdir()
    save_network(network, directory)
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    rows = encode(tokenizer, proof_texts(), MAX_TOKENS)[:SHORT]
    with torch.inference_mode():
        logits = [network(torch.tensor([row]), torch.ones(1, len(row), dtype=torch.int64))[0].numpy() for row in rows]
    write_proof(directory, Proof(rows, np.array(logits)))
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}
    # The version follows from the content, so that two different models never share one.
    version = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]
    manifest = identity | {
        "version": version,
        "labels": list(labels),
        "max_tokens": MAX_TOKENS,
        "pad_id": PAD,
        "traditional": SIMPLIFY,
        "precision": precision,
        "files": files,
    }
    (directory / "manifest.json").write_text(
        json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def replace_directory(made: Path, out: Path) -> None:
    """Put a finished directory in the place of `out`: whoever looks finds the old one, the new one or none."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as beside:
        # Copied next to `out` first: a rename is atomic only within a file system.
        shutil.copytree(made, Path(beside) / "new")
        if out.exists():
            out.rename(Path(beside) / "old")
        (Path(beside) / "new").rename(out)
