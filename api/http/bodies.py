"""Reads request bodies: uncompressed, within their limit, and not from a client that sends nothing for too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flask import request

from api.http import gunicorn_worker
from api.http.json import Model, decoded, validated
from api.services import services
from sentiq.core.errors import BodyTooLarge, UnsupportedMediaType, UploadInterrupted

READ_BYTES = 4096  #: a read returns only when it is full: more would hide what a slow client has sent


def parse_json(model: type[Model]) -> Model:
    """Read the body of the present request as a model.

    Raises what `json_body` raises, MalformedBody when it is not JSON, and InvalidInput when the model does not fit.
    """
    return validated(decoded(json_body()), model)


def json_body(accepted: str = "application/json") -> bytes:
    """Return the whole body. Raises UnsupportedMediaType, BodyTooLarge and UploadInterrupted."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType(f"Content-Type {request.mimetype or 'is missing'}: send {accepted}.")
    return b"".join(body_pieces(services().settings.max_json_bytes, lambda data: None))


def body_pieces(max_bytes: int, on_data: Callable[[bytes], None]) -> Iterator[bytes]:
    """Yield the body as it arrives; `on_data` is called with each piece first. Raises as `json_body` does."""
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise UnsupportedMediaType(f"Content-Encoding {encoding}: send the body as it is, not compressed.")
    request.max_content_length = None  # it would read a chunked body at once; the limit is ours
    connection = request.environ.get("gunicorn.socket")
    within_s = services().settings.upload_timeout_s

    def read() -> bytes:
        gunicorn_worker.expect(connection, within_s)  # or a silent client would hold its thread for ever
        try:
            return request.stream.read(READ_BYTES)
        finally:
            gunicorn_worker.arrived(connection)

    return _limited(read, request.content_length, max_bytes, on_data)


def _limited(
    read: Callable[[], bytes], length: int | None, max_bytes: int, on_data: Callable[[bytes], None]
) -> Iterator[bytes]:
    """Yield a stream piece by piece; `length` is its Content-Length, None when it is chunked.

    Raises UploadInterrupted and BodyTooLarge.
    """
    if length is not None and length > max_bytes:
        raise BodyTooLarge(f"The body has {length:,} bytes; the limit is {max_bytes:,}. Send it in parts.")
    total = 0
    while data := _read(read):
        total += len(data)
        if total > max_bytes:
            raise BodyTooLarge(f"The body has more than {max_bytes:,} bytes, which is the limit. Send it in parts.")
        on_data(data)
        yield data
    if length is not None and total < length:  # gunicorn ends the stream without an error
        raise UploadInterrupted(f"The connection broke after {total:,} of {length:,} bytes.")


def _read(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except TimeoutError:
        raise UploadInterrupted("Nothing arrived for too long; the body was not complete.") from None
    except Exception:  # noqa: BLE001 -- each server has its own errors for a broken connection or chunk
        raise UploadInterrupted("The connection broke, or its chunks are malformed, before the body ended.") from None
