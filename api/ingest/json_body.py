"""JSON bodies are all or nothing: one bad text and none is accepted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from api.http.problems import from_validation, pointer
from api.ingest.faults import is_unicode, text_fault
from api.schemas.common import RequestT
from api.schemas.jobs import JobRequest
from jobs.errors import FieldError, InvalidInput, MalformedBody
from jobs.models import Row


class DuplicateName(ValueError):
    """An object has two members of one name: which one is meant, nobody can tell."""


def loads(data: bytes) -> Any:
    return json.loads(data, object_pairs_hook=_object)


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        ((twice, _),) = Counter(name for name, _ in members).most_common(1)
        raise DuplicateName(f"the name {twice[:50]!a} occurs twice in one object")
    return found


def parse_json(body: bytes, model: type[RequestT]) -> RequestT:
    """Raises MalformedBody when it is not JSON, InvalidInput when it is not what the model asks for."""
    try:
        document = loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(";")[0]
        code = "duplicate_name" if isinstance(error, DuplicateName) else "invalid_json"
        raise MalformedBody(
            f"The body cannot be read as JSON: {reason}.", errors=(FieldError(code, reason, pointer=""),)
        ) from None
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise from_validation(error) from None


def json_rows(job: JobRequest, max_chars: int) -> list[Row]:
    """The rows of a JSON job. Raises InvalidInput with a pointer to each bad text; then nothing is accepted."""
    if job.text is not None:
        rows, places = [Row(job.text)], [pointer("text")]
    elif job.texts is not None:
        rows, places = [Row(t) for t in job.texts], [pointer("texts", i) for i in range(len(job.texts))]
    else:
        items = job.items or []
        rows = [Row(item.text, item.custom_id) for item in items]
        places = [pointer("items", i, "text") for i in range(len(items))]
    check_texts([row.text for row in rows], places, max_chars)
    check_ids([row.custom_id for row in rows])
    return rows


def check_texts(texts: Sequence[str], places: Sequence[str], max_chars: int) -> None:
    """Raises InvalidInput with the places of all texts that cannot be taken."""
    faults = tuple(
        FieldError(fault.code, fault.detail, pointer=place)
        for text, place in zip(texts, places, strict=True)
        if (fault := text_fault(text, max_chars)) is not None
    )
    if faults:
        raise InvalidInput(f"{len(faults)} of {len(texts)} texts cannot be taken; see `errors`.", errors=faults)


def check_ids(custom_ids: list[str | None]) -> None:
    """An id that is no Unicode text could not be stored."""
    faults = tuple(
        FieldError("invalid_unicode", "The id has half a surrogate pair.", pointer=pointer("items", i, "custom_id"))
        for i, custom_id in enumerate(custom_ids)
        if custom_id is not None and not is_unicode(custom_id)
    )
    if faults:
        raise InvalidInput(f"{len(faults)} ids cannot be taken; see `errors`.", errors=faults)
