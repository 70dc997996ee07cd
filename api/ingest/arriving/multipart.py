"""multipart/form-data (RFC 7578) while it arrives: the fields before the file, then the file's bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import (
    HEADER_CONTINUATION_RE,
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from api.ingest.arriving.header_words import decoded, disposition, file_name
from sentiq.core.errors import FieldError, InvalidInput, MalformedBody, UploadInterrupted

MAX_FIELDS_BYTES = 65_536  #: of all fields together
MAX_PARTS = 64


@dataclass(slots=True)
class Form:
    fields: dict[str, list[str]] = field(default_factory=dict)  #: values of each name, in their order
    file_name: str = ""
    content_type: str = ""
    data: Iterator[bytes] = field(default_factory=lambda: iter(()))  #: of the part `file`


def read_form(pieces: Iterator[bytes], boundary: str) -> Form:
    """Read up to the file. Raises MalformedBody and InvalidInput; `data` raises them too, and UploadInterrupted."""
    form = Form()
    events = _events(pieces, boundary)
    for event in events:
        if isinstance(event, Field):
            form.fields.setdefault(event.name, []).append(_value(events, event.headers))
        elif isinstance(event, File):
            if event.name != "file":
                raise _wrong(event.name, f"The file must be in the field `file`, not {event.name!r}.")
            form.file_name = file_name(event.filename)
            form.content_type = event.headers.get("Content-Type", "")
            form.data = _content(events)
            return form
        elif isinstance(event, Epilogue):
            break
    raise _wrong("file", "The form has no field `file` with a file in it.")


class _Decoder(MultipartDecoder):
    """Takes headers in any encoding; werkzeug refuses those not in UTF-8, and drops names without quotation marks."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        lines = (decoded(line) for line in HEADER_CONTINUATION_RE.sub(b" ", data).splitlines() if line.strip())
        headers = Headers([(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)])
        if "Content-Disposition" in headers:
            headers["Content-Disposition"] = disposition(headers["Content-Disposition"])
        return headers


def _events(pieces: Iterator[bytes], boundary: str) -> Iterator[Event]:
    decoder = _Decoder(boundary.encode(), MAX_FIELDS_BYTES, max_parts=MAX_PARTS)
    try:
        for piece in pieces:
            decoder.receive_data(piece)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                yield event
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
            if isinstance(event, Epilogue):
                return
    except HTTPException:
        raise MalformedBody(
            f"The form has more than {MAX_FIELDS_BYTES:,} bytes of fields or {MAX_PARTS} parts."
        ) from None
    except ValueError as error:
        raise UploadInterrupted(f"The form is malformed or ends too early ({error}).") from None


def _value(events: Iterator[Event], headers: Headers) -> str:
    value = b""
    for event in events:
        if isinstance(event, Data):
            value += event.data
            if len(value) > MAX_FIELDS_BYTES:
                raise MalformedBody(f"A field of the form has more than {MAX_FIELDS_BYTES:,} bytes.")
            if not event.more_data:
                break
    _, parameters = parse_options_header(headers.get("Content-Type", ""))
    return decoded(value, parameters.get("charset", ""))


def _content(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if isinstance(event, Data):
            if event.data:
                yield bytes(event.data)
            if not event.more_data:
                break
    for event in events:
        if isinstance(event, Field | File):
            raise _wrong(event.name or "", f"The field `{event.name}` comes after the file: send the file last.")


def _wrong(name: str, detail: str) -> InvalidInput:
    return InvalidInput(detail, errors=(FieldError("invalid_form", detail, pointer=f"/{name}"),))
