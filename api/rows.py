"""From request bodies to rows. JSON is all or nothing; an NDJSON line that is wrong fails alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from api.problems import from_validation, pointer
from api.schemas.common import RequestT
from api.schemas.jobs import Item, JobRequest
from jobs.errors import FieldError, InvalidInput, MalformedBody
from jobs.models import Row, RowError

LINE_OVERHEAD = 4096  #: bytes a line may have beside its text: JSON syntax, custom_id


class DuplicateName(ValueError):
    """An object has two members of one name: which one is meant, nobody can tell."""


def _loads(data: bytes) -> Any:
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
        document = _loads(body)
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
        if custom_id is not None and not _is_unicode(custom_id)
    )
    if faults:
        raise InvalidInput(f"{len(faults)} ids cannot be taken; see `errors`.", errors=faults)


def text_fault(text: str, max_chars: int) -> RowError | None:
    """Why a text cannot be classified, or None."""
    if not text.strip():
        return RowError("empty_text", "The text is empty or blank.")
    if len(text) > max_chars:
        return RowError(
            "text_too_long", f"The text has {len(text):,} characters; the limit is {max_chars:,}. Split or shorten it."
        )
    if "\0" in text:
        return RowError("nul_character", "The text has a NUL character (U+0000); remove it.")
    if not _is_unicode(text):
        return RowError("invalid_unicode", "The text has half a surrogate pair; send valid Unicode.")
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def ndjson_rows(pieces: Iterator[bytes], max_chars: int) -> Iterator[Row]:
    """A row for each line that is not blank; lines are counted from 1."""
    for number, line in enumerate(_lines(pieces, max_chars * 12 + LINE_OVERHEAD), start=1):
        if number == 1 and line is not None:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line is None or line.strip():
            yield _row(line, number, max_chars)


def _lines(pieces: Iterator[bytes], max_bytes: int) -> Iterator[bytes | None]:
    """Split into lines; None stands for a line of more than `max_bytes`, which is never held whole."""
    rest = b""
    too_long = False
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield None if too_long or len(line) > max_bytes else line
            too_long = False
        if len(rest) > max_bytes:
            rest, too_long = b"", True
    if rest or too_long:
        yield None if too_long else rest


def _row(line: bytes | None, number: int, max_chars: int) -> Row:
    if line is None:
        fault = RowError("line_too_long", f"The line is too long for a text of at most {max_chars:,} characters.")
        return _failed(fault, number)
    try:
        document = _loads(line)
    except DuplicateName as error:
        return _failed(RowError("duplicate_name", f"{error}."), number)
    except (ValueError, RecursionError):
        return _failed(RowError("invalid_json", "The line is neither a JSON string nor a JSON object."), number)
    if isinstance(document, str):
        document = {"text": document}
    try:
        item = Item.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        fault = RowError("invalid_item", f"{pointer(*first['loc'])}: {first['msg']}.")
        custom_id = document.get("custom_id") if isinstance(document, dict) else None
        return _failed(fault, number, custom_id if isinstance(custom_id, str) else None)
    text_error = text_fault(item.text, max_chars)
    if item.custom_id is not None and not _is_unicode(item.custom_id):
        return _failed(RowError("invalid_unicode", "The custom_id has half a surrogate pair."), number)
    return Row(item.text, item.custom_id) if text_error is None else _failed(text_error, number, item.custom_id)


def _failed(error: RowError, line: int, custom_id: str | None = None) -> Row:
    usable = custom_id if custom_id is not None and len(custom_id) <= 512 and _is_unicode(custom_id) else None
    return Row("", usable, RowError(error.code, f"Line {line}: {error.detail}"))
