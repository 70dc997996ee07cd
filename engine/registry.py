"""Model directories: manifest, checksums, look-up by id.

A model directory holds ``manifest.json``, the network (``model.xml``, ``model.bin``) and ``tokenizer.json``. The
manifest is written last and carries a SHA-256 of every other file, so a half-written or damaged directory shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
REMEDY = "restore the file or prepare the model again"


class ModelError(Exception):
    """A model is missing, damaged or unusable; the message names what is wrong and the remedy."""


@dataclass(frozen=True, slots=True)
class ModelManifest:
    id: str
    version: str
    labels: tuple[str, ...]  # in the order of the network's output columns
    max_tokens: int  # longest input, special tokens included
    pad_id: int
    precision: str  # "int8", "bf16" or "f32"
    source: str  # where the weights come from
    files: Mapping[str, str]  # file name → SHA-256, hexadecimal


def read_manifest(model_dir: Path) -> ModelManifest:
    """Read and check ``manifest.json``; raises ModelError naming the file and the field."""
    path = model_dir / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"no readable {path}: {error.strerror}; {REMEDY}") from error
    except ValueError as error:
        raise ModelError(f"{path} is not JSON: {REMEDY}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object: {REMEDY}")

    def field(name: str, kind: type) -> Any:
        value = content.get(name)
        if not isinstance(value, kind) or (name != "pad_id" and not value):
            raise ModelError(f"{path}: field {name!r} is missing or no {kind.__name__}; {REMEDY}")
        return value

    return ModelManifest(
        id=field("id", str),
        version=field("version", str),
        labels=tuple(field("labels", list)),
        max_tokens=field("max_tokens", int),
        pad_id=field("pad_id", int),
        precision=field("precision", str),
        source=field("source", str),
        files=field("files", dict),
    )


def verify_files(model_dir: Path, manifest: ModelManifest) -> None:
    """Compare every file with its checksum; raises ModelError naming the first file that is missing or differs."""
    for name, expected in manifest.files.items():
        path = model_dir / name
        try:
            with path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"no readable {path}: {error.strerror}; {REMEDY}") from error
        if actual != expected:
            raise ModelError(f"{path} is damaged (its checksum is not the manifest's): {REMEDY}")


def find_model(root: Path, model_id: str) -> Path:
    """The directory under `root` whose manifest carries `model_id`, the newest if there are several.

    Directories without a manifest are skipped: they are half-written. One with a bad manifest does not keep a sound
    model from being found. Raises ModelError listing the ids there are and the bad manifests.
    """
    matching: list[Path] = []
    known: set[str] = set()
    problems: list[str] = []
    for path in sorted(root.glob(f"*/{MANIFEST}")):
        try:
            found = read_manifest(path.parent).id
        except ModelError as error:
            problems.append(str(error))
            continue
        known.add(found)
        if found == model_id:
            matching.append(path.parent)
    if not matching:
        there = ", ".join(sorted(known)) or "none"
        message = f"no model {model_id!r} in {root} (there: {there}); use one of these or prepare it first"
        raise ModelError("; ".join([message, *problems]))
    return max(matching, key=lambda directory: (directory / MANIFEST).stat().st_mtime)
