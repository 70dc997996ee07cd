"""OpenVINO on the CPU: one thread per process, safe to use after a fork."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.registry import ModelError

# Importing OpenVINO otherwise reports to its makers, from a thread that would be alive when a worker forks, and writes
# into the home directory. It has no setting against that, but does without the package when that cannot be imported.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # what Python itself reads as "not there"
import openvino as ov  # noqa: E402  # after the line above

# One stream of one unpinned thread: infer() then runs in the calling thread, so a forked child needs no thread
# of its parent's, and the operating system may spread the children over the cores.
SETTINGS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}


class OpenVinoBackend:
    """``model.xml`` and ``model.bin``. What is not quantised runs in bfloat16 where the processor has it."""

    def __init__(self, model_dir: Path, *, float32: bool) -> None:
        settings: dict[str, object] = dict(SETTINGS)
        if float32:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        try:
            compiled = ov.Core().compile_model(model_dir / "model.xml", "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot load {model_dir / 'model.xml'}: prepare the model again") from error
        self._request = compiled.create_infer_request()

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        self._request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        logits: NDArray[np.float32] = self._request.get_output_tensor().data.copy()
        return logits
