"""Submissions: JSON, or a file of any kind as the body or in a form."""

from __future__ import annotations

import hashlib
import math
import re

from flask import Response, g, request
from pydantic import ValidationError

from api.export.documents import job_document, results_page
from api.export.rows import View
from api.http.auth import check_upload
from api.http.bodies import body_pieces, json_body
from api.http.problems import from_validation, pointer
from api.ingest import detect
from api.ingest.dry_run import dry_run
from api.ingest.files import File
from api.ingest.json_body import json_rows, loads, parse_json
from api.ingest.multipart import Form, read_form
from api.ingest.options import limits
from api.routes.jobs import POLL_AFTER_S, json_answer
from api.routes.jobs import blueprint as blueprint  # one for both: of two, OpenAPI would list one
from api.schemas.common import problems
from api.schemas.jobs import (
    JOB_ANSWER,
    JOB_BODY,
    DryRunDocument,
    JobDocument,
    JobRequest,
    JobWithResults,
    SubmitHeaders,
    SubmitQuery,
    UploadRequest,
)
from api.services import services
from api.submission import Submission, Submitted
from jobs.errors import FieldError, InvalidInput, UnsupportedMediaType
from jobs.models import JobOptions

UPLOAD_REQUEST_BYTES = 16_384  #: of a JSON body that names an upload, at most
INLINE_ROWS = 1000  #: rows that an answer to `Prefer: wait` carries at most

PACKED = frozenset({"application/gzip", "application/x-gzip", "application/octet-stream"})
ACCEPTED = "application/json, multipart/form-data, application/x-ndjson, text/csv, text/plain, an XLSX workbook or gzip"

_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)


@blueprint.post(
    "",
    summary="Submit texts or a file",
    responses={200: JOB_ANSWER, 202: JobDocument, **problems(400, 404, 409, 413, 415, 422, 503)},
    openapi_extensions=JOB_BODY,
)
def submit_job(query: SubmitQuery, header: SubmitHeaders) -> Response:
    """One text, a list, or a file of any length: NDJSON, CSV, TSV, plain text or XLSX, gzipped or not.

    `Prefer: wait=N` answers 200 with results if done within N seconds. An `Idempotency-Key` makes a retry safe: it gets
    the job of the first request.
    """
    answered = _submit(query, header.idempotency_key)
    if isinstance(answered, DryRunDocument):
        return json_answer(answered)
    return _accepted(answered, _wait_s(header.prefer))


def _submit(query: SubmitQuery, idempotency_key: str) -> Submitted | DryRunDocument:
    kind = request.mimetype
    if kind == "application/json":
        return _submit_json(query, idempotency_key)
    if kind == "multipart/form-data":
        return _submit_file(query, idempotency_key, boundary=request.mimetype_params.get("boundary", ""))
    if kind in detect.CONTENT_TYPES or kind in PACKED:
        return _submit_file(query, idempotency_key)
    raise UnsupportedMediaType(f"Content-Type {kind or 'is missing'}: send {ACCEPTED}.")


def _submit_json(query: SubmitQuery, idempotency_key: str) -> Submitted | DryRunDocument:
    for name in query.model_dump(exclude_none=True, exclude_defaults=True, exclude={"dry_run"}):
        detail = f"A JSON body carries its options itself: move `{name}` from the query into the body."
        raise InvalidInput(detail, errors=(FieldError("misplaced_option", detail, pointer=pointer(name)),))
    svc = services()
    body = json_body(accepted=ACCEPTED)
    if len(body) < UPLOAD_REQUEST_BYTES and _names_upload(body):
        return _submit_upload(parse_json(body, UploadRequest), query.dry_run, idempotency_key, body)
    parsed = parse_json(body, JobRequest)
    rows = json_rows(parsed, svc.settings.max_text_chars)
    model, options = svc.check_model(parsed.model), svc.check_options(parsed.resolved(svc.settings))
    if query.dry_run:
        return dry_run(svc, rows, None)
    return _of_body(b"json\n" + body, model, options, idempotency_key).run(rows)


