"""What runs a network: one small protocol, one module per inference library."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.registry import ModelError, ModelManifest


class Backend(Protocol):
    """A loaded network. Loaded in a parent process, used in its forked children, never by two threads at once."""

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """Run one batch: ids and mask ``[batch, width]``, mask 1 for a real token; logits ``[batch, labels]``."""
        ...


def open_backend(name: str, model_dir: Path, manifest: ModelManifest) -> Backend:
    """Load the network in `model_dir` with the library called `name`; only that library is imported."""
    if name == "openvino":
        from engine.backends.openvino import OpenVinoBackend

        return OpenVinoBackend(model_dir, manifest)
    raise ModelError(f"unknown backend {name!r}: the one available is 'openvino'")
