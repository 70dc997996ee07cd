"""What is kept on disk while tuning, so that an interrupted run goes on as if nothing had happened."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError


class Work:
    """A folder for one tuning. Each file appears complete or not at all."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def checkpoint(self) -> Path:
        """The folder of the tuned checkpoint."""
        return self.directory / "tuned"

    def end(self) -> None:
        """Remove everything."""
        if self.directory.exists():
            shutil.rmtree(self.directory)

    def stage(self, name: str) -> Stage:
        return Stage(self.directory / name)

    def read_json(self, name: str) -> Any:
        """Return the content of a file; None where it is not there."""
        path = self.directory / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def write_json(self, name: str, content: Any) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        write_text(self.directory / f"{name}.json", json.dumps(content, ensure_ascii=False))

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Return the tensors called `name`, made once."""
        path = self.directory / f"{name}.pt"
        if not path.exists():
            replace(path, lambda new: save(make(), new))
        return torch.load(path, weights_only=True)


class Stage:
    """A part of a tuning: one network that learns. Its state, the best weights so far, and what came out of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._state = directory / "state.pt"
        self._result = directory / "result.pt"

    def result(self) -> Any:
        """Return what came out of the stage; None while it is not finished."""
        return torch.load(self._result, weights_only=True) if self._result.exists() else None

    def finish(self, result: Any) -> None:
        """Keep what came out of the stage, and nothing else of it."""
        self._directory.mkdir(parents=True, exist_ok=True)
        replace(self._result, lambda path: save(result, path))
        for path in self._directory.iterdir():
            if path != self._result:
                path.unlink()

    def forget(self) -> None:
        """Remove everything of the stage."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def read_state(self) -> Any:
        return torch.load(self._state, weights_only=True) if self._state.exists() else None

    def write_state(self, state: dict[str, Any], best: int) -> None:
        """Keep the state, which needs the weights of step `best`; older ones are removed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        replace(self._state, lambda path: save(state, path))
        for path in self._directory.glob("best-*.pt"):
            if path != self._best(best):
                path.unlink()

    def write_best(self, step: int, weights: Any) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        replace(self._best(step), lambda path: save(weights, path))

    def read_best(self, step: int) -> Any:
        return torch.load(self._best(step), weights_only=True)

    def _best(self, step: int) -> Path:
        return self._directory / f"best-{step}.pt"


def save(content: Any, path: Path) -> None:
    """Write tensors. Raises OSError."""
    with disk_errors(path):
        torch.save(content, path)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Call by its name what torch and safetensors make of a full disk: an OSError of `path`."""
    try:
        yield
    except (RuntimeError, SafetensorError) as error:
        raise OSError(errno.ENOSPC, "cannot be written, the disk may be full", str(path)) from error


def write_text(path: Path, text: str) -> None:
    replace(path, lambda new: new.write_text(text, encoding="utf-8"))


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file, and put it in the place of `path` once it is on disk."""
    new = path.with_name(f".{path.name}.new")
    write(new)
    descriptor = os.open(new, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
