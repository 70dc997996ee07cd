"""Answers opened chunks: one pass over all texts with the same options, and a way around a text that makes it fail."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import structlog

from sentiq.core.invisible_characters import visible
from sentiq.core.settings import LongTexts, current
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, Outcome, OutputChunk, RowError
from worker.child.divided_text import DividedText, divide, to_classify
from worker.child.isolation import CRASHES_BEFORE_ISOLATION, KILLED, isolate

if TYPE_CHECKING:
    from sentiq.engine import Classifier

log = structlog.get_logger(__name__)


class IsolationStore(Protocol):
    """Stores the state of a bisection across executions."""

    def isolate(self, ref: ChunkRef, state: bytes) -> None: ...


def answer(
    engine: Classifier, store: IsolationStore, cache: ResultCache, chunks: Sequence[OpenChunk]
) -> list[tuple[ChunkRef, OutputChunk]]:
    """Return an outcome for every row of every chunk: a prediction, the error of its line, or an error of its own.

    Where a chunk is tried again, rows that have a prediction keep it. The clauses that speak of aspects are classified
    in the same pass as the texts.
    """
    known_by_chunk: list[dict[int, Outcome]] = []
    divided_by_chunk: list[dict[str, DividedText]] = []
    wanted: dict[LongTexts, list[str]] = {}
    for chunk in chunks:
        errors = dict(chunk.input.errors) | _killers(engine, store, chunk)
        known = _predicted_before(chunk, engine.manifest.name) | {
            offset: Outcome(error=error) for offset, error in errors.items()
        }
        known_by_chunk.append(known)
        unknown = [text for offset, text in enumerate(chunk.input.texts) if offset not in known]
        divided_by_chunk.append(divide(unknown, chunk.aspects))
        wanted.setdefault(chunk.long_texts, []).extend(to_classify(divided_by_chunk[-1]))
    outcomes = {long_texts: _classify(engine, cache, texts, long_texts) for long_texts, texts in wanted.items()}
    return [
        (
            chunk.ref,
            OutputChunk(
                first=chunk.input.first,
                model=engine.manifest.name,
                labels=engine.manifest.labels,
                parts=engine.manifest.parts,
                outcomes=tuple(
                    known[offset] if offset in known else divided[text].outcome(outcomes[chunk.long_texts])
                    for offset, text in enumerate(chunk.input.texts)
                ),
            ),
        )
        for chunk, known, divided in zip(chunks, known_by_chunk, divided_by_chunk, strict=True)
    ]


def _predicted_before(chunk: OpenChunk, model: str) -> dict[int, Outcome]:
    """Return the predictions that another try keeps: all, or none where the model has changed (a chunk has one)."""
    if chunk.before is None or chunk.before.model != model:
        return {}
    return {offset: outcome for offset, outcome in enumerate(chunk.before.outcomes) if outcome.error is None}


def refuse(chunk: OpenChunk, error: Exception) -> tuple[ChunkRef, OutputChunk]:
    """Fail all rows of a chunk, since the model that its job asks for cannot be loaded.

    Where the chunk is tried again, all rows stay as they were.
    """
    if chunk.before is not None:
        return chunk.ref, chunk.before
    reason = RowError("model_unavailable", f"The model {chunk.model} could not be loaded: {error}")
    outcomes = tuple(Outcome(error=chunk.input.errors.get(at, reason)) for at in range(len(chunk.input.texts)))
    return chunk.ref, OutputChunk(first=chunk.input.first, model=chunk.model, labels=(), outcomes=outcomes)


def _classify(
    engine: Classifier, cache: ResultCache, texts: Sequence[str], long_texts: LongTexts
) -> dict[str, Outcome]:
    """Return the outcome of each text: from the cache, or by one pass over all that are not there.

    The engine reads only the visible part of a text; so this part is the key in the cache, and texts that look alike
    share an entry.
    """
    seen = {text: visible(text) for text in texts}
    manifest = engine.manifest
    source = f"{manifest.name} {engine.form}"
    lookup = cache.look_up(source, len(manifest.labels), long_texts, seen.values(), len(manifest.parts))
    fresh = _outcomes(engine, lookup.unknown, long_texts) if lookup.unknown else []
    cache.store(lookup, fresh)
    outcomes = lookup.known | dict(zip(lookup.unknown, fresh, strict=True))
    return {text: outcomes[part] for text, part in seen.items()}


def _outcomes(engine: Classifier, texts: Sequence[str], long_texts: LongTexts) -> list[Outcome]:
    """Return predictions; where the pass raises, bisect until the text that causes it is alone, and fail that one."""
    try:
        return [Outcome(p.probabilities, p.truncated, given_by=p.given_by) for p in engine.classify(texts, long_texts)]
    except Exception as error:  # noqa: BLE001 -- whatever a library raises about one text must not fail the others
        if len(texts) == 1:
            _log_failure(texts[0], error)
            reason = f"The model failed on this text ({type(error).__name__}); its neighbours were not affected."
            return [Outcome(error=RowError("inference_failed", reason))]
        half = len(texts) // 2
        return _outcomes(engine, texts[:half], long_texts) + _outcomes(engine, texts[half:], long_texts)


def _log_failure(text: str, error: Exception) -> None:
    """Log where the model failed. The message may quote the text, and is left out unless the settings allow texts."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    texts = {"text": text, "words": str(error)} if current().log_texts else {}
    log.error(
        "a text cannot be classified",
        chars=len(text),
        error=type(error).__name__,
        at=f"{at.filename}:{at.lineno}",
        **texts,
    )


def _killers(engine: Classifier, store: IsolationStore, chunk: OpenChunk) -> dict[int, RowError]:
    """Return the rows of a chunk that kill the child, searched only when the chunk was in several crashes."""
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
        _outcomes(engine, list(to_classify(divide(texts, chunk.aspects))), chunk.long_texts)

    save: Callable[[bytes], None] = lambda state: store.isolate(chunk.ref, state)  # noqa: E731
    return dict.fromkeys(isolate(len(chunk.input.texts), chunk.isolation, chunk.crashes, run, save), KILLED)
