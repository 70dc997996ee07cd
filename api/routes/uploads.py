"""Keeps uploaded files for a while and shows how they would be read; a job can name one by its id."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict

from flask import Response, request
from flask_openapi3 import Tag

from api.http.auth import caller
from api.http.blueprint import Blueprint
from api.http.bodies import body_pieces
from api.http.times import instant
from api.ingest.arriving.multipart import read_form
from api.ingest.files import File
from api.ingest.limits import limits
from api.ingest.options import Reading
from api.routes.forms import with_fields
from api.schemas.common import problems
from api.schemas.jobs import UPLOAD_BODY, FileDocument
from api.schemas.uploads import ColumnDocument, UploadDocument, UploadPath, UploadQuery
from api.services import services
from sentiq.core.errors import SentiqError
from sentiq.jobs.uploads import Upload

ROWS_SHOWN = 10
ROWS_COUNTED = 2_000  #: whose cells are in the notes
SAMPLES_SHOWN = 3
CONTENT_TYPE_CHARS = 255
CELL_SHOWN = 200  #: characters of a cell

blueprint = Blueprint("uploads", __name__, url_prefix="/api/v1/uploads", abp_tags=[Tag(name="uploads")])


@blueprint.post(
    "",
    summary="Upload a file to look at",
    responses={201: UploadDocument, **problems(400, 413, 415, 422, 503)},
    openapi_extensions=UPLOAD_BODY,
)
def create_upload(query: UploadQuery) -> Response:
    """As the body or in a form's field `file`. The answer says how it would be read; nothing is classified yet."""
    svc = services()
    data = body_pieces(svc.settings.max_upload_bytes, lambda data: None)
    content_type = request.content_type or ""
    if request.mimetype == "multipart/form-data":
        form = read_form(data, request.mimetype_params.get("boundary", ""))
        query, data, content_type = with_fields(query, form), form.data, form.content_type
    svc.admission.check(None)
    upload_id = svc.uploads.create(
        data, query.filename or "", content_type[:CONTENT_TYPE_CHARS], caller().owner_of_new_jobs
    )
    try:
        document = _document(svc.uploads.get(upload_id), query)
    except BaseException:
        svc.uploads.delete(upload_id)
        raise
    answer = Response(document.model_dump_json(), 201, mimetype="application/json")
    answer.headers["Location"] = f"/api/v1/uploads/{upload_id}"
    return answer


@blueprint.get("/<upload_id>", summary="Look at it again", responses={200: UploadDocument, **problems(404, 422, 503)})
def get_upload(path: UploadPath, query: UploadQuery) -> Response:
    """With other choices of sheet, encoding, delimiter or header."""
    document = _document(services().uploads.get(path.upload_id), query)
    return Response(document.model_dump_json(), mimetype="application/json")


@blueprint.delete("/<upload_id>", summary="Forget it", responses={204: None, **problems(404, 422, 503)})
def delete_upload(path: UploadPath) -> Response:
    """Jobs that were made of it keep their rows."""
    services().uploads.delete(path.upload_id)
    return Response(status=204)


def _document(upload: Upload, query: UploadQuery) -> UploadDocument:
    svc = services()
    asked = query.model_copy(update={"filename": query.filename or upload.file_name, "keep_columns": True})
    pieces: Iterator[bytes] = svc.uploads.pieces(upload.id)
    with File(
        pieces, Reading.of(asked, svc.settings.time_zone), limits(svc.settings), upload.content_type, is_shown=True
    ) as file:
        shown = [[cell[:CELL_SHOWN] for cell in row] for row in file.sample]
        with suppress(SentiqError):  # what is wrong further on, the job will say
            collections.deque(itertools.islice(file.rows(), ROWS_COUNTED), maxlen=0)
        names = file.columns.names
        return UploadDocument(
            id=upload.id,
            filename=upload.file_name,
            bytes=upload.size,
            created_at=instant(upload.created_at_ms),
            expires_at=instant(upload.expires_at_ms),
            format=FileDocument(**asdict(file.format) | {"columns": list(names)}),
            options=sorted(file.options),
            sheets=file.sheets,
            columns=[
                ColumnDocument(
                    number=at + 1, name=name, samples=[row[at] for row in shown if len(row) > at][:SAMPLES_SHOWN]
                )
                for at, name in enumerate(names)
            ],
            preview=shown[:ROWS_SHOWN],
        )
