"""The API, with one more path whose answer breaks off."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response

from api.wsgi import app

__all__ = ["app"]


@app.get("/breaks")
def breaks() -> Response:
    return Response(_broken(), mimetype="text/plain")


def _broken() -> Iterator[bytes]:
    yield b"a piece"
    raise RuntimeError("the rest cannot be made")
