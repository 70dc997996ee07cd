"""Runs a network: one small protocol, one module per inference library."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sentiq.engine.registry import ModelError, ModelManifest

#: Backend → its files in a model directory; the first is the default.
FILES = {
    "openvino": ("model.xml", "model.bin"),
    "onnx": ("model.onnx",),
    "torch": ("config.json", "model.safetensors"),
}


class Backend(Protocol):
    """A loaded network. Loaded in a parent process, used in its forked children, never by two threads at once."""

    #: As SENTIQ_BACKEND calls it.
    library: str
    #: The precisions that it computes in on this processor, joined by "+": "int8+bf16", "bf16", "f16", "f32".
    computed: str

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Run one batch: ids and mask ``[batch, width]``, mask 1 for a real token; logits ``[batch, labels]``."""
        ...


def backend_files(name: str, manifest: ModelManifest) -> tuple[str, ...]:
    """Return the files that the backend called `name` reads from a model directory.

    Raises ModelError naming the setting when there is no such backend, or the model was not prepared for it.
    """
    if name not in FILES:
        raise ModelError(f"SENTIQ_BACKEND: unknown backend {name!r}; set it to one of {', '.join(FILES)}")
    if name not in manifest.backends:
        raise ModelError(
            f"SENTIQ_BACKEND: model {manifest.name!r} has no files for {name!r}; set it to one of"
            f" {', '.join(manifest.backends)}, or prepare the model again (docs/models.md)"
        )
    return FILES[name]


def open_backend(name: str, model_dir: Path, manifest: ModelManifest, *, float32: bool = False) -> Backend:
    """Load the network in `model_dir` with the library called `name`; only that library is imported.

    With `float32` nothing is computed in bfloat16, also where the processor has it. Raises ModelError when the
    library is not installed or cannot load the files.
    """
    try:
        if name == "onnx":
            from sentiq.engine.backends.onnx import OnnxBackend

            return OnnxBackend(model_dir, manifest.backends[name])
        if name == "torch":
            from sentiq.engine.backends.torch import TorchBackend

            return TorchBackend(model_dir, float32=float32)
        from sentiq.engine.backends.openvino import OpenVinoBackend

        return OpenVinoBackend(model_dir, float32=float32 or manifest.backends[name] == "f32")
    except ImportError as error:
        install = "torch==2.13.0 and requirements/prepare.in" if name == "torch" else "requirements/worker.txt"
        raise ModelError(
            f"SENTIQ_BACKEND={name}: its library cannot be imported ({error}); install {install}, or set another"
        ) from error
