"""Asks a process of its own for the phrases of a job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from threading import Semaphore

from api.export.apart import stored_chunks, work_apart
from api.export.kept import kept_all
from api.export.phrases.question import Question
from api.schemas.phrases import Phrases
from sentiq.core.documents import dump
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

PROCESSES = 2  #: at the same time; other requests wait. Each may take 300 MB

_places = Semaphore(PROCESSES)


def kept_phrases(results: Results, job: Job, questions: Sequence[Question]) -> list[str]:
    """Return what `phrases` returns, and keep it with a job that has ended: only what is not kept is looked for."""
    asked = [f"{one.view!r} {one.against} {one.limit}" for one in questions]
    return kept_all(results, job, Phrases, asked, lambda at: phrases(results, job, [questions[one] for one in at]))


def phrases(results: Results, job: Job, questions: Sequence[Question]) -> list[str]:
    """Return a document of the rows that each question is about, as JSON. One process answers all.

    Raises JobNotFound if the job was erased while it was read.
    """
    chunks = stored_chunks(results, job, range(job.chunks))
    asked = [dump(job), [[dump(one.view), one.against, one.limit] for one in questions]]
    with _places:
        found: list[str] = json.loads(work_apart("api.export.phrases.work", asked, chunks))
    return found
