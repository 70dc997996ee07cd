"""NDJSON: a JSON string or object a line. A line that is wrong fails alone; a null is a text that is missing."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from api.http.json import DuplicateName, loads
from api.http.problems import pointer
from api.ingest.source import Source
from api.ingest.table import Record, Table
from api.schemas.jobs import Item
from sentiq.jobs.types import RowError

LINE_OVERHEAD = 4096  #: bytes a line may have beside its text: JSON syntax, custom_id


def read_json_lines(source: Source) -> list[Table]:
    """Return the one table of JSON lines."""
    source.describe(encoding="utf-8")
    return [Table(_records(source.pieces, source.limits.text_chars), ("text", "custom_id"))]


def _records(pieces: Iterator[bytes], max_chars: int) -> Iterator[Record]:
    """Yield a record for each line that is not blank; lines are counted from 1."""
    for number, line in enumerate(_lines(pieces, max_chars * 12 + LINE_OVERHEAD), start=1):
        if number == 1 and line is not None:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line is None or line.strip():
            yield _record(line, number, max_chars)


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


def _record(line: bytes | None, number: int, max_chars: int) -> Record:
    if line is None:
        fault = RowError("line_too_long", f"The line is too long for a text of at most {max_chars:,} characters.")
        return Record(number, (), "", fault)
    try:
        document = loads(line)
    except DuplicateName as error:
        return Record(number, (), "", RowError("duplicate_name", f"{error}."))
    except (ValueError, RecursionError):
        fault = RowError("invalid_json", "The line is neither a JSON string nor a JSON object.")
        return Record(number, (), "", fault)
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
        return Record(number, ("", custom_id if isinstance(custom_id, str) else ""), "", fault)
    return Record(number, (item.text, item.custom_id or ""))
