"""Texts in, predictions out: tokenizer, batching, model registry and inference backends."""

from __future__ import annotations

from engine.engine import Engine, Prediction, Timings
from engine.long_texts import LongTexts
from engine.registry import ModelError, ModelManifest

__all__ = ["Engine", "LongTexts", "ModelError", "ModelManifest", "Prediction", "Timings"]
