"""Fetching a checkpoint from ModelScope's hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.registry import ModelError


@dataclass(frozen=True, slots=True)
class Download:
    directory: Path
    model_id: str
    revision: str  # asked for, or the default
    commit: str | None  # that the revision was when it was fetched, if the hub tells


def download(model_id: str, *, revision: str, cache: Path, progress: bool) -> Download:
    """Fetch the files that `sentiq-prepare` reads. `revision` "" is the model's default.

    Raises ModelError with the cause and the remedy.
    """
    raise ModelError(f"{model_id} cannot be fetched from the hub yet; fetch it by hand and name its directory")
