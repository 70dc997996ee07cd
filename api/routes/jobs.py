"""The job API: submit, list, poll, read results, pause, resume, retry, cancel, erase."""

from __future__ import annotations

import math
import re
from contextlib import ExitStack

from flask import Response
from flask_openapi3 import Tag
from pydantic import BaseModel

from api.export.documents import job_document, results_page, sorted_page, whole_page
from api.export.rows import plain_view
from api.http.auth import caller
from api.http.blueprint import Blueprint
from api.ingest.dry_run import dry_run
from api.routes.payloads import read_payload
from api.routes.views import neutral_band_of, order_of, view_of
from api.schemas.common import problems
from api.schemas.jobs import (
    JOB_ANSWER,
    JOB_BODY,
    JobDocument,
    JobList,
    JobPath,
    JobsQuery,
    JobWithResults,
    SubmitHeaders,
    SubmitQuery,
)
from api.schemas.results import ResultsPage, ResultsQuery
from api.services import services
from api.submission import Submission, Submitted
from sentiq.jobs.chunk_result import ChunkResult

POLL_AFTER_S = 1  #: Retry-After of a job that has not ended
INLINE_ROWS = 1000  #: rows that an answer to `Prefer: wait` carries at most

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)

blueprint = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs", abp_tags=[Tag(name="jobs")])


@blueprint.post(
    "",
    summary="Submit texts or a file",
    responses={200: JOB_ANSWER, 202: JobDocument, **problems(400, 404, 409, 413, 415, 422, 503)},
    openapi_extensions=JOB_BODY,
)
def submit_job(query: SubmitQuery, header: SubmitHeaders) -> Response:
    """One text, a list, or a file of any length: a table or a list of texts in any usual format, gzipped or not.

    `Prefer: wait=N` answers 200 with results if done within N seconds. An `Idempotency-Key` makes a retry safe: it gets
    the job of the first request.
    """
    svc, wait_s = services(), _wait_s(header.prefer)
    submission = Submission(svc, header.idempotency_key, waits_for_end=wait_s is not None)
    with ExitStack() as open_files:
        payload, is_dry_run = read_payload(query, submission.on_data, open_files)
        if is_dry_run:
            return json_answer(dry_run(svc, payload.rows, payload.file))
        submitted = submission.run(payload)
    if wait_s is None:
        return _accepted(submitted)
    with svc.place_to_wait() as place:
        answer = _ended(submitted, wait_s if place else 0)
    if place:
        answer.headers["Preference-Applied"] = f"wait={wait_s}"
    return answer


@blueprint.get("", summary="List jobs, newest first", responses={200: JobList, **problems(422, 503)})
def list_jobs(query: JobsQuery) -> Response:
    """With `idempotency_key` it tells the id of a job whose upload has not ended: no answer to that has come yet."""
    if query.idempotency_key is not None:
        made = services().store.find_by_idempotency_key(query.idempotency_key, caller().owner_of_new_jobs)
        return json_answer(JobList(data=[] if made is None else [job_document(made)], next=None))
    jobs, following = services().store.list_jobs(query.limit, query.after, query.states, caller().visible_owner)
    return json_answer(JobList(data=[job_document(job) for job in jobs], next=following))


@blueprint.get("/<job_id>", summary="Poll a job", responses={200: JobDocument, **problems(404, 422, 503)})
def get_job(path: JobPath) -> Response:
    job = services().store.get(path.job_id)
    answer = json_answer(job_document(job))
    if not job.state.has_ended:
        answer.headers["Retry-After"] = str(POLL_AFTER_S)
    return answer


