"""A network in the form of each backend: transformers checkpoint, OpenVINO, ONNX."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from pathlib import Path

import onnx
import openvino as ov
import torch
from openvino.tools.ovc import convert_model

from sentiq.engine.backends.network import inference_form

INPUTS = ("input_ids", "attention_mask")


def openvino_model(network: torch.nn.Module) -> ov.Model:
    """The network in OpenVINO, in float32, for any batch size and width."""
    example = torch.ones(2, 8, dtype=torch.int64)
    model = convert_model(inference_form(network), example_input=dict.fromkeys(INPUTS, example))
    for port, name in zip(model.inputs, INPUTS, strict=True):
        port.get_tensor().set_names({name})
    model.outputs[0].get_tensor().set_names({"logits"})
    model.reshape({name: ov.PartialShape([-1, -1]) for name in INPUTS})
    return model


def save_onnx(network: torch.nn.Module, path: Path) -> None:
    """Write the network in float32, for any batch size and width."""
    example = torch.ones(2, 8, dtype=torch.int64)
    dynamic = {0: "batch", 1: "width"}
    torch.onnx.export(
        inference_form(network),
        (example, example),
        path,
        input_names=list(INPUTS),
        output_names=["logits"],
        dynamic_axes={**dict.fromkeys(INPUTS, dynamic), "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,  # the new exporter needs a further package
    )
    onnx.checker.check_model(path)
