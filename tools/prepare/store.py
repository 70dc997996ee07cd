"""Putting a finished model directory into the store: all of it or nothing, one process at a time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sentiq.engine.registry import MANIFEST, ModelError, StoredModel, list_models, read_manifest, verify_files


def slug(model_id: str) -> str:
    return model_id.replace("/", "--")


@contextmanager
def locked(store: Path, model_id: str, waiting: str) -> Iterator[None]:
    """Only one process prepares a model in a store; another prints `waiting` and waits. A lock dies with its holder."""
    store.mkdir(parents=True, exist_ok=True)
    lock = FileLock(store / f".{slug(model_id)}.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(waiting, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def workshop(store: Path, model_id: str) -> Iterator[Path]:
    """A scratch folder on the store's file system, in which nobody finds a model; call it with the lock held.

    What earlier runs left when they died is removed first.
    """
    prefix = f".partial-{slug(model_id)}-"
    for left in store.glob(f"{prefix}*"):
        shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(dir=store, prefix=prefix))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def find_prepared(store: Path, model_id: str, made_from: str) -> tuple[StoredModel | None, str]:
    """The model made from the same files in the same way, and why it cannot be used if it is damaged."""
    for model in list_models([store])[0]:
        if model.manifest.id == model_id and read_content(model.directory).get("made_from") == made_from:
            try:
                verify_files(model.directory, model.manifest)
            except ModelError as error:
                return model, str(error)
            return model, ""
    return None, ""


def read_content(directory: Path) -> dict[str, Any]:
    """All fields of a manifest, also those that the engine has no use for."""
    content: dict[str, Any] = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    return content


def checksums(directory: Path) -> dict[str, str]:
    """File name → SHA-256, of all files but the manifest."""
    return {path.name: checksum(path) for path in sorted(directory.iterdir()) if path.name != MANIFEST}


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def version_of(files: Mapping[str, str]) -> str:
    """What names these files and no others: 12 hexadecimal digits of the SHA-256 of their names and checksums."""
    listed = "\n".join(f"{name}:{checksum}" for name, checksum in sorted(files.items()))
    return hashlib.sha256(listed.encode()).hexdigest()[:12]


def write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Write or replace the manifest; a reader finds the old one or the new one."""
    new = directory / f".{MANIFEST}"
    new.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _flush(new)
    new.rename(directory / MANIFEST)
    _flush(directory)


def put(built: Path, store: Path) -> Path:
    """Move a finished directory of a workshop to ``<slug>@<version>`` in one step, on disk before it is seen.

    A directory of that name is replaced: it is damaged or was made again from the same files.
    """
    manifest = read_manifest(built)
    for path in built.iterdir():
        path.chmod(0o644)  # workers run as another user; some libraries write for their own alone
        _flush(path)
    _flush(built)
    target = store / f"{slug(manifest.id)}@{manifest.version}"
    if target.exists():
        target.rename(built.parent / "replaced")
    built.rename(target)
    _flush(store)
    return target


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
