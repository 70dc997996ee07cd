"""Serves the web page: one document for all of its addresses, and the modules, styles and libraries it loads."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template, request
from werkzeug.exceptions import NotFound

from api.http.headers import POLICIES
from api.http.problems import http_problem
from api.services import services
from sentiq.core.settings import Settings

PACKED = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json"})
FOR_EVER = "public, max-age=31536000, immutable"  #: of vendored files: their version is in their path

blueprint = Blueprint("pages", __name__, static_folder=Path(__file__).parents[1] / "static", static_url_path="/static")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.register_error_handler(NotFound, missing)


def missing(error: NotFound) -> Response:
    """Answer an unknown address: browsers get the page, which says so and links on; programs get a problem."""
    accepted = request.accept_mimetypes.best_match(["application/problem+json", "text/html"])
    if accepted != "text/html" or request.path.startswith("/api/"):
        return http_problem(error)
    return Response(page(), 404, {"Content-Security-Policy": POLICIES["pages"]}, mimetype="text/html")


@blueprint.get("/")
@blueprint.get("/bulk")
@blueprint.get("/jobs")
@blueprint.get("/jobs/<job_id>")
@blueprint.get("/cluster")
def page(job_id: str = "") -> str:
    """The same document everywhere: its script looks at the address. Nothing of a job is in it."""
    return render_template("index.html", settings=_settings(services().settings))


def _settings(settings: Settings) -> dict[str, object]:
    """Return what the script must know before its first request to the API."""
    here = re.sub(r":\d+$", "", request.host)
    flower = settings.flower_url or f"http://{here}:{settings.flower_port}/{settings.flower_path.strip('/')}"
    return {
        "flower": "" if settings.redis_address.is_in_memory else flower,  # it shows what passes through Celery
        "max_upload_bytes": settings.max_upload_bytes,
        "max_xlsx_rows": settings.max_xlsx_rows,
        "neutral_band": settings.neutral_band,
    }


@blueprint.after_request
def pack(response: Response) -> Response:
    """Compress texts for browsers that accept it: there may be no proxy that does so."""
    if request.path.startswith("/static/vendor/"):
        response.headers["Cache-Control"] = FOR_EVER
    if response.status_code != 200 or response.mimetype not in PACKED:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0 and request.method == "GET":
        response.direct_passthrough = False
        response.set_data(_gzipped(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        etag, _ = response.get_etag()
        if etag is not None:
            response.set_etag(etag, weak=True)  # one for the plain and the packed form
    return response


@lru_cache(maxsize=128)
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
