"""Models to classify with, and what they answer."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as op
from tokenizers import Tokenizer, models, pre_tokenizers

from sentiq.engine import Engine, StoredPair
from sentiq.engine.pairs import store_pair
from sentiq.engine.registry import find_model
from tests.support.paths import BUNDLED_MODEL
from tools.networks import save_openvino

BUNDLED = BUNDLED_MODEL.name


def write_model(directory: Path, **changed: Any) -> Path:
    """A model directory as far as the registry looks: a manifest and one file."""
    directory.mkdir(parents=True)
    (directory / "model.bin").write_bytes(b"weights")
    manifest = {
        "id": "small",
        "version": "1",
        "labels": ["negative", "positive"],
        "max_tokens": 128,
        "pad_id": 0,
        "precision": "int8",
        "source": "a test",
        "files": {"model.bin": hashlib.sha256(b"weights").hexdigest()},
    } | changed
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def copy_model(store: Path, model_id: str, **changed: object) -> Path:
    """Copy the bundled model under another id, and with other fields of its manifest; return its directory."""
    directory = store / model_id
    shutil.copytree(BUNDLED_MODEL, directory)
    manifest = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps(manifest | {"id": model_id, "version": "c0ffee"} | changed))
    return directory


def copy_contrary(store: Path, model_id: str) -> Path:
    """Copy the bundled model so that it says the contrary of every text: its answers can be told from the others."""
    return copy_model(store, model_id, labels=["positive", "negative"])


def make_pair(store: Path, student: str, teacher: str, threshold: float) -> StoredPair:
    """Store a pair of two models, which are in the store or bundled."""
    small, large = (find_model([store, BUNDLED_MODEL.parent], name) for name in (student, teacher))
    return store_pair(store, small, large, threshold)


def dividing_threshold(engine: Engine, texts: Sequence[str]) -> float:
    """Return a threshold that a third of these texts or more reach and a third or more do not, far from all of them.

    A text is batched with others in a worker than in a test, and its probabilities differ a little.
    """
    confidences = sorted(max(prediction.probabilities) for prediction in engine.classify(texts))
    middle = confidences[len(texts) // 3 : -(len(texts) // 3)]
    _, threshold = max((above - below, (below + above) / 2) for below, above in pairwise(middle))
    return threshold


def expected(engine: Engine, texts: list[str]) -> dict[str, float]:
    """Classify in this process; return p(positive) by text."""
    column = engine.manifest.labels.index("positive")
    return {t: p.probabilities[column] for t, p in zip(texts, engine.classify(texts), strict=True)}


def make_multilingual(store: Path, model_id: str, labels: Sequence[str] = ("negative", "neutral", "positive")) -> Path:
    """Store a small random model that reads the bytes of texts in any language; return its directory."""
    directory = store / model_id
    directory.mkdir(parents=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<pad>": 0, "<unk>": 1} | {byte: at for at, byte in enumerate(alphabet, start=2)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(directory / "tokenizer.json"))

    rng = np.random.default_rng(7)
    ids, mask = (op.parameter([-1, -1], np.int64, name=name) for name in ("input_ids", "attention_mask"))
    weights = rng.normal(size=(len(vocabulary), len(labels))).astype(np.float32)
    of_tokens = op.gather(op.constant(weights), ids, op.constant(np.int64(0)))
    shown = op.unsqueeze(op.convert(mask, np.float32), op.constant(np.int64(2)))
    one = op.constant(np.int64(1))
    logits = op.divide(op.reduce_sum(op.multiply(of_tokens, shown), one), op.reduce_sum(shown, one))
    logits.output(0).set_names({"logits"})
    for parameter, name in ((ids, "input_ids"), (mask, "attention_mask")):
        parameter.output(0).set_names({name})
    save_openvino(ov.Model([logits], [ids, mask], "classifier"), directory)

    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}
    manifest = {
        "id": model_id,
        "version": "5eed",
        "labels": list(labels),
        "max_tokens": 128,
        "pad_id": 0,
        "precision": "f32",
        "source": "a test",
        "files": files,
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory
