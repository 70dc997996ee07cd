"""Finds models in the model store: directories with a manifest and checksums.

A model directory holds ``manifest.json``, ``tokenizer.json`` and the network in the form of one or more backends. The
manifest is written last and has a SHA-256 of every other file, so a half-written or damaged directory is detected.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
METRICS = "metrics.json"
REMEDY = "restore the file or prepare the model again"


class ModelError(Exception):
    """A model is missing, damaged or unusable; the message names what is wrong and the remedy."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is done to the logits so that probabilities mean what they say (docs/evaluation.md)."""

    temperature: float = 1.0  # logits are divided by it; positive
    thresholds: tuple[float, ...] = ()  # one per label, positive; the probabilities are divided by them; (): by none


@dataclass(frozen=True, slots=True)
class Proven:
    """What the preparation found for one backend (proof.py)."""

    computed: str  # the precisions that the processor computed in, as `Backend.computed` says
    difference: float  # of the probabilities from float32's, on the rows of the short proof


@dataclass(frozen=True, slots=True)
class ModelManifest:
    id: str
    version: str
    labels: tuple[str, ...]  # in the order of the network's output columns
    max_tokens: int  # longest input, special tokens included
    pad_id: int
    precision: str  # of the OpenVINO network: "int8", "bf16" or "f32"
    source: str  # where the weights come from
    files: Mapping[str, str]  # file name → SHA-256, hexadecimal
    backends: Mapping[str, str]  # name of each backend that can load the model → precision of its file
    calibration: Calibration = Calibration()
    parts: tuple[str, ...] = ()  # names: of a pair (pairs.py) student and teacher, of routes (routing.py) all models
    part_labels: tuple[tuple[str, ...], ...] = ()  # of routes: the labels of each part, of which `labels` has all
    proven: Mapping[str, Proven] = field(default_factory=dict)  # by backend; empty before models had a short proof
    proven_on: str = ""  # the processor (processor.py)

    @property
    def name(self) -> str:
        """`id@version`, which names these weights with this calibration and no others."""
        return f"{self.id}@{self.version}"


def read_object(path: Path, remedy: str) -> dict[str, Any]:
    """Return the JSON object of a file; raises ModelError that names the file and the remedy."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no readable {path}: {error.strerror}; {remedy}") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON ({error}): {remedy}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object: {remedy}")
    return content


def read_manifest(model_dir: Path) -> ModelManifest:
    """Read and check ``manifest.json``; raises ModelError naming the file and the field."""
    path = model_dir / MANIFEST
    content = read_object(path, REMEDY)

    def needed(name: str, kind: type) -> Any:
        value = content.get(name)
        if not isinstance(value, kind) or (name != "pad_id" and not value):
            raise ModelError(f"{path}: field {name!r} is missing or no {kind.__name__}; {REMEDY}")
        return value

    precision = needed("precision", str)
    labels = tuple(needed("labels", list))
    proven, proven_on = _proven(path, content.get("proven", {}))
    return ModelManifest(
        id=needed("id", str),
        version=needed("version", str),
        labels=labels,
        max_tokens=needed("max_tokens", int),
        pad_id=needed("pad_id", int),
        precision=precision,
        source=needed("source", str),
        files=needed("files", dict),
        backends=needed("backends", dict) if "backends" in content else {"openvino": precision},
        calibration=_calibration(path, needed("calibration", dict), labels)
        if "calibration" in content
        else Calibration(),
        proven=proven,
        proven_on=proven_on,
    )


def _proven(path: Path, content: Any) -> tuple[dict[str, Proven], str]:
    """Read what each backend was proven in, and on which processor. Raises ModelError."""
    try:
        found = {
            name: Proven(str(about["computed"]), float(about["difference"]))
            for name, about in content.get("backends", {}).items()
        }
        return found, str(content.get("processor", ""))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: 'proven' cannot be read ({error!r}); {REMEDY}") from error


def _calibration(path: Path, content: Mapping[str, Any], labels: Sequence[str]) -> Calibration:
    """Read a temperature and, for each label, a threshold; both may be left out. Raises ModelError."""
    thresholds = content.get("thresholds") or {}
    if not isinstance(thresholds, dict) or (thresholds and set(thresholds) != set(labels)):
        raise ModelError(f"{path}: 'thresholds' needs one number for each of the labels; {REMEDY}")
    numbers = [content.get("temperature", 1.0), *(thresholds[label] for label in labels if thresholds)]
    if not all(isinstance(number, int | float) and 0 < number < math.inf for number in numbers):
        raise ModelError(f"{path}: temperature and thresholds in 'calibration' must be positive numbers; {REMEDY}")
    temperature, *found = map(float, numbers)
    return Calibration(temperature, tuple(found))


def verify_files(model_dir: Path, manifest: ModelManifest, names: Iterable[str] | None = None) -> None:
    """Compare these files, or all, with their checksums; raises ModelError naming the first one missing or damaged."""
    for name in manifest.files if names is None else names:
        path = model_dir / name
        try:
            with path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"no readable {path}: {error.strerror}; {REMEDY}") from error
        if actual != manifest.files.get(name):
            raise ModelError(f"{path} is damaged (its checksum is not the manifest's): {REMEDY}")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model directory whose manifest can be read; its files are verified when it is loaded."""

    directory: Path
    manifest: ModelManifest
    prepared_at_s: float  # Unix time


@dataclass(frozen=True, slots=True)
class Measured:
    """How often a model was right on texts that it was not trained on."""

    accuracy: float  # 0 to 1
    texts: int


def measured(model: StoredModel) -> Measured | None:
    """Return what ``metrics.json`` beside the manifest says of the model in its precision; None if it has nothing."""
    try:
        metrics = json.loads((model.directory / METRICS).read_text(encoding="utf-8"))
        return Measured(float(metrics[model.manifest.precision]["accuracy"]), int(metrics["texts"]["test"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a model can be used without it


def list_models(roots: Iterable[Path]) -> tuple[list[StoredModel], list[str]]:
    """Return every model below these folders by id, newest first, and the errors of manifests that cannot be read.

    Directories without a manifest are skipped: they are half-written.
    """
    models: list[StoredModel] = []
    problems: list[str] = []
    for path in sorted({found.resolve() for root in roots for found in root.glob(f"*/{MANIFEST}")}):
        try:
            models.append(StoredModel(path.parent, read_manifest(path.parent), path.stat().st_mtime))
        except ModelError as error:
            problems.append(str(error))
    models.sort(key=lambda model: (model.manifest.id, -model.prepared_at_s))
    return models, problems


def find_model(roots: Iterable[Path], name: str) -> StoredModel:
    """Return the model called `name`: an id, which means its newest version, or `id@version`.

    A manifest that cannot be read does not hide the other models. Raises ModelError that lists the available names and
    such manifests.
    """
    models, problems = list_models(roots)
    for model in models:
        if name in (model.manifest.id, model.manifest.name):
            return model
    known = ", ".join(dict.fromkeys(model.manifest.id for model in models)) or "none"
    where = " or ".join(map(str, roots))
    message = f"no model {name!r} in {where} (there: {known}); use one of these or prepare it first (docs/models.md)"
    raise ModelError("; ".join([message, *problems]))
