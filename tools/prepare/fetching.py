"""Fetching the model that a source names, from the hub that it names."""

from __future__ import annotations

from pathlib import Path

from tools.prepare.source import HUGGING_FACE, Download, Source


def fetch(source: Source, store: Path, *, progress: bool) -> Download:
    """Fetch the files of a hub's model that are read, by the hub's own client; raises ModelError."""
    if source.name.startswith(HUGGING_FACE):
        from tools.prepare import huggingface

        model_id = source.name.removeprefix(HUGGING_FACE)
        return huggingface.download(model_id, revision=source.revision, progress=progress)
    from tools.prepare import hub

    return hub.download(source.name, revision=source.revision, cache=store / ".downloads", progress=progress)
