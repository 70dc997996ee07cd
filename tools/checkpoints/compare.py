"""Reads and converts checkpoints as sentiq-prepare does; compares the logits with those of the original library."""

# torch and what goes with it is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray

from sentiq.engine.backends import Backend
from sentiq.engine.backends.onnx import OnnxBackend
from sentiq.engine.backends.openvino import OpenVinoBackend
from sentiq.engine.backends.torch import TorchBackend
from tools.checkpoints.cases import Case
from tools.checkpoints.networks import FILES, network
from tools.checkpoints.vocabularies import VOCABULARIES
from tools.networks import save_openvino
from tools.prepare import convert, prove, quantise
from tools.prepare.__main__ import CALIBRATION
from tools.prepare.checkpoint import read_config, read_network
from tools.prepare.labels import chosen_labels, merged, read_labels
from tools.prepare.tokens import pad_id, read_tokenizer, tokens_read

#: INT8 is calibrated with so many texts here: that a kind of network can be quantised is what is asked.
CALIBRATING = 20

Logits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    labels: list[str]
    differences: dict[str, float]  # backend → largest difference of a logit from the original's, in float32
    spread: float  # the least standard deviation of a label's logit over the texts: with 0 nothing would be compared
    int8: float  # share of the texts to which OpenVINO's INT8 gives the label of float32


def write(case: Case, directory: Path) -> tuple[Any, Any]:
    """Write the checkpoint; return the original network and tokenizer."""
    directory.mkdir()
    tokenizer = VOCABULARIES[case.vocabulary](directory)
    made = network(case.kind, tokenizer, case.outputs, case.settings)
    FILES[case.files](made, directory)
    return made, tokenizer


def compare(case: Case, folder: Path) -> Compared:
    """Write a checkpoint below `folder`, read and convert it, and run all its forms on the same texts."""
    checkpoint, out = folder / "checkpoint", folder / "converted"
    original = write(case, checkpoint)
    config = read_config(checkpoint)
    outputs = chosen_labels(case.labels) if case.labels else read_labels(checkpoint, config)
    tokenizer, limit = read_tokenizer(checkpoint, config), tokens_read(checkpoint, config)
    read = read_network(checkpoint, config, outputs)
    read.save_pretrained(out)
    converted = convert.openvino_model(read)
    save_openvino(converted, out)
    convert.save_onnx(read, out / "model.onnx")
    calibrating = prove.encode(tokenizer, prove.read_texts(CALIBRATION)[:CALIBRATING], limit)
    save_openvino(quantise.quantised(ov.Core().read_model(out / "model.xml"), calibrating), folder / "int8")

    texts = [*prove.proof_texts()[::6], *prove.ODD_TEXTS]
    rows, padding = prove.encode(tokenizer, texts, limit), pad_id(tokenizer, config)
    expected = of_labels(run(*original, texts, limit), outputs)
    forms: dict[str, Backend] = {
        "torch": TorchBackend(out, float32=True),
        "openvino": OpenVinoBackend(out, float32=True),
        "onnx": OnnxBackend(out),
    }
    differences = {
        name: float(np.abs(prove.logits(form, rows, padding) - expected).max()) for name, form in forms.items()
    }
    labels = prove.logits(OpenVinoBackend(folder / "int8", float32=False), rows, padding).argmax(axis=1)
    agreement = float((labels == expected.argmax(axis=1)).mean())
    return Compared(merged(outputs), differences, float(expected.std(axis=0).min()), agreement)


def run(network: Any, tokenizer: Any, texts: Sequence[str], max_tokens: int) -> Logits:
    """Return the original's logits ``[texts, outputs]``, of one text at a time."""
    rows = []
    with torch.inference_mode():
        for text in texts:
            inputs = tokenizer(
                text, truncation=True, max_length=max_tokens, return_token_type_ids=False, return_tensors="pt"
            )
            rows.append(network(**inputs).logits[0].double().numpy())
    return np.array(rows)


def of_labels(logits: Logits, outputs: Sequence[str]) -> Logits:
    """Return ``[texts, labels]``: a label's probability is the sum of those of the outputs that are called so."""
    columns = [
        np.logaddexp.reduce([logits[:, place] for place, name in enumerate(outputs) if name == label])
        for label in merged(outputs)
    ]
    return np.stack(columns, axis=1)
