"""Who gives the answers: a model in processes of ours, or one of a running service."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sentiq.core.settings import BUNDLED_MODELS
from sentiq.engine import Engine, ModelError
from sentiq.engine.registry import MANIFEST, StoredModel, find_model, read_manifest

if TYPE_CHECKING:
    from sentiq_client import Client
    from sentiq_client.models import Row

Answers = NDArray[np.float32]  # [texts, labels], probabilities; not a number where the teacher gave none
Piece = Sequence[str]


class Teacher(Protocol):
    """A model that is asked for its probabilities."""

    name: str  #: `id@version`, which names these answers and no others
    labels: Sequence[str]

    def answers(self, pieces: Sequence[Piece]) -> Iterator[Answers]:
        """Return the answers to each of the pieces, in their order, as they come."""


def find_teacher(name: str, store: Path) -> StoredModel:
    """Return the model of a directory, or of this id or `id@version` in the stores. Raises ModelError."""
    directory = Path(name)
    if (directory / MANIFEST).is_file():
        return StoredModel(directory, read_manifest(directory), 0.0)
    return find_model([store, BUNDLED_MODELS], name)


class OwnTeacher:
    """A stored model, in as many processes as there are cores for it: one engine uses one core."""

    def __init__(self, model: StoredModel, processes: int) -> None:
        """Raises ModelError where the model is damaged."""
        self.name = model.manifest.name
        self.labels: Sequence[str] = model.manifest.labels
        self._directory = model.directory
        self._processes = processes

    def answers(self, pieces: Sequence[Piece]) -> Iterator[Answers]:
        if self._processes == 1:
            engine = Engine.load(self._directory)
            yield from (_ask(engine, piece) for piece in pieces)
            return
        context = get_context("spawn")  # torch has threads of its own, which do not survive a fork
        with ProcessPoolExecutor(self._processes, context, _begin, (self._directory,)) as pool:
            yield from pool.map(_ask_own, pieces)


_engines: list[Engine] = []  # of a child process, one


def _begin(directory: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its children
    _engines.append(Engine.load(directory))


def _ask_own(piece: Piece) -> Answers:
    return _ask(_engines[0], piece)


def _ask(engine: Engine, piece: Piece) -> Answers:
    return np.array([answer.probabilities for answer in engine.classify(piece)], dtype=np.float32)


class ServiceTeacher:
    """A model of a running service, which answers all texts as one bulk job."""

    def __init__(self, client: Client, name: str) -> None:
        """Raises ModelError where no worker has the model, or the service cannot be asked."""
        from sentiq_client import SentiqError

        try:
            known = {f"{model['id']}@{model['version']}": model for model in client.models()}
        except SentiqError as error:
            raise ModelError(f"--service: {error}") from error
        # Of several versions the newest comes first.
        found = next((each for each in known if name in (each, known[each]["id"])), None)
        if found is None:
            raise ModelError(
                f"--service: no worker has a model {name!r} (there: {', '.join(known) or 'none'}); name one of these,"
                " or copy it into the workers' store first (docs/models.md)"
            )
        self.name = found
        self.labels: Sequence[str] = known[found]["labels"]
        self._client = client

    def answers(self, pieces: Sequence[Piece]) -> Iterator[Answers]:
        from sentiq_client import SentiqError

        texts = [text for piece in pieces for text in piece]
        # The same texts again are the same job: what the service did until an interruption is not done again.
        key = hashlib.sha256("\n".join([self.name, *texts]).encode("utf-8", "surrogatepass")).hexdigest()
        try:
            job = self._client.submit(texts, idempotency_key=key, model=self.name, name="sentiq-distil")
            job.wait(progress=True)
            rows = iter(job.results())
            for piece in pieces:
                yield np.array([self._answer(next(rows)) for _ in piece], dtype=np.float32)
            job.delete()  # what it knew is here now
        except SentiqError as error:
            raise ModelError(f"--service: {error}; the same command goes on from here") from error

    def _answer(self, row: Row) -> list[float]:
        """Return the probabilities of a row; those of another model than the teacher do not count."""
        if row.probabilities is None or row.model != self.name:
            return [np.nan] * len(self.labels)
        return [row.probabilities[label] for label in self.labels]
