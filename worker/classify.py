"""From opened chunks to answers: a pass over all texts that are read alike, and what to do when a text breaks it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from jobs.cache import ResultCache
from jobs.lanes import OpenChunk
from jobs.models import ChunkRef, LongTexts, Outcome, OutputChunk, RowError
from jobs.settings import current
from jobs.visible import visible
from worker.isolation import CRASHES_BEFORE_ISOLATION, KILLED, isolate

if TYPE_CHECKING:
    from engine import Engine

log = structlog.get_logger(__name__)


class IsolationStore(Protocol):
    """Keeps the state of a halving across executions."""

    def isolate(self, ref: ChunkRef, state: bytes) -> None: ...


def answer(
    engine: Engine, store: IsolationStore, cache: ResultCache, chunks: Sequence[OpenChunk]
) -> list[tuple[ChunkRef, OutputChunk]]:
    """Every row of every chunk gets an outcome: a prediction, the error its line already had, or one of its own.

    Where a chunk is tried again, rows that have a prediction keep it.
    """
    settled: list[dict[int, Outcome]] = []
    wanted: dict[LongTexts, list[str]] = {}
    for chunk in chunks:
        errors = dict(chunk.input.errors) | _killers(engine, store, chunk)
        known = _predicted_before(chunk, engine.manifest.name) | {
            offset: Outcome(error=error) for offset, error in errors.items()
        }
        settled.append(known)
        texts = wanted.setdefault(chunk.long_texts, [])
        texts += [text for offset, text in enumerate(chunk.input.texts) if offset not in known]
    outcomes = {long_texts: _ask(engine, cache, texts, long_texts) for long_texts, texts in wanted.items()}
    return [
        (
            chunk.ref,
            OutputChunk(
                first=chunk.input.first,
                model=engine.manifest.name,
                labels=engine.manifest.labels,
                outcomes=tuple(
                    known[offset] if offset in known else outcomes[chunk.long_texts][text]
                    for offset, text in enumerate(chunk.input.texts)
                ),
            ),
        )
        for chunk, known in zip(chunks, settled, strict=True)
    ]


def _predicted_before(chunk: OpenChunk, model: str) -> dict[int, Outcome]:
    """What another try need not ask again. A chunk has one model: if that is another now, all rows are asked again."""
    if chunk.before is None or chunk.before.model != model:
        return {}
    return {offset: outcome for offset, outcome in enumerate(chunk.before.outcomes) if outcome.error is None}


def refuse(chunk: OpenChunk, error: Exception) -> tuple[ChunkRef, OutputChunk]:
    """No row of the chunk can be answered, since the model its job asks for cannot be loaded.

    Where the chunk is tried again, everything stays as it was.
    """
    if chunk.before is not None:
        return chunk.ref, chunk.before
    reason = RowError("model_unavailable", f"The model {chunk.model} could not be loaded: {error}")
    outcomes = tuple(Outcome(error=chunk.input.errors.get(at, reason)) for at in range(len(chunk.input.texts)))
    return chunk.ref, OutputChunk(first=chunk.input.first, model=chunk.model, labels=(), outcomes=outcomes)


def _ask(engine: Engine, cache: ResultCache, texts: Sequence[str], long_texts: LongTexts) -> dict[str, Outcome]:
    """The outcome of each text: from the cache, or by one pass over all that are not there.

    The engine reads what is visible of a text; so the cache is asked for that, and does not tell alike texts apart.
    """
    seen = {text: visible(text) for text in texts}
    source = f"{engine.manifest.name} {engine.backend}"
    lookup = cache.look_up(source, len(engine.manifest.labels), long_texts, seen.values())
    fresh = _outcomes(engine, lookup.unknown, long_texts) if lookup.unknown else []
    cache.store(lookup, fresh)
    outcomes = lookup.known | dict(zip(lookup.unknown, fresh, strict=True))
    return {text: outcomes[what] for text, what in seen.items()}


def _outcomes(engine: Engine, texts: Sequence[str], long_texts: LongTexts) -> list[Outcome]:
    """Predictions; where the pass raises, halves are tried until the text that breaks it stands alone."""
    try:
        return [Outcome(p.probabilities, p.truncated) for p in engine.classify(texts, long_texts)]
    except Exception as error:  # noqa: BLE001 -- whatever a library raises about one text must not fail the others
        if len(texts) == 1:
            _log_failure(texts[0], error)
            reason = f"The model failed on this text ({type(error).__name__}); its neighbours were not affected."
            return [Outcome(error=RowError("inference_failed", reason))]
        half = len(texts) // 2
        return _outcomes(engine, texts[:half], long_texts) + _outcomes(engine, texts[half:], long_texts)


def _log_failure(text: str, error: Exception) -> None:
    """The error's own words may quote the text, which is nobody's business but its owner's."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    told = {"text": text, "words": str(error)} if current().log_texts else {}
    log.error(
        "a text cannot be classified",
        chars=len(text),
        error=type(error).__name__,
        at=f"{at.filename}:{at.lineno}",
        **told,
    )


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
        texts = [t for o, t in enumerate(chunk.input.texts[start:end], start) if o not in chunk.input.errors]
        _outcomes(engine, texts, chunk.long_texts)

    save: Callable[[bytes], None] = lambda state: store.isolate(chunk.ref, state)  # noqa: E731
    return dict.fromkeys(isolate(len(chunk.input.texts), chunk.isolation, chunk.crashes, run, save), KILLED)
