"""Reads JSON, strictly: the only JSON decoder of the API."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from api.http.problems import from_validation
from sentiq.core.errors import FieldError, MalformedBody

Model = TypeVar("Model", bound=BaseModel)


class DuplicateName(ValueError):
    """An object has two members of one name, so that its meaning is not certain."""


def loads(data: bytes) -> Any:
    """Decode JSON. Raises ValueError, RecursionError and DuplicateName."""
    return json.loads(data, object_pairs_hook=unique_members)


def decoded(body: bytes) -> Any:
    """Decode the body of a request. Raises MalformedBody."""
    try:
        return loads(body)
    except UnicodeDecodeError as error:
        detail = (
            f"The body is not UTF-8: its byte {error.start + 1}, {error.object[error.start]:#04x}, is no character."
        )
        raise MalformedBody(detail, errors=(FieldError("invalid_json", detail, pointer=""),)) from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
        code = "duplicate_name" if isinstance(error, DuplicateName) else "invalid_json"
        raise MalformedBody(
            f"The body cannot be read as JSON: {reason}.", errors=(FieldError(code, reason, pointer=""),)
        ) from None


def validated(document: object, model: type[Model]) -> Model:
    """Return a decoded document as a model. Raises InvalidInput with a pointer to each fault."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise from_validation(error, model.model_fields) from None


def unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of an object. Raises DuplicateName."""
    found = dict(members)
    if len(found) < len(members):
        ((twice, _),) = Counter(name for name, _ in members).most_common(1)
        raise DuplicateName(f"the name {twice[:50]!a} occurs twice in one object")
    return found