def _submit_file(query: SubmitQuery, idempotency_key: str, boundary: str | None = None) -> Submitted | DryRunDocument:
    svc = services()
    digest = hashlib.sha256(f"file {query.model_dump_json(exclude_none=True)}\n".encode())
    submission: Submission | None = None

    def on_data(data: bytes) -> None:
        digest.update(data)
        if submission is not None:
            submission.on_data()

    pieces = body_pieces(svc.settings.max_file_bytes, on_data)
    form = Form(content_type=request.mimetype, data=pieces)
    if boundary is not None:
        form = read_form(pieces, boundary)
        query = _with_fields(query, form)
    model, options = svc.check_model(query.model), svc.check_options(query.resolved(svc.settings))
    with File(form.data, query.reading(), limits(svc.settings), form.content_type) as file:
        if query.dry_run:
            return dry_run(svc, file.rows(), file)
        # NDJSON is JSON with many lines: small jobs of it go the quick way, and there is nothing to say of its format.
        is_table = file.format.format != "jsonl" or file.format.compression is not None or boundary is not None
        submission = Submission(
            svc,
            model=model,
            options=options,
            request_id=g.request_id,
            idempotency_key=idempotency_key,
            digest=digest.hexdigest,
            known=False,
            file=file if is_table else None,
            max_bad_share=query.max_bad_share,
        )
        return submission.run(file.rows())


def _names_upload(body: bytes) -> bool:
    try:
        document = loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "upload" in document


def _submit_upload(asked: UploadRequest, dry: bool, idempotency_key: str, body: bytes) -> Submitted | DryRunDocument:
    svc = services()
    check_upload(asked.upload)
    upload = svc.uploads.get(asked.upload)
    query = asked.model_copy(update={"filename": asked.filename or upload.file_name})
    model, options = svc.check_model(query.model), svc.check_options(query.resolved(svc.settings))
    with File(svc.uploads.pieces(upload.id), query.reading(), limits(svc.settings), upload.content_type) as file:
        if dry or query.dry_run:
            return dry_run(svc, file.rows(), file)
        submission = _of_body(b"upload\n" + body, model, options, idempotency_key, file, query.max_bad_share)
        return submission.run(file.rows())


def _of_body(
    payload: bytes,
    model: str,
    options: JobOptions,
    idempotency_key: str,
    file: File | None = None,
    max_bad_share: float | None = None,
) -> Submission:
    """A submission whose payload is known before its rows are read."""
    digest = hashlib.sha256(payload).hexdigest()
    return Submission(
        services(),
        model=model,
        options=options,
        request_id=g.request_id,
        idempotency_key=idempotency_key,
        digest=lambda: digest,
        known=True,
        file=file,
        max_bad_share=max_bad_share,
    )


def _with_fields(query: SubmitQuery, form: Form) -> SubmitQuery:
    """The options of a form: those of its fields, over those of the query."""
    fields = {name: value for name, value in form.fields.items() if value != ""}
    named = {} if query.filename or not form.file_name else {"filename": form.file_name}
    try:
        return SubmitQuery.model_validate(named | query.model_dump(exclude_unset=True) | fields)
    except ValidationError as error:
        raise from_validation(error) from None


def _accepted(submitted: Submitted, wait_s: int | None) -> Response:
    svc = services()
    with svc.place_to_wait() as place:
        ended = wait_s is not None and place and svc.wait_ended(submitted.job_id, wait_s)
    if ended:
        job = svc.store.get(submitted.job_id)
        page = results_page(svc.results, job, View(svc.neutral_band(job)), limit=INLINE_ROWS)
        answer = json_answer(JobWithResults(**job_document(job).model_dump(), results=page))
    else:
        answer = json_answer(job_document(svc.store.get(submitted.job_id)), 202)
        answer.headers["Retry-After"] = str(POLL_AFTER_S)
    answer.headers["Location"] = f"/api/v1/jobs/{submitted.job_id}"
    if wait_s is not None and place:
        answer.headers["Preference-Applied"] = f"wait={wait_s}"
    if submitted.replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _wait_s(prefer: str) -> int | None:
    """Seconds that this service is ready to wait, of those the client would (RFC 7240)."""
    found = _WAIT.search(prefer)
    return None if found is None else min(int(found[1]), math.ceil(services().settings.sync_timeout_s))
