"""The job API: submit, list, poll, read results, cancel, erase."""

from __future__ import annotations

import hashlib
import re

from flask import Response, g, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from api.documents import job_document, results_page
from api.rows import body_chunks, json_rows, ndjson_rows, parse_json
from api.schemas import (
    JOB_BODY,
    JobDocument,
    JobList,
    JobPath,
    JobRequest,
    JobsQuery,
    JobWithResults,
    ResultsPage,
    ResultsQuery,
    problems,
)
from api.services import services
from api.submission import Submission, Submitted
from jobs.errors import FieldError, InvalidInput, UnsupportedMediaType

POLL_AFTER_S = 1  #: Retry-After of an accepted job
INLINE_ROWS = 1000  #: rows that an answer to `Prefer: wait` carries at most

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})

_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")

blueprint = APIBlueprint("jobs", __name__, url_prefix="/api/v1/jobs", abp_tags=[Tag(name="jobs")])


@blueprint.post(
    "",
    summary="Submit texts",
    responses={200: JobWithResults, 202: JobDocument, **problems(400, 409, 413, 415, 422, 503)},
    openapi_extensions=JOB_BODY,
)
def submit() -> Response:
    """One text, a list, or NDJSON of any length. `Prefer: wait=N` answers 200 with results if done within N seconds.

    An `Idempotency-Key` makes a retry safe: it gets the job of the first request.
    """
    wait_s = _wait_s()
    submitted = _submit_ndjson() if request.mimetype in NDJSON else _submit_json()
    if wait_s is not None and services().wait_ended(submitted.job_id, min(wait_s, services().settings.sync_timeout_s)):
        job = services().store.get(submitted.job_id)
        page = results_page(services().store, job, limit=INLINE_ROWS, cursor=None, include_text=False)
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
    jobs, more = services().store.newest(query.limit, query.after)
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
    """Rows in the order they were submitted, by cursor, also while the job runs."""
    store = services().store
    page = results_page(
        store, store.get(path.job_id), limit=query.limit, cursor=query.cursor, include_text=query.include == "text"
    )
    return _answer(page)


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


def _submit_json() -> Submitted:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(
            f"Content-Type {request.mimetype or 'is missing'}: send application/json or application/x-ndjson."
        )
    svc = services()
    body = read_json_body()
    parsed = parse_json(body, JobRequest)
    rows = json_rows(parsed, svc.settings.max_text_chars)
    digest = hashlib.sha256(b"json\n" + body).hexdigest()
    return Submission(
        svc,
        model=svc.check_model(parsed.model),
        request_id=g.request_id,
        idempotency_key=_idempotency_key(),
        digest=lambda: digest,
        known=True,
    ).run(rows)


def _submit_ndjson() -> Submitted:
    svc = services()
    digest = hashlib.sha256(b"ndjson\n")
    submission = Submission(
        svc,
        model=svc.check_model(request.args.get("model")),
        request_id=g.request_id,
        idempotency_key=_idempotency_key(),
        digest=digest.hexdigest,
        known=False,
    )

    def on_data(data: bytes) -> None:
        digest.update(data)
        submission.on_data()

    request.max_content_length = None  # the stream is limited by `body_chunks`
    pieces = body_chunks(request.stream, request.content_length, svc.settings.max_ndjson_bytes, on_data)
    return submission.run(ndjson_rows(pieces, svc.settings.max_text_chars))


def read_json_body() -> bytes:
    """The whole body. Raises BodyTooLarge."""
    limit = services().settings.max_json_bytes
    request.max_content_length = None
    return b"".join(body_chunks(request.stream, request.content_length, limit, lambda data: None))


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > 255:
        raise InvalidInput(
            "Idempotency-Key has more than 255 characters.",
            errors=(FieldError("too_long", "255 characters at most.", pointer="/Idempotency-Key"),),
        )
    return key


def _wait_s() -> int | None:
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return None if found is None else int(found[1])


def _answer(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(exclude_none=False), status, mimetype="application/json")
