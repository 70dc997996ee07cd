"""Fetching a checkpoint from ModelScope's hub, or the one that ``MODELSCOPE_ENDPOINT`` names.

``modelscope_hub`` is the client that comes with ModelScope; it is imported by itself because ``modelscope.hub`` imports
torch. ``MODELSCOPE_API_TOKEN`` is the login for private models. Nothing is read from or written to the home directory.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modelscope_hub import HubApi, HubConfig
from modelscope_hub.errors import (
    APIError,
    AuthenticationError,
    HubError,
    InvalidParameter,
    NotExistError,
    PermissionDeniedError,
)
from requests import RequestException, Response
from tqdm import tqdm

from sentiq.engine.registry import ModelError
from tools.prepare.catalogue import DEFAULT, REVISIONS, check_model_id
from tools.prepare.files import wanted
from tools.prepare.source import Download
from tools.prepare.store import locked, slug
from tools.prepare.transfer import RemoteFile, cause, fetch

BY_HAND = "or fetch the model elsewhere and name its directory"

logging.getLogger("modelscope_hub").setLevel(logging.ERROR)  # it tells of its retries on standard error


def download(model_id: str, *, revision: str, cache: Path, progress: bool) -> Download:
    """Fetch the files that `sentiq-prepare` reads; those that are there and intact stay. `revision` "" is the default.

    A second process that wants the same waits for the first and finds it done. Raises ModelError with the cause and
    the remedy; what has come is kept, and the next call fetches the rest.
    """
    check_model_id(model_id)
    revision = revision or REVISIONS.get(model_id, "master")
    name = f"{slug(model_id)}@{slug(revision)}"
    token = os.environ.get("MODELSCOPE_API_TOKEN", "")
    api = HubApi(HubConfig(cache_dir=cache, config_dir=cache / ".modelscope", token=token))
    with (
        _explained(model_id, api, cache),
        locked(cache, name, f"another process fetches {model_id}; waiting for it"),
    ):
        entries = [entry for entry in _list(api, model_id, revision) if entry.get("Type") != "tree"]
        directory = cache / name
        directory.mkdir(exist_ok=True)
        _fetch_all(api, model_id, revision, _wanted(entries), directory, progress)
    # The commit of the last change to the files at that revision.
    newest = max(entries, key=lambda entry: entry.get("CommittedDate", 0), default={})
    return Download(directory, model_id, revision, newest.get("Revision", ""))


def _list(api: HubApi, model_id: str, revision: str) -> Sequence[dict[str, Any]]:
    # Not api.list_repo_files, which leaves out the commits.
    try:
        return api.legacy.list_repo_files(model_id, "model", revision)
    except (NotExistError, InvalidParameter) as error:
        try:
            there = [str(entry["Revision"]) for entry in api.list_repo_revisions(model_id, "model")]
        except APIError:
            there = []
        if there:
            raise ModelError(
                f"{model_id} has no revision {revision!r}; --revision can be {', '.join(there)} or a commit's hash"
            ) from error
        raise ModelError(
            f"the hub has no model {model_id!r}, or it is private; look its id up on {api.legacy.endpoint}/models"
            f" ({DEFAULT} is one), or set MODELSCOPE_API_TOKEN; one of Hugging Face's hub is hf://{model_id}"
        ) from error


def _wanted(entries: Sequence[dict[str, Any]]) -> list[RemoteFile]:
    """Small files first."""
    listed = {entry["Path"]: entry for entry in entries}
    files = [
        RemoteFile(name, int(listed[name]["Size"]), (listed[name].get("Sha256") or "").lower())
        for name in wanted(listed)
    ]
    return sorted(files, key=lambda file: file.size)


def _fetch_all(
    api: HubApi, model_id: str, revision: str, files: Sequence[RemoteFile], directory: Path, progress: bool
) -> None:
    missing = [file for file in files if not file.is_at(directory / file.path)]
    kept = {directory / file.path for file in files if file not in missing}
    kept |= {file.partial(directory) for file in missing}
    for path in set(directory.iterdir()) - kept:
        path.unlink()  # of an earlier state of the revision

    def request(file: RemoteFile, start: int) -> Response:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        return api.legacy.download_stream(model_id, "model", file.path, revision, headers)

    if _to_come(missing, directory) > shutil.disk_usage(directory).free:
        raise _no_space(model_id, missing, directory)
    total = sum(file.size for file in missing)
    try:
        with tqdm(total=total, unit="B", unit_scale=True, disable=not (progress and missing)) as bar:
            for file in missing:
                fetch(file, directory, request, bar)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_space(model_id, missing, directory) from error
        raise


def _no_space(model_id: str, files: Sequence[RemoteFile], directory: Path) -> ModelError:
    needed, free = _to_come(files, directory), shutil.disk_usage(directory).free
    return ModelError(
        f"no space left on the disk: {model_id} needs {needed / 1e6:.1f} MB more in {directory}, where"
        f" {free / 1e6:.1f} MB are free; make room or choose another --store"
    )


def _to_come(files: Sequence[RemoteFile], directory: Path) -> int:
    """Bytes that are not on the disk yet."""
    paths = [path for file in files for path in (file.partial(directory), directory / file.path) if path.exists()]
    return sum(file.size for file in files) - sum(path.stat().st_size for path in paths)


@contextmanager
def _explained(model_id: str, api: HubApi, cache: Path) -> Iterator[None]:
    """Make a ModelError, with what to do, of the errors of the hub, the network and the disk."""
    endpoint = api.legacy.endpoint
    try:
        yield
    except (AuthenticationError, PermissionDeniedError) as error:
        raise ModelError(
            f"{endpoint} refuses {model_id} ({cause(error)}): set MODELSCOPE_API_TOKEN to the token of an account that"
            f" may read it, {BY_HAND}"
        ) from error
    except APIError as error:
        raise ModelError(
            f"{endpoint} fails to deliver {model_id} ({cause(error)}): try again later, what has come is kept,"
            f" {BY_HAND}"
        ) from error
    except (HubError, RequestException) as error:
        raise ModelError(
            f"no connection to {endpoint} for {model_id} ({cause(error)}): check the network and HTTPS_PROXY and try"
            f" again, what has come is kept, {BY_HAND}"
        ) from error
    except OSError as error:
        raise ModelError(
            f"the download folder {error.filename or cache} cannot be used ({error.strerror}): correct its permissions"
            " or choose another --store"
        ) from error
