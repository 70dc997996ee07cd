"""A WSGI app for gunicorn with our settings whose answers under /breaks break off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return _broken() if environ["PATH_INFO"] == "/breaks" else [b"whole"]


def _broken() -> Iterator[bytes]:
    yield b"a piece"
    raise RuntimeError("the rest cannot be made")
