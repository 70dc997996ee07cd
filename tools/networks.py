"""Writing a network for OpenVINO."""

from __future__ import annotations

from pathlib import Path

import openvino as ov


def save_openvino(model: ov.Model, directory: Path) -> None:
    """Write model.xml and model.bin as they are: compressing to FP16 would lose what float32 is compared by."""
    directory.mkdir(exist_ok=True)
    # OpenVINO counts its nodes through the life of a process; the same network is to give the same bytes.
    model.set_friendly_name("classifier")
    for number, node in enumerate(model.get_ordered_ops()):
        node.set_friendly_name(f"{node.get_type_name()}_{number}")
    ov.save_model(model, directory / "model.xml", compress_to_fp16=False)
