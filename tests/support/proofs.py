"""Models with a short proof, one that holds or one that does not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sentiq.engine import Engine
from sentiq.engine.proof import PROOF, Proof, write_proof
from tests.support.models import copy_model
from tests.support.paths import BUNDLED_MODEL

TEXTS = ["菜很好吃，下次还来", "服务员态度太差了", "一般", "屏幕有划痕，客服半天不回，再也不买了", "good", ""]


def copy_proven(store: Path, model_id: str, *, holds: bool = True, difference: float = 0.0) -> Path:
    """Copy the bundled model and give it a proof, where it does not hold with the labels the other way round."""
    directory = copy_model(store, model_id)
    engine = Engine.load(BUNDLED_MODEL, float32=True)
    rows = [encoding.ids for encoding in engine._reader.tokenizer.encode_batch(TEXTS)]
    logits = engine.logits(rows)
    write_proof(directory, Proof(rows, logits if holds else -logits))
    proven = {"openvino": {"computed": "int8", "difference": difference}}
    change(directory, proven={"processor": "x86_64 avx512_vnni", "backends": proven})
    return directory


def change(directory: Path, **changed: Any) -> None:
    """Change fields of a manifest, and note the checksum of its proof as it is now."""
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text()) | changed
    manifest["files"][PROOF] = hashlib.sha256((directory / PROOF).read_bytes()).hexdigest()
    path.write_text(json.dumps(manifest))
