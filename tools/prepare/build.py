"""From a checkpoint to a proven model directory, step by step."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from shutil import disk_usage
from typing import Any

import openvino as ov

from sentiq.engine.backends.onnx import OnnxBackend
from sentiq.engine.backends.openvino import OpenVinoBackend
from sentiq.engine.backends.torch import TorchBackend
from sentiq.engine.processor import processor
from sentiq.engine.registry import ModelError
from tools.networks import save_openvino
from tools.prepare import convert, prove, quantise, without_vnni
from tools.prepare.checkpoint import read_config, read_network
from tools.prepare.labels import merged, read_labels
from tools.prepare.report import say, step
from tools.prepare.tokens import check_against_slow, pad_id, read_tokenizer, tokens_read
from tools.traditional import SIMPLIFY, is_simplifying, simplify

#: What a network that is not quantised may be computed in instead of float32, where the processor has it.
HALF = ("bf16", "f16")

TOOLS = ("nncf", "onnx", "onnxruntime", "openvino", "safetensors", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the command line may choose."""

    outputs: Sequence[str]  # their names, or none to take the checkpoint's; those of the same name become one label
    calibration: Path  # one text a line
    min_agreement: float  # share of texts on which INT8 must give the label of float32 to be used
    simplifies: bool = False  # traditional characters are to be read as simplified ones
    max_tokens: int = 0  # that are read of a text; 0: as many as the checkpoint's own library reads, at most 512


def build(checkpoint: Path, recipe: Recipe, out: Path, scratch: Path) -> dict[str, Any]:
    """Write all files of a model but the manifest into `out`, and return what the manifest says of them.

    `scratch` is for files that are not kept. Raises ModelError when the checkpoint cannot be read, or what was made of
    it gives other numbers than the original.
    """
    with step("read the checkpoint"):
        config = read_config(checkpoint)
        outputs = list(recipe.outputs) or read_labels(checkpoint, config)
        tokenizer = read_tokenizer(checkpoint, config)
        limit, padding = tokens_read(checkpoint, config, recipe.max_tokens), pad_id(tokenizer, config)
        network = read_network(checkpoint, config, outputs)
        check_room(out, sum(weight.nbytes for weight in network.parameters()))
        calibrating, proving = prove.read_texts(recipe.calibration), prove.proof_texts()
        network.save_pretrained(out, max_shard_size="1TB")  # in one file, which is what the engine loads
    with step("compare the tokenizer with the original"):
        compared = check_against_slow(checkpoint, config, tokenizer, [*calibrating, *proving])
        if recipe.simplifies:
            simplify(tokenizer)
        tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    plain = scratch / "f32"
    with step("convert to OpenVINO and ONNX"):
        save_openvino(convert.openvino_model(network), plain)
        convert.save_onnx(network, plain / "model.onnx")
    del network
    labels = merged(outputs)
    rows = prove.encode(tokenizer, proving, limit)
    with step(f"compare the logits of {len(rows)} texts: torch, OpenVINO, ONNX Runtime in float32"):
        proof = prove.Proof(rows, padding, recipe.min_agreement, TorchBackend(out, float32=True))
        proof.compare("openvino", OpenVinoBackend(plain, float32=True))
        proof.compare("onnx", OnnxBackend(plain))
    precision, form = choose_openvino(plain, prove.encode(tokenizer, calibrating, limit), proof, out, scratch)
    (plain / "model.onnx").rename(out / "model.onnx")
    with step("repeat the short proof as torch computes where it serves"):
        proof.repeat("torch", TorchBackend(out, float32=False))
    proof.write(out)
    forms = {"openvino": form, "torch": "torch", "onnx": "onnx"}
    limited = without_vnni.repeat(out, padding, proof.proven[form]) if precision == "int8" else None
    return {
        "labels": labels,
        "max_tokens": limit,
        "pad_id": padding,
        **({"traditional": SIMPLIFY} if is_simplifying(tokenizer) else {}),
        "precision": precision,
        "backends": {"openvino": precision, "torch": "f32", "onnx": "f32"},
        "proven": {
            "processor": processor(),
            "backends": {backend: asdict(proof.proven[name]) for backend, name in forms.items()},
            **({"without_vnni": asdict(limited)} if limited else {}),
        },
        "tools": {name: version(name) for name in TOOLS},
        "proof": {"tokenizer_texts": compared, **proof.figures(labels)},
    }


def choose_openvino(
    plain: Path, calibration: Sequence[Sequence[int]], proof: prove.Proof, out: Path, scratch: Path
) -> tuple[str, str]:
    """Write model.xml in the fastest precision that gives the labels of float32.

    Return that precision, and what its form is called in the proof.
    """
    for preset in quantise.PRESETS:
        with step(f"quantise to INT8 for OpenVINO, {preset} activations, {len(calibration)} calibration texts"):
            model = ov.Core().read_model(plain / "model.xml")
            save_openvino(quantise.quantised(model, calibration, preset), scratch / preset)
            del model
        form = f"openvino int8 {preset}"
        if proof.agrees(form, OpenVinoBackend(scratch / preset, float32=False)):
            move_openvino(scratch / preset, out)
            return "int8", form
    move_openvino(plain, out)
    half = OpenVinoBackend(out, float32=False)
    form = f"openvino {half.computed}"
    precision = half.computed if half.computed in HALF and proof.agrees(form, half) else "f32"
    say(f"           OpenVINO keeps {precision}")
    return precision, "openvino" if precision == "f32" else form


def move_openvino(directory: Path, out: Path) -> None:
    for name in ("model.xml", "model.bin"):
        (directory / name).rename(out / name)


def check_room(folder: Path, weights_bytes: int) -> None:
    """Raises ModelError unless the disk has room for all forms of the network, in float32 and INT8, at once."""
    needed, free = 4 * weights_bytes, disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"preparing needs {needed / 1e6:.0f} MB in the store but {free / 1e6:.0f} MB are free:"
            " make room, or name a store on another disk with --store"
        )
