"""From a checkpoint to a proven model directory, step by step."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from shutil import disk_usage
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from engine.backends.onnx import OnnxBackend
from engine.backends.openvino import OpenVinoBackend
from engine.backends.torch import TorchBackend
from engine.prepare import convert, prove, quantise
from engine.prepare.checkpoint import read_config, read_network
from engine.prepare.labels import read_labels
from engine.prepare.report import say, step
from engine.prepare.tokens import check_against_slow, max_tokens, pad_id, read_tokenizer
from engine.registry import ModelError

TOOLS = ("nncf", "onnx", "onnxruntime", "openvino", "safetensors", "tokenizers", "torch", "transformers")


@dataclass
class Build:
    """One checkpoint on its way into `out`; `scratch` is for files that are not kept."""

    checkpoint: Path
    out: Path
    scratch: Path
    min_agreement: float  # share of texts on which INT8 must give the label of float32
    proof: dict[str, Any] = field(default_factory=dict)

    def run(self, labels: Sequence[str], calibration: Path) -> dict[str, Any]:
        """Write all files but the manifest, and return what the manifest says of them."""
        with step("read the checkpoint"):
            config = read_config(self.checkpoint)
            self.labels = list(labels) or read_labels(self.checkpoint, config)
            self.tokenizer = read_tokenizer(self.checkpoint, config)
            self.pad_id, self.max_tokens = pad_id(self.tokenizer, config), max_tokens(config)
            network = read_network(self.checkpoint, config, self.labels)
            check_room(self.out, sum(weight.nbytes for weight in network.parameters()))
            calibrating, proving = prove.read_texts(calibration), prove.proof_texts()
            self.tokenizer.save(str(self.out / "tokenizer.json"), pretty=False)
            network.save_pretrained(self.out)
        with step("compare the tokenizer with the original"):
            compared = check_against_slow(self.checkpoint, self.tokenizer, [*calibrating, *proving])
        with step("convert to OpenVINO and ONNX"):
            plain = self.scratch / "f32"
            convert.save_openvino(convert.openvino_model(network), plain)
            convert.save_onnx(network, plain / "model.onnx")
        del network
        self.rows = self._encode(proving)
        with step(f"compare the logits of {len(self.rows)} texts: torch, OpenVINO, ONNX Runtime in float32"):
            self.reference = self._logits(TorchBackend(self.out, float32=True))
            differences = {
                "openvino": self._difference(OpenVinoBackend(plain, float32=True), "OpenVINO"),
                "onnx": self._difference(OnnxBackend(plain), "ONNX Runtime"),
            }
        self.proof = {
            "texts": len(self.rows),
            "tokenizer_texts": compared,
            "logits_bound": prove.bound(self.reference),
            "logits_difference": differences,
            "texts_per_label": dict(zip(self.labels, self._counts(), strict=True)),
            "min_agreement": self.min_agreement,
            "label_agreement": {},
        }
        precision = self._openvino(plain, self._encode(calibrating))
        onnx_precision = self._onnx(plain)
        return {
            "labels": self.labels,
            "max_tokens": self.max_tokens,
            "pad_id": self.pad_id,
            "precision": precision,
            "backends": {"openvino": precision, "torch": "f32", "onnx": onnx_precision},
            "tools": {name: version(name) for name in TOOLS},
            "proof": self.proof,
        }

    def _openvino(self, plain: Path, calibration: Sequence[Sequence[int]]) -> str:
        """Write model.xml in the fastest precision that gives the labels of float32; return that precision."""
        for preset in quantise.PRESETS:
            with step(f"quantise to INT8 for OpenVINO, {preset} activations, {len(calibration)} calibration texts"):
                model = ov.Core().read_model(plain / "model.xml")
                convert.save_openvino(quantise.quantised(model, calibration, preset), self.scratch / preset)
                del model
            if self._agrees(OpenVinoBackend(self.scratch / preset, float32=False), f"openvino int8 {preset}"):
                return self._keep(self.scratch / preset, "int8")
        if self._agrees(OpenVinoBackend(plain, float32=False), "openvino bf16"):
            return self._keep(plain, "bf16")
        return self._keep(plain, "f32")

    def _onnx(self, plain: Path) -> str:
        with step("quantise to INT8 for ONNX Runtime"):
            quantise.quantise_onnx(plain / "model.onnx", self.out / "model.onnx")
        if self._agrees(OnnxBackend(self.out), "onnx int8"):
            return "int8"
        (plain / "model.onnx").replace(self.out / "model.onnx")
        say("           ONNX Runtime keeps f32")
        return "f32"

    def _keep(self, directory: Path, precision: str) -> str:
        for name in ("model.xml", "model.bin"):
            (directory / name).rename(self.out / name)
        if precision != "int8":
            say(f"           OpenVINO keeps {precision}")
        return precision

    def _agrees(self, backend: Any, what: str) -> bool:
        share = prove.agreement(self._logits(backend), self.reference)
        self.proof["label_agreement"][what] = share
        enough = share >= self.min_agreement
        verdict = "enough" if enough else f"less than {self.min_agreement:.1%}, not used"
        say(f"           {what}: the label of float32 for {share:.1%} of {len(self.rows)} texts, {verdict}")
        return enough

    def _difference(self, backend: Any, what: str) -> float:
        return prove.difference(self._logits(backend), self.reference, what)

    def _logits(self, backend: Any) -> NDArray[np.float32]:
        return prove.logits(backend, self.rows, self.pad_id)

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        return prove.encode(self.tokenizer, texts, self.max_tokens)

    def _counts(self) -> list[int]:
        return np.bincount(self.reference.argmax(axis=1), minlength=len(self.labels)).tolist()


def check_room(folder: Path, weights_bytes: int) -> None:
    """Raises ModelError unless the disk has room for all forms of the network, in float32 and INT8, at once."""
    needed, free = 4 * weights_bytes, disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"preparing needs {needed / 1e6:.0f} MB in the store but {free / 1e6:.0f} MB are free:"
            " make room, or name a store on another disk with --store"
        )
