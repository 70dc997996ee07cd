"""From request bodies to rows. JSON is all or nothing; an NDJSON line that is wrong fails alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import IO

from pydantic import ValidationError
from werkzeug.exceptions import ClientDisconnected

from api.problems import from_validation, pointer
from api.schemas import Item, JobRequest, RequestT
from jobs.errors import BodyTooLarge, FieldError, InvalidInput, MalformedBody, UploadInterrupted
from jobs.models import Row, RowError

READ_BYTES = 8 * 1024  #: gunicorn answers a read only when it is full: more would hide rows that have arrived
LINE_OVERHEAD = 4096  #: bytes a line may have beside its text: JSON syntax, custom_id


def parse_json(body: bytes, model: type[RequestT]) -> RequestT:
    """Raises MalformedBody when it is not JSON, InvalidInput when it is not what the model asks for."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise MalformedBody(
            f"The body is not JSON: {reason}.", errors=(FieldError("invalid_json", reason, pointer=""),)
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


def body_chunks(
    stream: IO[bytes], length: int | None, max_bytes: int, on_data: Callable[[bytes], None]
) -> Iterator[bytes]:
    """Read a body piece by piece; `length` is its Content-Length, None when it is chunked.

    Raises UploadInterrupted and BodyTooLarge.
    """
    if length is not None and length > max_bytes:
        raise BodyTooLarge(f"The body has {length:,} bytes; the limit is {max_bytes:,}. Send it in parts.")
    total = 0
    while data := _read(stream):
        total += len(data)
        if total > max_bytes:
            raise BodyTooLarge(f"The body has more than {max_bytes:,} bytes, which is the limit. Send it in parts.")
        on_data(data)
        yield data
    if length is not None and total < length:  # gunicorn ends the stream without an error
        raise UploadInterrupted(f"The connection broke after {total:,} of {length:,} bytes.")


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(READ_BYTES)
    except (ClientDisconnected, OSError):
        raise UploadInterrupted("The connection broke before the body was complete.") from None


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
        document = json.loads(line)
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
