"""Texts in, predictions out: tokenizer, batching, model registry and inference backends."""

from __future__ import annotations

from engine.engine import Engine, Prediction, Timings
from engine.registry import ModelError, ModelManifest

__all__ = ["Engine", "ModelError", "ModelManifest", "Prediction", "Timings"]
