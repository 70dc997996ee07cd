"""Texts in, predictions out: tokenizer, batching, model registry and inference backends."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

# OpenVINO and ONNX Runtime send telemetry when they are imported: from threads that would be alive when a worker forks,
# and with an id that they write into the home directory. OpenVINO has no setting against it, but works without the
# package that sends it: None makes Python treat that package as not installed.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# NumPy starts a thread for each core when it is imported, for large matrices of which we have none: these threads too
# would be alive when a worker forks.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from sentiq.engine.cascade import Cascade
    from sentiq.engine.engine import BatchTiming, Engine, Prediction, Timings
    from sentiq.engine.long_texts import LongTexts
    from sentiq.engine.pairs import StoredPair
    from sentiq.engine.registry import ModelError, ModelManifest
    from sentiq.engine.routing import AnyStored, Classifier, Router
else:
    _HOMES = {
        "sentiq.engine.cascade": ("Cascade",),
        "sentiq.engine.engine": ("BatchTiming", "Engine", "Prediction", "Timings"),
        "sentiq.engine.long_texts": ("LongTexts",),
        "sentiq.engine.pairs": ("StoredPair",),
        "sentiq.engine.registry": ("ModelError", "ModelManifest"),
        "sentiq.engine.routing": ("AnyStored", "Classifier", "Router"),
    }

    def __getattr__(name: str) -> Any:
        """Import a name when it is first used: `sentiq-prepare --help` needs no OpenVINO."""
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "AnyStored", "BatchTiming", "Cascade", "Classifier", "Engine", "LongTexts", "ModelError", "ModelManifest",
    "Prediction", "Router", "StoredPair", "Timings",
]  # fmt: skip
