"""NDJSON: a JSON string or object a line. A line that is wrong fails alone; a null is a text that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from api.http.json import DuplicateName, loads
from api.http.problems import pointer
from api.ingest.faults import ID_CHARS, is_unicode, text_fault
from api.schemas.jobs import Item
from sentiq.jobs.types import Row, RowError

LINE_OVERHEAD = 4096  #: bytes a line may have beside its text: JSON syntax, custom_id


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
        document = loads(line)
    except DuplicateName as error:
        return _failed(RowError("duplicate_name", f"{error}."), number)
    except (ValueError, RecursionError):
        return _failed(RowError("invalid_json", "The line is neither a JSON string nor a JSON object."), number)
    if document is None or isinstance(document, str):
        document = {"text": document}
    if isinstance(document, dict) and document.get("text", "") is None:
        document["text"] = ""  # as an empty cell of a table
    try:
        item = Item.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        fault = RowError("invalid_item", f"{pointer(*first['loc'])}: {first['msg']}.")
        custom_id = document.get("custom_id") if isinstance(document, dict) else None
        return _failed(fault, number, custom_id if isinstance(custom_id, str) else None)
    text_error = text_fault(item.text, max_chars)
    if item.custom_id is not None and not is_unicode(item.custom_id):
        return _failed(RowError("invalid_unicode", "The custom_id has half a surrogate pair."), number)
    return Row(item.text, item.custom_id) if text_error is None else _failed(text_error, number, item.custom_id)


def _failed(error: RowError, line: int, custom_id: str | None = None) -> Row:
    usable = custom_id if custom_id is not None and len(custom_id) <= ID_CHARS and is_unicode(custom_id) else None
    return Row("", usable, RowError(error.code, f"Line {line}: {error.detail}", line))
