"""Manages the sets of aspects that jobs may name. Changing them needs the operator's token, if one is set."""

from __future__ import annotations

from flask import Response, request
from flask_openapi3 import Tag
from pydantic import BaseModel

from api.http.auth import operator_only
from api.http.blueprint import Blueprint
from api.http.bodies import body_pieces
from api.http.json import decoded
from api.http.times import instant
from api.schemas.aspect_definitions import AspectSetDefinition
from api.schemas.aspect_sets import (
    AspectSetDocument,
    AspectSetIdPath,
    AspectSetList,
    AspectSetPath,
    AspectSetQuery,
    AspectSetVersion,
)
from api.schemas.common import any_of, body_of, problems
from api.services import services
from sentiq.aspects.files import MAX_BYTES, from_yaml, to_yaml
from sentiq.aspects.sets import AspectSet, parse_set
from sentiq.core.errors import FieldError, InvalidInput, UnsupportedMediaType
from sentiq.jobs.aspect_sets import StoredSet

YAML = "application/yaml"  #: RFC 9512
_YAML_NAMES = (YAML, "application/x-yaml", "text/yaml", "text/x-yaml")
_YAML_BODY = {"schema": any_of(AspectSetDefinition)}

blueprint = Blueprint("aspect_sets", __name__, url_prefix="/api/v1/aspect-sets", abp_tags=[Tag(name="aspect sets")])


@blueprint.get("", summary="List sets of aspects", responses={200: AspectSetList, **problems(422, 503)})
def list_aspect_sets() -> Response:
    """The newest version of each: those that come along with the service, then the stored ones."""
    return _answer(AspectSetList(data=[_document(stored) for stored in services().aspect_sets.all()]))


@blueprint.get(
    "/<set_name>",
    summary="Read a set of aspects",
    responses={
        200: {
            "description": "the set; with `format=yaml` its definition",
            "content": {"application/json": {"schema": any_of(AspectSetDocument)}, YAML: _YAML_BODY},
        },
        **problems(404, 422, 503),
    },
)
def get_aspect_set(path: AspectSetPath, query: AspectSetQuery) -> Response:
    """Its newest version by `id`, any by `id@version`."""
    store = services().aspect_sets
    stored = store.get(path.set_name)
    if query.format == "yaml":
        return Response(to_yaml(stored.aspects), mimetype=YAML)
    versions = [
        AspectSetVersion(version=version.aspects.version, stored_at=_instant(version.stored_at_ms))
        for version in store.versions(stored.aspects.id)
    ]
    return _answer(_document(stored).model_copy(update={"versions": versions}))


@blueprint.put(
    "/<set_id>",
    summary="Store a set of aspects",
    responses={200: AspectSetDocument, 201: AspectSetDocument, **problems(400, 413, 415, 422, 503)},
    openapi_extensions=body_of(AspectSetDefinition, **{YAML: _YAML_BODY}),
)
def put_aspect_set(path: AspectSetIdPath) -> Response:
    """As JSON or YAML. Other content makes a new version; the versions before are kept until the set is deleted.

    Jobs carry the set they were submitted with: nothing changes for them.
    """
    operator_only(open_without_token=True)
    aspects = _read_set()
    if aspects.id != path.set_id:
        detail = f"The set says that its id is {aspects.id!r}, and the address {path.set_id!r}: give both the same."
        raise InvalidInput(detail, errors=(FieldError("other_id", detail, pointer="/id"),))
    store = services().aspect_sets
    is_new = store.save(aspects)
    return _answer(_document(store.get(aspects.name)), 201 if is_new else 200)


@blueprint.delete("/<set_id>", summary="Delete a set of aspects", responses={204: None, **problems(404, 422, 503)})
def delete_aspect_set(path: AspectSetIdPath) -> Response:
    """With all its versions. Jobs that were submitted with it keep it."""
    operator_only(open_without_token=True)
    services().aspect_sets.delete(path.set_id)
    return Response(status=204)


def _read_set() -> AspectSet:
    """Read the body. Raises AspectSetError, MalformedBody, UnsupportedMediaType and what reading bodies raises."""
    if request.mimetype != "application/json" and request.mimetype not in _YAML_NAMES:
        raise UnsupportedMediaType(f"Content-Type {request.mimetype or 'is missing'}: send application/json or {YAML}.")
    body = b"".join(body_pieces(MAX_BYTES, lambda data: None))
    return parse_set(decoded(body)) if request.mimetype == "application/json" else from_yaml(body)


def _document(stored: StoredSet) -> AspectSetDocument:
    aspects = stored.aspects
    return AspectSetDocument(
        id=aspects.id,
        version=aspects.version,
        built_in=stored.stored_at_ms is None,
        stored_at=_instant(stored.stored_at_ms),
        definition=AspectSetDefinition.model_validate(aspects.document()),
    )


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else instant(at_ms)


def _answer(document: BaseModel, status: int = 200) -> Response:
    return Response(document.model_dump_json(by_alias=True), status, mimetype="application/json")
