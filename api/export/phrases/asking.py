"""Asks a process of its own for the phrases of a job."""

from __future__ import annotations

from threading import Semaphore

from api.export.apart import stored_chunks, work_apart
from api.export.kept import kept
from api.export.rows import View
from api.schemas.phrases import Against, Phrases
from sentiq.core.documents import dump
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

PROCESSES = 2  #: at the same time; other requests wait. Each may take 300 MB

_places = Semaphore(PROCESSES)


def kept_phrases(results: Results, job: Job, view: View, against: Against, limit: int) -> str:
    """Return what `phrases` returns, and keep it with a job that has ended."""
    asked = f"{view!r} {against} {limit}"
    return kept(results, job, Phrases, asked, lambda: phrases(results, job, view, against, limit))


def phrases(results: Results, job: Job, view: View, against: Against, limit: int) -> str:
    """Return the document of the rows that the view shows, as JSON.

    Raises JobNotFound if the job was erased while it was read.
    """
    chunks = stored_chunks(results, job, range(job.chunks))
    with _places:
        return work_apart("api.export.phrases.work", [dump(job), dump(view), against, limit], chunks)
