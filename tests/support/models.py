"""Models to classify with, and what they answer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sentiq.engine import Engine
from tests.support.paths import BUNDLED_MODEL

BUNDLED = BUNDLED_MODEL.name


def copy_model(store: Path, model_id: str) -> Path:
    """Copy the bundled model under another id; return its directory."""
    directory = store / model_id
    shutil.copytree(BUNDLED_MODEL, directory)
    manifest = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps(manifest | {"id": model_id, "version": "c0ffee"}))
    return directory


def expected(engine: Engine, texts: list[str]) -> dict[str, float]:
    """Classify in this process; return p(positive) by text."""
    column = engine.manifest.labels.index("positive")
    return {t: p.probabilities[column] for t, p in zip(texts, engine.classify(texts), strict=True)}
