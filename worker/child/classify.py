"""Answers opened chunks: one pass over all texts with the same options, and a way around a text that makes it fail."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import structlog

from sentiq.core.invisible_characters import visible
from sentiq.core.long_texts import LongTexts
from sentiq.core.settings import current
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import ChunkRef, Outcome, OutputChunk, RowError
from worker.child.branching import Rows, branched, failed_unread
from worker.child.divided_text import DividedText, divide, to_classify
from worker.child.isolation import CRASHES_BEFORE_ISOLATION, KILLED, isolate

if TYPE_CHECKING:
    from sentiq.engine import Cascade, Classifier, Engine

    Reading: TypeAlias = tuple[Engine | Cascade, LongTexts]  # who reads texts, and how

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
    rows_by_chunk: list[list[tuple[Rows, dict[str, DividedText]]]] = []
    wanted: dict[Reading, list[str]] = {}
    for chunk in chunks:
        errors = dict(chunk.input.errors) | _killers(engine, store, chunk)
        known = _predicted_before(chunk, engine.manifest.name) | {
            offset: failed_unread(engine, chunk, offset, error) for offset, error in errors.items()
        }
        known_by_chunk.append(known)
        unknown = [offset for offset in range(len(chunk.input.texts)) if offset not in known]
        divided = [(rows, _divided(chunk, rows)) for rows in branched(engine, chunk, unknown)]
        rows_by_chunk.append(divided)
        for rows, texts in divided:
            wanted.setdefault((rows.model, chunk.long_texts), []).extend(to_classify(texts))
    outcomes = {reading: _classify(*reading, cache, texts) for reading, texts in wanted.items()}
    results = []
    for chunk, known, divided in zip(chunks, known_by_chunk, rows_by_chunk, strict=True):
        for rows, texts in divided:
            found = outcomes[rows.model, chunk.long_texts]
            for at, offset in enumerate(rows.offsets):
                known[offset] = rows.finished(at, texts[chunk.input.texts[offset]].outcome(found))
        output = OutputChunk(
            first=chunk.input.first,
            model=engine.manifest.name,
            labels=engine.manifest.labels,
            parts=engine.manifest.parts,
            part_labels=engine.manifest.part_labels,
            outcomes=tuple(known[offset] for offset in range(len(chunk.input.texts))),
        )
        results.append((chunk.ref, output))
    return results


def _divided(chunk: OpenChunk, rows: Rows) -> dict[str, DividedText]:
    """Return the texts of these rows as the aspects of the job divide them."""
    return divide((chunk.input.texts[offset] for offset in rows.offsets), chunk.aspects)


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
    outcomes = tuple(
        Outcome(error=chunk.input.errors.get(at, reason), language=chunk.told_language(at))
        for at in range(len(chunk.input.texts))
    )
    return chunk.ref, OutputChunk(first=chunk.input.first, model=chunk.model, labels=(), outcomes=outcomes)


def _classify(
    engine: Engine | Cascade, long_texts: LongTexts, cache: ResultCache, texts: Sequence[str]
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


def _outcomes(engine: Engine | Cascade, texts: Sequence[str], long_texts: LongTexts) -> list[Outcome]:
    """Return predictions; where the pass raises, bisect until the text that causes it is alone, and fail that one."""
    try:
        return [Outcome(p.probabilities, p.truncated, given_by=p.given_by) for p in engine.classify(texts, long_texts)]
    except Exception as error:  # noqa: BLE001 -- whatever a library raises about one text must not fail the others
        if len(texts) == 1:
            _log_failure(texts[0], error)
            name, kind = engine.manifest.name, type(error).__name__
            reason = f"The model {name} failed on this text ({kind}); its neighbours were not affected."
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
        offsets = [offset for offset in range(start, end) if offset not in chunk.input.errors]
        for rows in branched(engine, chunk, offsets):
            _outcomes(rows.model, list(to_classify(_divided(chunk, rows))), chunk.long_texts)

    save: Callable[[bytes], None] = lambda state: store.isolate(chunk.ref, state)  # noqa: E731
    return dict.fromkeys(isolate(len(chunk.input.texts), chunk.isolation, chunk.crashes, run, save), KILLED)
