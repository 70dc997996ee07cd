"""Reports the chunks that a child works on: as metrics for Prometheus, and in its log lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from sentiq.core import logs
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, ChunkRef, Lane, Outcome, OutputChunk
from worker.child.isolation import KILLED
from worker.metrics import PARTS, metrics, observe_all

NONE: Counter[str] = Counter()

log = structlog.get_logger(__name__)


def log_ids(chunks: Sequence[OpenChunk]) -> dict[str, object]:
    """Return the fields of log lines about these chunks: the ids of one, or lists where several share a batch."""
    requests = [chunk.request_id for chunk in chunks]
    ids = {"request_id": requests[0]} if len(requests) == 1 else {"request_ids": requests}
    return ids | chunk_ids([chunk.ref for chunk in chunks])


def chunk_ids(refs: Sequence[ChunkRef]) -> dict[str, object]:
    """Return the same fields without the requests: the parent does not know those."""
    if len(refs) == 1:
        return {"job_id": refs[0].job_id, "chunk": refs[0].chunk_no}
    return {"job_ids": [ref.job_id for ref in refs]}


def started(lane: Lane, chunks: Sequence[OpenChunk]) -> None:
    """Report how long the chunks waited for a child."""
    observe_all(metrics().queue_wait.labels(lane), [c.waited_s for c in chunks if c.waited_s is not None])


def finished(
    lane: Lane, chunks: Sequence[OpenChunk], results: Sequence[tuple[ChunkRef, OutputChunk]], took_s: float
) -> None:
    """Report results that are recorded. `took_s` is the time of all chunks together."""
    answers = dict(results)
    completed = poison = 0
    failures: Counter[str] = Counter()  # by what they count as
    givers: Counter[int] = Counter()  # of rows that a pair answered
    by_model: Counter[str] = Counter()  # of rows with a prediction
    for chunk in chunks:
        answer = answers[chunk.ref]
        fresh = _fresh(chunk, answer)
        errors = [outcome.error for outcome in fresh if outcome.error is not None]
        found = Counter(error.counts_as for error in errors) if errors else NONE
        completed += len(fresh) - len(errors)
        failures.update(found)
        if answer.parts:
            by_model.update(answer.parts[outcome.given_by - 1] for outcome in fresh if outcome.error is None)
            if not answer.part_labels:
                givers.update(outcome.given_by for outcome in fresh)
        else:
            by_model[answer.model] += len(fresh) - len(errors)
        poison += errors.count(KILLED)
        logs.sampled(
            log,
            "chunk answered",
            **log_ids([chunk]),
            rows=len(fresh),
            failed=found[FAILED],
            without_text=found[WITHOUT_TEXT],
            waited_s=chunk.waited_s,
            took_s=round(took_s, 4),
        )
    counted = metrics()
    counted.chunks.labels(lane).inc(len(chunks))
    for outcome, count in {"completed": completed, **failures}.items():
        counted.texts.labels(lane, outcome).inc(count)
    for given_by, part in enumerate(PARTS, start=1):
        counted.cascade_texts.labels(lane, part).inc(givers[given_by])
    for model, count in by_model.items():
        counted.model_texts.labels(lane, model).inc(count)
    counted.poison_rows.labels(lane).inc(poison)


def _fresh(chunk: OpenChunk, answer: OutputChunk) -> Sequence[Outcome]:
    """Return the outcomes that this execution was to find: of a chunk that is tried again, those that had failed."""
    if chunk.before is None:
        return answer.outcomes
    tried = (o for o, before in enumerate(chunk.before.outcomes) if before.error and before.error.is_retryable)
    return [answer.outcomes[offset] for offset in tried]
