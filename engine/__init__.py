"""Texts in, predictions out: tokenizer, batching, model registry and inference backends."""

from __future__ import annotations

import os
import sys

# OpenVINO and ONNX Runtime report to their makers when they are imported: from threads that would be alive when a
# worker forks, and with an id that they write into the home directory. OpenVINO has no setting against that, but does
# without the package that reports when it cannot be imported: None is what Python reads as "not there".
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

from engine.engine import BatchTiming, Engine, Prediction, Timings  # noqa: E402  # after the lines above
from engine.long_texts import LongTexts  # noqa: E402
from engine.registry import ModelError, ModelManifest  # noqa: E402

__all__ = ["BatchTiming", "Engine", "LongTexts", "ModelError", "ModelManifest", "Prediction", "Timings"]
