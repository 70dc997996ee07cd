"""Fetching a checkpoint from Hugging Face's hub, or the one that ``HF_ENDPOINT`` names, with the hub's own client.

The client keeps what it fetches in a cache that all programs of a user share (``HF_HOME``, ``HF_HUB_CACHE``), goes on
where a download was cut, and takes what is there when there is no network or ``HF_HUB_OFFLINE`` is set. ``HF_TOKEN`` is
the login. It compares sizes only, so the checksums are compared here.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import disable_progress_bars
from requests import RequestException

from sentiq.engine.registry import ModelError
from tools.prepare.files import SETTINGS, TOKENIZER, WEIGHTS, wanted
from tools.prepare.source import Download
from tools.prepare.store import checksum
from tools.prepare.transfer import cause

BY_HAND = "or fetch the model elsewhere and name its directory"


def download(model_id: str, *, revision: str, progress: bool) -> Download:
    """Fetch the files that `sentiq-prepare` reads into the user's cache; `revision` "" is the branch ``main``.

    Raises ModelError with the cause and the remedy; what has come is kept, and the next call fetches the rest.
    """
    revision = revision or "main"
    if not progress:
        disable_progress_bars()
    with _explained(model_id, revision):
        names = _listed(model_id, revision)
        directory = Path(
            snapshot_download(model_id, revision=revision, allow_patterns=names, endpoint=_endpoint()),
        )
        for path in sorted(directory.iterdir()):
            if path.is_file() and not _is_intact(path):
                _fetch_again(model_id, directory.name, path)
    return Download(directory, model_id, revision, directory.name)


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT") or str(constants.ENDPOINT)


def _listed(model_id: str, revision: str) -> list[str]:
    """Return the files to fetch, or patterns of all that there may be where the hub does not answer."""
    try:
        siblings = HfApi(_endpoint()).model_info(model_id, revision=revision).siblings or []
    except (OfflineModeIsEnabled, RequestException) as error:
        if isinstance(error, HfHubHTTPError) and error.response.status_code < 500:
            raise
        return [*SETTINGS, *TOKENIZER, *WEIGHTS, "*-of-*"]
    return wanted(file.rfilename for file in siblings)


def _is_intact(path: Path) -> bool:
    """Tell whether a file of the cache has the content that its name there says, by SHA-256 or Git's SHA-1."""
    stored = path.resolve()
    if len(stored.name) == 64:
        return checksum(stored) == stored.name
    if len(stored.name) == 40:
        content = stored.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest() == stored.name
    return True


def _fetch_again(model_id: str, commit: str, path: Path) -> None:
    """Fetch a damaged file once more; raises ModelError where the second copy is damaged too."""
    path.resolve().unlink()
    hf_hub_download(model_id, path.name, revision=commit, force_download=True, endpoint=_endpoint())
    if not _is_intact(path):
        path.resolve().unlink()
        raise ModelError(
            f"{path.name} came twice with other content than the hub lists; it was deleted: try again later, or from"
            " another network"
        )


@contextmanager
def _explained(model_id: str, revision: str) -> Iterator[None]:
    """Make a ModelError, with what to do, of the errors of the hub, the network and the disk."""
    endpoint, cache = _endpoint(), constants.HF_HUB_CACHE
    try:
        yield
    except GatedRepoError as error:
        raise ModelError(
            f"{endpoint} gives {model_id} only to those who accepted its conditions: accept them on"
            f" {endpoint}/{model_id} and set HF_TOKEN to a token of that account, {BY_HAND}"
        ) from error
    except RevisionNotFoundError as error:
        raise ModelError(
            f"{model_id} has no revision {revision!r}: name a branch, a tag or a commit's hash of {endpoint}/{model_id}"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"{endpoint} has no model {model_id!r}, or it is private: look its id up there, or set HF_TOKEN"
        ) from error
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"not all of {model_id} is in {cache}, and {endpoint} does not answer ({_status(error)}): check the"
            f" network, HTTPS_PROXY and HF_HUB_OFFLINE and try again, what has come is kept, {BY_HAND}"
        ) from error
    except OSError as error:  # those of the network too
        if error.errno == errno.ENOSPC:
            raise ModelError(f"no space left on the disk of {cache}: make room, or set HF_HOME") from error
        if error.errno is not None and not isinstance(error, RequestException):
            raise ModelError(f"{cache} cannot be used ({cause(error)}): set HF_HOME to a folder of yours") from error
        raise ModelError(
            f"{endpoint} fails to deliver {model_id} ({_status(error)}): try again later, what has come is kept,"
            f" {BY_HAND}"
        ) from error


def _status(error: BaseException) -> str:
    """Return the status of the answer at the bottom of it, else what went wrong."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, RequestException) and below.response is not None:
            return f"HTTP {below.response.status_code}"
        below = below.__cause__
    return cause(error)
