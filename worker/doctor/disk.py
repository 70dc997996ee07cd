"""Checks folders: are they there, may this user write, and is there room?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import PREFIX, Settings

LEAST_BYTES = 100_000_000  #: in the folder for temporary files: the API unpacks workbooks there
SCARCE_BYTES = 1_000_000_000
LEAST_SHARE = 0.02  #: of the entries for files that a file system has

_ok, _advice, _fault = (partial(say, "disk") for say in (checks.ok, checks.advice, checks.fault))


def check(settings: Settings) -> Iterator[Check]:
    """Look at the folders of these settings, and at that for temporary files."""
    yield from _temporary()
    yield _models(settings.model_root)
    files = {"alive_file": Path(settings.alive_file) if settings.alive_file else None, "flower_db": settings.flower_db}
    for name, file in files.items():
        if file is not None:
            yield _written(f"{PREFIX}{name.upper()}", file.absolute().parent)


def _temporary() -> Iterator[Check]:
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        remedy = "make room in one of them, or mount a tmpfs or a volume at /tmp"
        yield _fault("temporary files", str(error), remedy)
        return
    # Python goes on to the next folder without a word where the first is full, missing or not writable.
    named = next((name for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)), "")
    wanted = Path(os.environ[named] if named else "/tmp")  # noqa: S108  # what Python begins with
    if wanted.absolute() != folder.absolute():
        whose = f", the {named} of this user" if named else ""
        found = f"nothing can be written into {wanted}{whose}: {folder} is taken instead"
        yield _advice("temporary folder", found, "make it, make room there, or set TMPDIR to another folder")
    yield room(folder)


def room(folder: Path) -> Check:
    """Tell whether a folder has room for what the API unpacks and writes there."""
    free, at = shutil.disk_usage(folder).free, os.statvfs(folder)
    found = f"{free / 1e6:,.0f} MB free in {folder}"
    if free < LEAST_BYTES:
        return _fault("temporary files", found, "make room, or set TMPDIR to another disk")
    if at.f_files and at.f_favail < LEAST_SHARE * at.f_files:
        return _fault("temporary files", f"{found}, and {at.f_favail:,} more files", "erase files that nobody needs")
    if free < SCARCE_BYTES:
        return _advice("temporary files", found, "make room: large workbooks are unpacked there, gigabytes each")
    return _ok("temporary files", found)


def _models(folder: Path) -> Check:
    if not folder.is_dir():
        remedy = "make it, and prepare models into it (docs/models.md); the bundled model needs none"
        return _advice("models", f"{PREFIX}MODEL_ROOT: there is no folder {folder}", remedy)
    if not os.access(folder, os.R_OK | os.X_OK):
        return _fault("models", f"{PREFIX}MODEL_ROOT: this user may not read {folder}", "give it the right to read it")
    return _ok("models", f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB free in {folder}")


def _written(name: str, folder: Path) -> Check:
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        return _fault("written files", f"{name}: this user cannot write into {folder}", "make it, or name another file")
    return _ok("written files", f"{name}: this user can write into {folder}")
