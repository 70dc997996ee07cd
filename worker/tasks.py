"""The two Celery tasks, one a lane. Their messages carry no texts: those stay in the job store.

What a task returns is not stored; Flower shows it as the result.
"""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from sentiq.jobs.messages import CLASSIFY_CHUNK, DRAIN
from sentiq.jobs.types import ChunkRef
from worker.child import work


@shared_task(name=DRAIN, bind=True, Request="worker.leased_request:LeasedRequest")
def drain(self: Task[Any, Any]) -> str:
    return work.drain(self.app, self.request.id)


@shared_task(name=CLASSIFY_CHUNK, bind=True, Request="worker.leased_request:LeasedRequest")
def classify_chunk(self: Task[Any, Any], job_id: str, chunk_no: int, rows: int, level: int) -> str:
    return work.classify_chunk(self.app, self.request.id, ChunkRef(job_id, chunk_no, rows, level))
