"""Where a checkpoint comes from: a directory, ModelScope's hub, or that of Hugging Face."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentiq.engine.registry import ModelError
from tools.prepare.files import checkpoint_in, read_from
from tools.prepare.store import checksum

#: Counts up when the same checkpoint is to be made into other files, so that stored models are prepared again.
RECIPE = 2

#: What an id of Hugging Face's hub begins with, as in the addresses that its own client understands.
HUGGING_FACE = "hf://"


@dataclass(frozen=True, slots=True)
class Source:
    model_id: str  # the id the model gets
    name: str  # the hub's id, or the name of the directory
    directory: Path | None  # None until it is fetched from the hub
    revision: str  # asked for, "" for the hub's own choice; of a directory always ""


@dataclass(frozen=True, slots=True)
class Download:
    directory: Path
    model_id: str
    revision: str  # asked for, or the default
    commit: str  # of what was fetched; "" if the hub does not tell


def find_source(model: str, *, revision: str, model_id: str) -> Source:
    """A directory if there is one called `model`, else a hub's id, which is checked but not fetched.

    `model_id` is the id to use instead of the hub's or of the directory's name. Raises ModelError for an id that
    cannot be one, and whatever the hub's rules say to `model`.
    """
    path = Path(model)
    if path.is_dir():
        if revision:
            raise ModelError(f"--revision is for the hub; {model} is a directory")
        name = path.resolve().name
        source = Source(model_id or name, name, checkpoint_in(path), "")
    elif model.startswith(HUGGING_FACE):
        repository, _, named = model.removeprefix(HUGGING_FACE).partition("@")
        if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", repository, re.ASCII):
            raise ModelError(f"{model!r} is no id of a model on Hugging Face's hub, which is {HUGGING_FACE}owner/name")
        if named and revision:
            raise ModelError(f"{model} names a revision, and --revision another: name it once")
        source = Source(model_id or repository, f"{HUGGING_FACE}{repository}", None, named or revision)
    elif path.exists() or re.match(r"[./~]", model):
        raise ModelError(f"{model} is not a directory; name a directory with config.json and weights, or a hub id")
    else:
        from tools.prepare.catalogue import check_model_id

        check_model_id(model)
        source = Source(model_id or model, model, None, revision)
    check_id(source.model_id)
    return source


def check_id(model_id: str) -> None:
    """Raises ModelError unless a model may be called so."""
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", model_id, re.ASCII):
        raise ModelError(
            f"{model_id!r} cannot be a model's id; name one with --id, of letters, digits and . _ - (and one /)"
        )


def made_from(source: Source, choices: dict[str, Any]) -> str:
    """What tells whether a stored model was made from the same checkpoint in the same way: a SHA-256.

    A directory counts with its files, a hub id with its revision, so that the hub need not be asked. `choices` are the
    options that change the result.
    """
    if source.directory is None:
        origin: Any = [source.name, source.revision]
    else:
        origin = {path.name: checksum(path) for path in read_from(source.directory)}
    return hashlib.sha256(json.dumps([RECIPE, origin, choices], sort_keys=True).encode()).hexdigest()
