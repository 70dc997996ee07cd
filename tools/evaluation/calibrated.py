"""Stores a calibrated model beside the one it was made of, under a version of its own, since its answers differ."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentiq.engine.registry import MANIFEST, METRICS, Calibration, ModelError, read_manifest, verify_files
from tools.prepare import store as stores


def store_calibrated(directory: Path, calibration: Calibration, store: Path, facts: Mapping[str, Any]) -> Path:
    """Put the model of a directory with this calibration, in place of its own, into the store; return where it is.

    The files are links to those of the model, where the file system has links. `facts` tell how the calibration was
    fitted; they are kept in the manifest. Raises ModelError where the model is damaged or cannot be stored.
    """
    manifest = read_manifest(directory)
    verify_files(directory, manifest)
    content = stores.read_content(directory)
    uncalibrated = str(content.get("calibration", {}).get("of", manifest.version))
    version = version_of(uncalibrated, manifest.labels, calibration)
    content["version"] = version
    content["calibration"] = {
        "temperature": calibration.temperature,
        **({"thresholds": thresholds} if (thresholds := _by_label(manifest.labels, calibration)) else {}),
        **facts,
        "of": uncalibrated,
    }
    content.pop("made_from", None)  # sentiq-prepare would take it for the model that it made of a checkpoint
    try:
        with (
            stores.locked(store, manifest.id, f"another process prepares {manifest.id}; waiting for it"),
            stores.workshop(store, manifest.id) as scratch,
        ):
            built = scratch / "model"
            built.mkdir()
            # Measured on the answers without the thresholds.
            left_out = {MANIFEST, *([METRICS] if calibration.thresholds else [])}
            for path in directory.iterdir():
                if path.is_file() and path.name not in left_out and not path.name.startswith("."):
                    _link(path, built / path.name)
            stores.write_manifest(built, content)
            return stores.put(built, store)
    except OSError as error:
        raise ModelError(f"cannot store {manifest.id}@{version} in {store}: {error}; choose another --store") from error


def version_of(uncalibrated: str, labels: tuple[str, ...], calibration: Calibration) -> str:
    """Return the version of a calibrated model: that of the uncalibrated one and 6 digits of what was fitted."""
    fitted = json.dumps([calibration.temperature, _by_label(labels, calibration)], sort_keys=True)
    return f"{uncalibrated}-c{hashlib.sha256(fitted.encode()).hexdigest()[:6]}"


def _by_label(labels: tuple[str, ...], calibration: Calibration) -> dict[str, float]:
    return dict(zip(labels, calibration.thresholds, strict=True)) if calibration.thresholds else {}


def _link(path: Path, to: Path) -> None:
    try:
        os.link(path.resolve(), to)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, to)
