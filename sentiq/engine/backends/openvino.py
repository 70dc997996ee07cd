"""OpenVINO on the CPU: one thread per process, safe to use after a fork."""

from __future__ import annotations

import mmap
import os
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiq.engine.backends.idle_threads import IdleThreads
from sentiq.engine.registry import ModelError

# OpenVINO imports its converter of models, where it can: 5 MB that no worker needs.
if "openvino" not in sys.modules:
    sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]
    import openvino as ov

    del sys.modules["openvino.tools.ovc"]
else:
    import openvino as ov

# One stream of one unpinned thread: infer() then runs in the calling thread, so a forked child needs no thread of its
# parent, and the operating system may spread the children over the cores.
SETTINGS = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}

#: Constants below this size, in bytes, are read in each run, such as scales and biases. Larger ones are weights, of
#: which the kernels keep copies, and embeddings, of which single rows are read.
SMALL_BYTES = 2**16


#: The layers that multiply matrices, which is nearly all of the work.
PRODUCTS = frozenset({"FullyConnected", "MatMul", "Convolution"})
#: OpenVINO's names of precisions and ours, the least exact first.
NAMES = {"i8": "int8", "u8": "int8", "bf16": "bf16", "f16": "f16", "f32": "f32"}


class OpenVinoBackend:
    """``model.xml`` and ``model.bin``. What is not quantised runs in bfloat16 where the processor has it."""

    library = "openvino"

    def __init__(self, model_dir: Path, *, float32: bool) -> None:
        settings: dict[str, object] = dict(SETTINGS)
        if float32:
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        core = the_core()
        idle_threads().expect()
        try:
            description = (model_dir / "model.xml").read_bytes()
            with (model_dir / "model.bin").open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
                self._weights = ov.Tensor(
                    np.frombuffer(mapped, np.uint8), shared_memory=True
                )  # the network refers to it
                network = core.read_model(description, self._weights)
                compiled = core.compile_model(network, "CPU", settings)
                self.computed = precisions(compiled)
                self._request = compiled.create_infer_request()
                idle_threads().add(self._request)
                # The first run copies the weights into the order its kernels want; what is read of the file after that
                # is mapped again when touched.
                ids = np.ones((1, 16), dtype=np.int64)
                self.logits(ids, ids)
                mapped.madvise(mmap.MADV_DONTNEED)
                # The kernel maps a page of a file with its neighbours, up to megabytes. Small constants lie between the
                # weights, so their pages get copies: 2 MB instead of 30 MB of weights that nobody reads.
                for page in small_constants(description):
                    start = page * mmap.PAGESIZE
                    content = os.pread(file.fileno(), mmap.PAGESIZE, start)
                    mapped[start : start + len(content)] = content
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot load {model_dir / 'model.xml'}: prepare the model again") from error

    def logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        self._request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        logits: NDArray[np.float32] = self._request.get_output_tensor().data.copy()
        return logits


def precisions(compiled: ov.CompiledModel) -> str:
    """Return in what this processor computes the products of matrices, and what is not quantised, joined by "+"."""
    found = {compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()}
    for node in compiled.get_runtime_model().get_ops():
        about = node.get_rt_info()
        if about["layerType"].value in PRODUCTS:
            found.add(about["runtimePrecision"].value)
    return "+".join(dict.fromkeys(name for kind, name in NAMES.items() if kind in found))


@cache
def the_core() -> ov.Core:
    """Return the one Core of this process, which is kept for as long as it runs.

    Cores change a state that belongs to their thread. With a Core for each network, a process that had changed its
    networks several times could end at the next signal that it handles (OpenVINO 2026.4.1).
    """
    return ov.Core()


@cache
def idle_threads() -> IdleThreads:
    return IdleThreads(_occupy)


def _occupy() -> ov.CompiledModel:
    """Compile the least network there is."""
    number = ov.opset13.parameter([1], np.float32)
    return the_core().compile_model(ov.Model([ov.opset13.add(number, number)], [number]), "CPU", SETTINGS)


def small_constants(description: bytes) -> set[int]:
    """Return the pages of ``model.bin``, by their numbers, that hold the small constants of this ``model.xml``."""
    places = [tuple(map(int, found)) for found in re.findall(rb' offset="(\d+)" size="(\d+)"', description)]
    return {
        page
        for offset, size in places
        if 0 < size < SMALL_BYTES
        for page in range(offset // mmap.PAGESIZE, (offset + size - 1) // mmap.PAGESIZE + 1)
    }
