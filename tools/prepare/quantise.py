"""INT8 networks for OpenVINO, by NNCF with calibration texts.

ONNX Runtime keeps float32: scales found for each batch make an answer depend on its neighbours, and fixed ones leave
half of the products in float32 (docs/adr/0070-proof.md).
"""

# nncf is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO

import nncf
import numpy as np
import openvino as ov
import openvino.opset13 as opset

nncf.set_log_level(logging.ERROR)  # it tells of its steps, and sets its level when it is imported

#: Symmetric first: its layers share kernels and take less memory (docs/adr/0013-backends.md). What NNCF takes for
#: transformers, with asymmetric activations, is closer to float32 where that costs too much agreement.
PRESETS = {"symmetric": nncf.QuantizationPreset.PERFORMANCE, "mixed": nncf.QuantizationPreset.MIXED}


def quantised(model: ov.Model, calibration: Sequence[Sequence[int]], preset: str = "symmetric") -> ov.Model:
    """`model` in INT8, calibrated with texts as ids; its embedding tables are quantised apart. `model` is changed."""
    inputs = [np.array([ids], dtype=np.int64) for ids in calibration]
    with redirect_stdout(StringIO()):  # four progress bars
        return nncf.quantize(
            int8_embeddings(model),
            nncf.Dataset([{"input_ids": ids, "attention_mask": np.ones_like(ids)} for ids in inputs]),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=PRESETS[preset],
            subset_size=len(inputs),
        )


def int8_embeddings(model: ov.Model) -> ov.Model:
    """Look rows up in INT8 tables and scale what was found; scaled before, OpenVINO would keep the tables in float."""
    for gather in model.get_ops():
        table = gather.input_value(0).get_node() if gather.get_type_name() == "Gather" else None
        if table is None or table.get_type_name() != "Constant" or len(table.shape) != 2:
            continue
        scale = np.abs(table.data).max(axis=0, keepdims=True) / 127 + np.finfo(np.float32).tiny
        rounded = opset.constant(np.rint(table.data / scale).astype(np.int8))
        rows = opset.gather(rounded, gather.input_value(1), gather.input_value(2))
        scaled = opset.multiply(opset.convert(rows, "f32"), opset.constant(scale.astype(np.float32)))
        for reader in gather.output(0).get_target_inputs():
            reader.replace_source_output(scaled.output(0))
    model.validate_nodes_and_infer_types()
    return model
