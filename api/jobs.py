"""The job API: submit, list, poll, read results, cancel, erase."""

from __future__ import annotations

import hashlib
import math
import re

from flask import Response, g, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from api.bodies import body_pieces, json_body
from api.documents import job_document, results_page
from api.problems import pointer
from api.rows import json_rows, ndjson_rows, parse_json
from api.schemas.common import problems
from api.schemas.jobs import (
    JOB_BODY,
    JobDocument,
    JobList,
    JobPath,
    JobRequest,
    JobsQuery,
    JobWithResults,
    SubmitHeaders,
    SubmitQuery,
)
from api.schemas.results import ResultsPage, ResultsQuery
from api.services import services
from api.submission import Submission, Submitted
from jobs.errors import FieldError, InvalidInput

POLL_AFTER_S = 1  #: Retry-After of an accepted job
INLINE_ROWS = 1000  #: rows that an answer to `Prefer: wait` carries at most

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", abp_tags=[Tag(name="jobs")])


@blueprint.post(
    "",
    summary="Submit texts",
    responses={200: JobWithResults, 202: JobDocument, **problems(400, 409, 413, 415, 422, 503)},
    openapi_extensions=JOB_BODY,
)
def submit(query: SubmitQuery, header: SubmitHeaders) -> Response:
    """One text, a list, or NDJSON of any length. `Prefer: wait=N` answers 200 with results if done within N seconds.

    An `Idempotency-Key` makes a retry safe: it gets the job of the first request.
    """
    wait_s = _wait_s(header.prefer)
    take = _submit_ndjson if request.mimetype in NDJSON else _submit_json
    submitted = take(query, header.idempotency_key)
    if wait_s is not None and services().wait_ended(submitted.job_id, wait_s):
        job = services().store.get(submitted.job_id)
        page = results_page(services().store, job, limit=INLINE_ROWS, neutral_band=services().neutral_band(job))
        answer = _answer(JobWithResults(**job_document(job).model_dump(), results=page), 200)
    else:
        answer = _answer(job_document(services().store.get(submitted.job_id)), 202)
        answer.headers["Retry-After"] = str(POLL_AFTER_S)
    answer.headers["Location"] = f"/api/v1/jobs/{submitted.job_id}"
    if wait_s is not None:
        answer.headers["Preference-Applied"] = f"wait={wait_s}"
    if submitted.replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


@blueprint.get("", summary="List jobs, newest first", responses={200: JobList, **problems(422, 503)})
def list_jobs(query: JobsQuery) -> Response:
    jobs, more = services().store.newest(query.limit, query.after, query.states)
    return _answer(JobList(data=[job_document(job) for job in jobs], next=jobs[-1].id if more else None))


@blueprint.get("/<job_id>", summary="Poll a job", responses={200: JobDocument, **problems(404, 422, 503)})
def get_job(path: JobPath) -> Response:
    job = services().store.get(path.job_id)
    answer = _answer(job_document(job))
    if not job.state.ended:
        answer.headers["Retry-After"] = str(POLL_AFTER_S)
    return answer


@blueprint.get("/<job_id>/results", summary="Read results", responses={200: ResultsPage, **problems(404, 422, 503)})
def get_results(path: JobPath, query: ResultsQuery) -> Response:
    """Rows in the order they were submitted, by cursor, also while the job runs.

    A `neutral_band` here relabels the rows of this answer: nothing is classified again.
    """
    svc = services()
    job = svc.store.get(path.job_id)
    page = results_page(
        svc.store,
        job,
        limit=query.limit,
        neutral_band=svc.neutral_band(job, query.neutral_band),
        cursor=query.cursor,
        include_text=query.include == "text",
    )
    return _answer(page)


@blueprint.post("/<job_id>/pause", summary="Pause a job", responses={200: JobDocument, **problems(404, 409, 422, 503)})
def pause_job(path: JobPath) -> Response:
    """Chunks in flight end, no further one starts until it is resumed. Rows may still arrive."""
    services().store.pause(path.job_id)
    return _answer(job_document(services().store.get(path.job_id)))


@blueprint.post(
    "/<job_id>/resume", summary="Resume a job", responses={200: JobDocument, **problems(404, 409, 422, 503)}
)
def resume_job(path: JobPath) -> Response:
    """Goes on where it was paused, if its time has come."""
    svc = services()
    svc.publish(svc.store.resume(path.job_id))
    return _answer(job_document(svc.store.get(path.job_id)))


@blueprint.post(
    "/<job_id>/retry", summary="Try failed rows again", responses={200: JobDocument, **problems(404, 409, 422, 503)}
)
def retry_job(path: JobPath) -> Response:
    """The failed rows of a completed job are classified again, but for those whose lines could not be read.

    All results stay readable meanwhile.
    """
    svc = services()
    svc.publish(svc.store.retry(path.job_id))
    return _answer(job_document(svc.store.get(path.job_id)))


@blueprint.post("/<job_id>/cancel", summary="Stop a job", responses={200: JobDocument, **problems(404, 409, 422, 503)})
def cancel_job(path: JobPath) -> Response:
    """Rows that are finished stay readable."""
    services().store.cancel(path.job_id)
    return _answer(job_document(services().store.get(path.job_id)))


@blueprint.delete("/<job_id>", summary="Erase a job", responses={204: None, **problems(404, 422, 503)})
def erase_job(path: JobPath) -> Response:
    """Its texts and results are gone at once, whatever its state."""
    services().store.erase(path.job_id)
    return Response(status=204)


def _submit_json(query: SubmitQuery, idempotency_key: str) -> Submitted:
    for name in query.model_dump(exclude_none=True):
        detail = f"A JSON body carries its options itself: move `{name}` from the query into the body."
        raise InvalidInput(detail, errors=(FieldError("misplaced_option", detail, pointer=pointer(name)),))
    svc = services()
    body = json_body(accepted="application/json or application/x-ndjson")
    parsed = parse_json(body, JobRequest)
    rows = json_rows(parsed, svc.settings.max_text_chars)
    digest = hashlib.sha256(b"json\n" + body).hexdigest()
    return Submission(
        svc,
        model=svc.check_model(parsed.model),
        options=parsed.resolved(svc.settings),
        request_id=g.request_id,
        idempotency_key=idempotency_key,
        digest=lambda: digest,
        known=True,
    ).run(rows)


def _submit_ndjson(query: SubmitQuery, idempotency_key: str) -> Submitted:
    svc = services()
    digest = hashlib.sha256(f"ndjson {query.model_dump_json(exclude_none=True)}\n".encode())
    submission = Submission(
        svc,
        model=svc.check_model(query.model),
        options=query.resolved(svc.settings),
        request_id=g.request_id,
        idempotency_key=idempotency_key,
        digest=digest.hexdigest,
        known=False,
    )

    def on_data(data: bytes) -> None:
        digest.update(data)
        submission.on_data()

    return submission.run(ndjson_rows(body_pieces(svc.settings.max_ndjson_bytes, on_data), svc.settings.max_text_chars))


def _wait_s(prefer: str) -> int | None:
    """Seconds that this service is ready to wait, of those the client would (RFC 7240)."""
    found = _WAIT.search(prefer)
    return None if found is None else min(int(found[1]), math.ceil(services().settings.sync_timeout_s))


def _answer(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(), status, mimetype="application/json")
