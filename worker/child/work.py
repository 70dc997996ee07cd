"""What both tasks do, whoever calls them: Celery (worker/tasks.py), or a thread of `sentiq serve --embedded`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from sentiq.jobs.lanes import BulkLane, InteractiveLane, OpenChunk
from sentiq.jobs.messages import Producer, publish
from sentiq.jobs.types import ChunkRef, OutputChunk
from worker import context
from worker.child import reporting
from worker.child.classify import answer, refuse
from worker.metrics import metrics
from worker.serving import serving
from worker.shared_memory import shared

DRAIN_BUDGET_S = 2.0  #: then a `drain` publishes its successor, so that Celery sees progress and a worker can stop soon

LINGER_S = 0.1  #: how long a `drain` without work waits for more

log = structlog.get_logger(__name__)

T = TypeVar("T")
Results = list[tuple[ChunkRef, OutputChunk]]


def drain(producer: Producer, task_id: str) -> str:
    """Classify pending interactive chunks, batch after batch, until none has come for LINGER_S. Returns what was done.

    The batch grows with the load: what arrives during one forward pass shares the next. A `drain` that lingers answers
    the next request without a message, which would cost more than a short text.
    """
    lane = context.child().interactive
    deadline = monotonic() + DRAIN_BUDGET_S
    batches = chunks = rows = 0

    def record(results: Results, took_ms: float) -> list[OpenChunk] | None:
        if monotonic() < deadline:
            return lane.record_and_take(results, took_ms, task_id)
        lane.record(results, took_ms)
        return None

    with bound_contextvars(lane=lane.lane, task_id=task_id):
        opened = lane.take(task_id, lingers=True)
        while True:
            if opened:
                batches, chunks = batches + 1, chunks + len(opened)
                rows += sum(chunk.ref.rows for chunk in opened)
                opened = _work(lane, opened, monotonic(), record)
            elif monotonic() >= deadline:
                lane.hand_over(producer, task_id)
                break
            elif opened is not None or lane.hear_bell(LINGER_S):
                opened = lane.take(task_id, lingers=True)
            elif (opened := lane.take(task_id)) is None:
                break
    return f"rows={rows} chunks={chunks} batches={batches}"


def classify_chunk(producer: Producer, task_id: str, ref: ChunkRef) -> str:
    """Classify one chunk of a bulk job and publish the next. Returns what was done."""
    lane, began = context.child().bulk, monotonic()
    with bound_contextvars(lane=lane.lane, task_id=task_id):
        opened = lane.claim(ref, task_id)
        if opened is None:
            return "nothing to do: done, held, ended, or another task has it"
        publish(producer, _work(lane, [opened], began, lane.record))
    return f"rows={ref.rows} attempt={opened.crashes + 1}"


def _work(
    lane: InteractiveLane | BulkLane, opened: list[OpenChunk], began: float, record: Callable[[Results, float], T]
) -> T:
    """Answer the chunks, then record and report the results. Returns what `record` does, which gets milliseconds."""
    with bound_contextvars(**reporting.log_ids(opened)):
        reporting.started(lane.lane, opened)
        results = _answer(lane, opened)
        took_s = monotonic() - began
        following = record(results, max(1.0, took_s * 1000))
    reporting.finished(lane.lane, opened, results, took_s)
    return following


def _answer(lane: InteractiveLane | BulkLane, opened: list[OpenChunk]) -> Results:
    """Answer the chunks with the models that their jobs ask for; in degraded mode with a smaller one."""
    groups: dict[str, list[OpenChunk]] = {}
    for chunk in opened:
        groups.setdefault(chunk.model, []).append(chunk)
    results: Results = []
    for model, chunks in groups.items():
        stands_in = not model and shared.degraded
        try:
            engine = serving.fallback() if stands_in else serving.engine_for(model)
            stands_in = stands_in and engine is not serving.engine_for()
        except Exception as error:  # whatever it is, another try would raise it again: the rows get it as their error
            log.exception("the model that a job asks for cannot be used", model=model)
            results += [refuse(chunk, error) for chunk in chunks]
        else:
            answers = answer(engine, lane, context.child().cache, chunks)
            results += [(ref, replace(output, degraded=stands_in)) for ref, output in answers]
            if stands_in:
                metrics().degraded_texts.inc(sum(chunk.ref.rows for chunk in chunks))
    return results