@blueprint.get(
    "/<job_id>/results", summary="Read results", responses={200: ResultsPage, **problems(404, 409, 422, 503)}
)
def get_results(path: JobPath, query: ResultsQuery) -> Response:
    """Rows in the order they were submitted, by cursor, also while the job runs.

    A page may have fewer rows than `limit`, or none, since only a part of a job is looked at for each: `next` that is
    null is the end, and nothing else. While the job runs, the `next` of a page may be its own cursor: no more is
    finished yet.
    With `sort`, which only an ended job has, every page but the last is full.
    A `neutral_band` here relabels the rows of this answer: nothing is classified again.
    """
    svc = services()
    job = svc.store.get(path.job_id)
    view = view_of(query, job)
    order = order_of(job, view)
    if order is not None:
        return json_answer(sorted_page(svc.results, job, view, order, limit=query.limit, cursor=query.cursor))
    return json_answer(results_page(svc.results, job, view, limit=query.limit, cursor=query.cursor))


@blueprint.post("/<job_id>/pause", summary="Pause a job", responses={200: JobDocument, **problems(404, 409, 422, 503)})
def pause_job(path: JobPath) -> Response:
    """Chunks in flight end, no further one starts until it is resumed. Rows may still arrive."""
    services().store.pause(path.job_id)
    return json_answer(job_document(services().store.get(path.job_id)))


@blueprint.post(
    "/<job_id>/resume", summary="Resume a job", responses={200: JobDocument, **problems(404, 409, 422, 503)}
)
def resume_job(path: JobPath) -> Response:
    """Goes on where it was paused, if its time has come."""
    svc = services()
    svc.publish(svc.store.resume(path.job_id))
    return json_answer(job_document(svc.store.get(path.job_id)))


@blueprint.post(
    "/<job_id>/retry", summary="Try failed rows again", responses={200: JobDocument, **problems(404, 409, 422, 503)}
)
def retry_job(path: JobPath) -> Response:
    """The failed rows of a completed job are classified again, but for those whose lines could not be read.

    All results stay readable meanwhile.
    """
    svc = services()
    svc.publish(svc.store.retry(path.job_id))
    return json_answer(job_document(svc.store.get(path.job_id)))


@blueprint.post("/<job_id>/cancel", summary="Stop a job", responses={200: JobDocument, **problems(404, 409, 422, 503)})
def cancel_job(path: JobPath) -> Response:
    """Rows that are finished stay readable."""
    services().store.cancel(path.job_id)
    return json_answer(job_document(services().store.get(path.job_id)))


@blueprint.delete("/<job_id>", summary="Erase a job", responses={204: None, **problems(404, 422, 503)})
def erase_job(path: JobPath) -> Response:
    """Its texts and results are gone at once, whatever its state."""
    services().store.erase(path.job_id)
    return Response(status=204)


def json_answer(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(), status, mimetype="application/json")


def _ended(submitted: Submitted, wait_s: int) -> Response:
    """Answer with the job and its results, or as `_accepted` where it takes longer than the client would wait."""
    svc, ticket = services(), submitted.ticket
    if ticket is not None:
        end = svc.small_jobs.wait_ended(ticket, wait_s)
        if end is None:
            return _accepted(submitted)
        job = end.job
        assert job is not None, "the index lists it"
        view = plain_view(job, neutral_band_of(job.options))
        found = None if end.answers is None else ChunkResult(0, ticket.small.rows, end.answers)
        page = whole_page(job, view, found)
    else:
        if not svc.wait_ended(submitted.job_id, wait_s):
            return _accepted(submitted)
        job = svc.store.get(submitted.job_id)
        page = results_page(svc.results, job, plain_view(job, neutral_band_of(job.options)), limit=INLINE_ROWS)
    return _located(json_answer(JobWithResults(**dict(job_document(job)), results=page)), submitted)


def _accepted(submitted: Submitted) -> Response:
    answer = json_answer(job_document(services().store.get(submitted.job_id)), 202)
    answer.headers["Retry-After"] = str(POLL_AFTER_S)
    return _located(answer, submitted)


def _located(answer: Response, submitted: Submitted) -> Response:
    answer.headers["Location"] = f"/api/v1/jobs/{submitted.job_id}"
    if submitted.is_replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _wait_s(prefer: str) -> int | None:
    """Seconds that this service is ready to wait, of those the client would (RFC 7240)."""
    found = _WAIT.search(prefer)
    return None if found is None else min(int(found[1]), math.ceil(services().settings.sync_timeout_s))
