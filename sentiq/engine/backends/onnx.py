"""ONNX Runtime on the CPU: one thread per process, safe to use after a fork."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sentiq.engine.registry import ModelError


class OnnxBackend:
    """``model.onnx``, in the precision of the file."""

    library = "onnx"

    def __init__(self, model_dir: Path, precision: str = "f32") -> None:
        self.computed = precision
        path = model_dir / "model.onnx"
        options = onnxruntime.SessionOptions()
        # A pool of one is the calling thread itself: a forked child needs no thread of its parent.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its errors have no class in common
            raise ModelError(f"ONNX Runtime cannot load {path}: prepare the model again") from error

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        logits: NDArray[np.float32]
        [logits] = self._session.run(["logits"], {"input_ids": ids, "attention_mask": mask})
        return logits
