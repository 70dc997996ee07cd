"""Accuracy of a prepared model on labelled texts, for every backend it was prepared for."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sentiq.engine import Engine
from sentiq.engine.registry import ModelError, ModelManifest
from sentiq.evaluation.label_names import normalise
from tools.prepare.report import step

TEXTS_AT_ONCE = 512


def read_labelled(path: Path, labels: Sequence[str]) -> tuple[list[str], list[int], list[str]]:
    """Texts, the numbers of their labels and their sources ("" without that column) of a table with tabs (.gz too).

    The first line names the columns: `text`, `label` (a name or its number), perhaps `source`. Raises ModelError
    naming the file and line.
    """
    remedy = "give a table with tabs whose first line names the columns text and label"
    opener = gzip.open if path.suffix == ".gz" else open
    texts, numbers, sources = [], [], []
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            if not {"text", "label"} <= set(rows.fieldnames or ()):
                raise ModelError(f"{path}: no columns text and label; {remedy}")
            for row in rows:
                name = normalise(row["label"] or "")
                number = labels.index(name) if name in labels else int(name) if name.isdecimal() else len(labels)
                if number >= len(labels) or row["text"] is None:
                    raise ModelError(f"{path}, line {rows.line_num}: label {name!r} is none of {', '.join(labels)}")
                texts.append(row["text"])
                numbers.append(number)
                sources.append(row.get("source") or "")
    except (OSError, UnicodeDecodeError, EOFError, csv.Error) as error:
        raise ModelError(f"no readable {path} ({error}); {remedy}") from error
    if not texts:
        raise ModelError(f"{path} holds no rows; {remedy}")
    return texts, numbers, sources


def evaluate(directory: Path, manifest: ModelManifest, path: Path) -> dict[str, Any]:
    """For each backend and precision the share of right labels, over all texts and for each source."""
    texts, numbers, sources = read_labelled(path, manifest.labels)
    counts = Counter(sources)
    accuracy: dict[str, dict[str, float]] = {}
    for backend, precision in manifest.backends.items():
        with step(f"classify {len(texts)} labelled texts with {backend} {precision}"):
            engine = Engine.load(directory, backend=backend, float32=precision == "f32")
            predictions = [
                int(np.argmax(prediction.probabilities))
                for start in range(0, len(texts), TEXTS_AT_ONCE)
                for prediction in engine.classify(texts[start : start + TEXTS_AT_ONCE])
            ]
        right = Counter(
            source for source, actual, number in zip(sources, predictions, numbers, strict=True) if actual == number
        )
        shares = {"all": right.total() / len(texts)}
        if len(counts) > 1:
            shares |= {source: right[source] / count for source, count in sorted(counts.items())}
        accuracy[f"{backend} {precision}"] = shares
    return {"file": path.name, "texts": len(texts), "accuracy": accuracy}
