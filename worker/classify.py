"""From opened chunks to answers: one pass over all their texts, and what to do about a text that breaks the pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from jobs.lanes import OpenChunk
from jobs.models import ChunkRef, Outcome, OutputChunk, RowError
from worker.isolation import CRASHES_BEFORE_ISOLATION, KILLED, isolate

if TYPE_CHECKING:
    from engine import Engine

log = structlog.get_logger(__name__)


class IsolationStore(Protocol):
    """Keeps the state of a halving across executions."""

    def isolate(self, ref: ChunkRef, state: bytes) -> None: ...


def answer(engine: Engine, store: IsolationStore, chunks: Sequence[OpenChunk]) -> list[tuple[ChunkRef, OutputChunk]]:
    """Every row of every chunk gets an outcome: a prediction, the error its line already had, or one of its own."""
    errors = [dict(chunk.input.errors) | _killers(engine, store, chunk) for chunk in chunks]
    texts = [
        text
        for chunk, faults in zip(chunks, errors, strict=True)
        for offset, text in enumerate(chunk.input.texts)
        if offset not in faults
    ]
    outcomes = iter(_outcomes(engine, texts))
    manifest = engine.manifest
    return [
        (
            chunk.ref,
            OutputChunk(
                first=chunk.input.first,
                model=f"{manifest.id}@{manifest.version}",
                labels=manifest.labels,
                outcomes=tuple(
                    Outcome(error=faults[offset]) if offset in faults else next(outcomes)
                    for offset in range(len(chunk.input.texts))
                ),
            ),
        )
        for chunk, faults in zip(chunks, errors, strict=True)
    ]


def _outcomes(engine: Engine, texts: Sequence[str]) -> list[Outcome]:
    """Predictions; where the pass raises, halves are tried until the text that breaks it stands alone."""
    try:
        return [Outcome(p.probabilities, p.truncated) for p in engine.classify(texts)]
    except Exception as error:
        if len(texts) == 1:
            log.exception("a text cannot be classified", chars=len(texts[0]))
            reason = f"The model failed on this text ({type(error).__name__}); its neighbours were not affected."
            return [Outcome(error=RowError("inference_failed", reason))]
        half = len(texts) // 2
        return _outcomes(engine, texts[:half]) + _outcomes(engine, texts[half:])


def _killers(engine: Engine, store: IsolationStore, chunk: OpenChunk) -> dict[int, RowError]:
    """The rows of a chunk that kill the child; looked for only when the chunk was in several crashes."""
    if chunk.crashes < CRASHES_BEFORE_ISOLATION:
        return {}
    log.warning(
        "looking for the text that kills its child",
        job_id=chunk.ref.job_id,
        chunk=chunk.ref.chunk_no,
        request_id=chunk.request_id,
    )

    def run(start: int, end: int) -> None:
        _outcomes(engine, [t for o, t in enumerate(chunk.input.texts[start:end], start) if o not in chunk.input.errors])

    save: Callable[[bytes], None] = lambda state: store.isolate(chunk.ref, state)  # noqa: E731
    return dict.fromkeys(isolate(len(chunk.input.texts), chunk.isolation, run, save), KILLED)
