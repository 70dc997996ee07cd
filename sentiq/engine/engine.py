"""Classifies texts: tokenise, drop duplicates, batch by length, run the network, restore the order."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sentiq.core.invisible_characters import visible
from sentiq.engine.backends import Backend, backend_files, open_backend
from sentiq.engine.batching import Batch, ladder, plan
from sentiq.engine.long_texts import LongTexts
from sentiq.engine.reading import Reader
from sentiq.engine.registry import Calibration, ModelError, ModelManifest, read_manifest, verify_files
from sentiq.engine.turns import Turns

# The tokenizer's thread pool does not survive a fork; one process uses one core anyway.
os.environ["TOKENIZERS_PARALLELISM"] = "false"


@dataclass(frozen=True, slots=True)
class Prediction:
    probabilities: tuple[float, ...]  # one per label of the manifest, in its order; they sum to 1
    truncated: bool  # the text was longer than the model reads, and part of it was left out
    given_by: int = 0  # of a pair: STUDENT or TEACHER (pairs.py)


@dataclass(frozen=True, slots=True)
class BatchTiming:
    texts: int
    tokens: int  # padding included
    inference_s: float


@dataclass(frozen=True, slots=True)
class Timings:
    model: str  # `id@version`
    tokenise_s: float
    inference_s: float  # planning and padding included
    texts: int
    unique_texts: int
    batches: tuple[BatchTiming, ...]
    tokens: int  # of the unique texts, as far as they were read

    @property
    def padded_tokens(self) -> int:
        """Computed by the network, padding included."""
        return sum(batch.tokens for batch in self.batches)


#: Called after each `classify`, in the same process. Must be fast and must not raise.
Observer = Callable[[Timings], object]


class Engine:
    """A loaded model. Load and warm it in a parent process, and its forked children share weights and kernels.

    Threads that share it take turns at the network, batch by batch.
    """

    def __init__(
        self,
        manifest: ModelManifest,
        tokenizer: Tokenizer,
        backend: Backend,
        *,
        token_budget: int,
        observer: Observer | None = None,
    ) -> None:
        self.manifest = manifest
        self._observer = observer
        self._reader = Reader(tokenizer, manifest.max_tokens)
        self._backend = backend
        self._turns = Turns()
        self._ladder = ladder(manifest.max_tokens, token_budget)
        #: What proving.py found: whether the numbers are those that were proven, and what is to be known otherwise.
        self.is_proven = True
        self.notice = ""

    @classmethod
    def load(
        cls,
        model_dir: Path,
        *,
        backend: str = "openvino",
        token_budget: int = 512,
        float32: bool = False,
        observer: Observer | None = None,
    ) -> Engine:
        """Verify and load a model directory; a batch holds at most `token_budget` padded tokens, or one long text.

        A larger budget than the default makes `warm` longer and gains little: docs/adr/0003-shape-ladder.md. With
        `float32` nothing is computed in bfloat16, for comparisons. Raises ModelError when a file is missing, damaged
        or cannot be loaded, or when `backend` is not available.
        """
        manifest = read_manifest(model_dir)
        verify_files(model_dir, manifest, ("tokenizer.json", *backend_files(backend, manifest)))
        tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        network = open_backend(backend, model_dir, manifest, float32=float32)
        return cls(manifest, tokenizer, network, token_budget=token_budget, observer=observer)

    @property
    def library(self) -> str:
        """The backend, as SENTIQ_BACKEND calls it."""
        return self._backend.library

    @property
    def computed(self) -> str:
        """The precisions that this processor computes in (backends/)."""
        return self._backend.computed

    @property
    def precision(self) -> str:
        """The precision as people know it: of the file, or what is computed where that is not as it was proven."""
        return self.computed if self.notice else self.manifest.backends[self.library]

    @property
    def form(self) -> str:
        """Which probabilities a text gets: those of another library or precision, or unproven ones, are others."""
        return f"{self.library} {self.computed}" + ("" if self.is_proven else " unproven")

    def warm(self) -> int:
        """Run every shape of the ladder, and return their number.

        Children that are forked afterwards share the kernels. Each shape that they build themselves costs them 10 ms
        and 1 MB, which is more than it costs to run it once here: docs/adr/0056-memory-of-a-worker.md.
        """
        shapes = [(size, width) for size, widths in self._ladder.items() for width in widths]
        # The largest first: the network then claims its memory once instead of growing.
        for size, width in sorted(shapes, key=math.prod, reverse=True):
            self._blank(size, width)
        return len(shapes)

    def prove(self) -> None:
        """Run one tiny batch; raises ModelError unless it gives one finite number per label.

        A forked child calls it before it takes work, since no vendor promises that a network survives a fork.
        """
        logits = self._blank(1, self._ladder[1][0])
        expected = (1, len(self.manifest.labels))
        if logits.shape != expected or not np.isfinite(logits).all():
            raise ModelError(
                f"model {self.manifest.id!r} gave {logits.tolist()} where {expected[1]} finite numbers were expected:"
                " prepare it again, or load it in the child instead of before the fork"
            )

    def logits(self, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        """Return the logits of rows of token ids, ``[rows, labels]``, in batches such as texts have."""
        logits = np.empty((len(rows), len(self.manifest.labels)), dtype=np.float32)
        for batch in plan([len(row) for row in rows], self._ladder):
            logits[list(batch.rows)] = self._run(batch, rows)
        return logits

    def classify(self, texts: Sequence[str], long_texts: LongTexts = "truncate") -> list[Prediction]:
        """Return one prediction per text, in their order, ignoring invisible characters (`sentiq.core` says which)."""
        return self.classify_timed(texts, long_texts)[0]

    def classify_timed(
        self, texts: Sequence[str], long_texts: LongTexts = "truncate"
    ) -> tuple[list[Prediction], Timings]:
        """Do what `classify` does, and return how long its parts took."""
        started = perf_counter()
        seen = [visible(text) for text in texts]
        unique = list(dict.fromkeys(seen))
        readings = self._reader.read(unique, long_texts)
        ids = [row for reading in readings for row, _ in reading.rows]
        shares = np.array([share for reading in readings for _, share in reading.rows])
        owners = np.repeat(np.arange(len(unique)), [len(reading.rows) for reading in readings])  # the text of each row
        lengths = [len(row) for row in ids]
        tokenised = perf_counter()
        batches = plan(lengths, self._ladder)
        logits = np.empty((len(ids), len(self.manifest.labels)), dtype=np.float32)
        batch_timings = []
        for batch in batches:
            batch_started = perf_counter()
            logits[list(batch.rows)] = self._run(batch, ids)
            batch_s = perf_counter() - batch_started
            batch_timings.append(BatchTiming(len(batch.rows), batch.size * batch.width, batch_s))
        probabilities = np.zeros((len(unique), len(self.manifest.labels)))
        np.add.at(probabilities, owners, softmax(calibrated(logits, self.manifest.calibration)) * shares[:, None])
        predictions = {
            text: Prediction(tuple(row), reading.is_shortened)
            for text, reading, row in zip(unique, readings, probabilities.tolist(), strict=True)
        }
        timings = Timings(
            model=self.manifest.name,
            tokenise_s=tokenised - started,
            inference_s=perf_counter() - tokenised,
            texts=len(texts),
            unique_texts=len(unique),
            batches=tuple(batch_timings),
            tokens=sum(lengths),
        )
        if self._observer is not None:
            self._observer(timings)
        return [predictions[text] for text in seen], timings

    def _blank(self, size: int, width: int) -> NDArray[np.float32]:
        """Return the logits of a batch of padding, which costs as much as a real one."""
        ids = np.full((size, width), self.manifest.pad_id, dtype=np.int64)
        return self._logits(ids, np.ones_like(ids))

    def _run(self, batch: Batch, rows: Sequence[list[int]]) -> NDArray[np.float32]:
        """Return the logits of the batch's rows of token ids, ``[len(batch.rows), labels]``."""
        ids = np.full((batch.size, batch.width), self.manifest.pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        mask[:, 0] = 1  # a row of padding needs one token to attend to, or its softmax divides by zero
        for line, row in enumerate(batch.rows):
            tokens = rows[row]
            ids[line, : len(tokens)] = tokens
            mask[line, : len(tokens)] = 1
        return self._logits(ids, mask)[: len(batch.rows)]

    def _logits(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        with self._turns:
            return self._backend.logits(ids, mask)


def calibrated(logits: NDArray[np.float32], calibration: Calibration) -> NDArray[np.floating]:
    """Return the logits ``[texts, labels]`` divided by the temperature, each label's less the log of its threshold."""
    if calibration == Calibration():
        return logits
    return logits / calibration.temperature - np.log(calibration.thresholds or (1.0,))


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probabilities of each row, ``[texts, labels]``, in double precision so that a row sums to 1."""
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
