"""Reads what a request submits: texts in JSON, or a file as the body, in a form, or uploaded before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

from flask import request

from api.http.auth import check_upload
from api.http.bodies import body_pieces, json_body
from api.http.json import decoded, validated
from api.http.problems import pointer
from api.ingest.arriving import detect
from api.ingest.arriving.multipart import read_form
from api.ingest.files import File
from api.ingest.json_body import json_rows
from api.ingest.json_files.table import NATIVE
from api.ingest.limits import limits
from api.ingest.options import Reading
from api.routes.forms import with_fields
from api.schemas.jobs import JobRequest, SubmitQuery, UploadRequest
from api.services import services
from api.submission import Digest, Payload, checked_model, checked_options
from sentiq.core.errors import FieldError, InvalidInput, UnsupportedMediaType

PACKED = frozenset({"application/gzip", "application/x-gzip", "application/octet-stream"})
ACCEPTED = "application/json, multipart/form-data, application/x-ndjson, text/csv, text/plain, a workbook or gzip"


def read_payload(query: SubmitQuery, on_data: Callable[[], None], open_files: ExitStack) -> tuple[Payload, bool]:
    """Return the payload of the present request, and whether only a dry run is asked for.

    Rows of a file are read later, while they arrive; `on_data` is called for each piece. `open_files` closes the file.
    Raises UnsupportedMediaType, InvalidInput, MalformedBody, UploadNotFound, UnknownModel and what reading bodies
    raises.
    """
    kind = request.mimetype
    if kind == "application/json" and not query.filename:  # with a name, it is a file of anybody's JSON
        return _read_json(query, open_files)
    if kind == "multipart/form-data" or kind in detect.CONTENT_TYPES or kind in PACKED:
        return _read_body(query, on_data, open_files)
    raise UnsupportedMediaType(f"Content-Type {kind or 'is missing'}: send {ACCEPTED}.")


def _read_json(query: SubmitQuery, open_files: ExitStack) -> tuple[Payload, bool]:
    for name in query.model_dump(exclude_none=True, exclude_defaults=True, exclude={"dry_run"}):
        detail = f"A JSON body carries its options itself: move `{name}` from the query into the body."
        raise InvalidInput(detail, errors=(FieldError("misplaced_option", detail, pointer=pointer(name)),))
    svc = services()
    body = json_body(accepted=ACCEPTED)
    document = decoded(body)
    if isinstance(document, list):
        detail = "A JSON body is an object. Send a list of rows as a file: in a form, or with `?filename=rows.json`."
        raise InvalidInput(detail, errors=(FieldError("list_without_filename", detail, pointer=""),))
    if isinstance(document, dict) and "upload" in document:
        asked = validated(document, UploadRequest)
        check_upload(asked.upload)
        upload = svc.uploads.get(asked.upload)
        asked = asked.model_copy(update={"filename": asked.filename or upload.file_name})
        pieces = svc.uploads.pieces(upload.id)
        payload = _file_payload(asked, pieces, upload.content_type, Digest(b"upload\n" + body), open_files)
        return payload, asked.dry_run or query.dry_run
    texts = validated(document, JobRequest)
    rows = json_rows(texts, svc.settings.max_text_chars)
    model, options = checked_model(svc, texts.model), checked_options(svc, texts)
    options = replace(
        options,
        has_dates=any(row.when is not None for row in rows),
        has_languages=any(row.language for row in rows),
    )
    return Payload(rows, Digest(b"json\n" + body), options, model), query.dry_run


def _read_body(query: SubmitQuery, on_data: Callable[[], None], open_files: ExitStack) -> tuple[Payload, bool]:
    digest = Digest(f"file {query.model_dump_json(exclude_none=True)}\n".encode(), is_streamed=True)

    def digest_data(data: bytes) -> None:
        digest.update(data)
        on_data()

    pieces = body_pieces(services().settings.max_file_bytes, digest_data)
    if request.mimetype == "multipart/form-data":
        form = read_form(pieces, request.mimetype_params.get("boundary", ""))
        query = with_fields(query, form)
        return _file_payload(query, form.data, form.content_type, digest, open_files), query.dry_run
    payload = _file_payload(query, pieces, request.content_type or "", digest, open_files)
    assert payload.file is not None
    found = payload.file.format
    is_native = payload.file.columns.names == NATIVE and not found.columns  # there is nothing to say of such a file
    is_ndjson = found.format == "jsonl" and found.compression is None and is_native
    return replace(payload, is_ndjson_body=is_ndjson), query.dry_run


def _file_payload(
    asked: SubmitQuery, pieces: Iterator[bytes], content_type: str, digest: Digest, open_files: ExitStack
) -> Payload:
    svc = services()
    model, options = checked_model(svc, asked.model), checked_options(svc, asked)
    file = open_files.enter_context(
        File(pieces, Reading.of(asked, options.time_zone), limits(svc.settings), content_type)
    )
    return Payload(file.rows(), digest, options, model, file, max_bad_share=asked.max_bad_share)
