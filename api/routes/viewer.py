"""Serves the OpenAPI document, and Swagger UI, whose files come with a package, to read and to try it."""

from __future__ import annotations

import json
from pathlib import Path

import flask_openapi3_swagger
from flask import Blueprint, Response, current_app, redirect, render_template, url_for
from flask_openapi3 import OpenAPI
from werkzeug.wrappers import Response as Redirect

from api.routes.pages import pack

LIBRARY = Path(flask_openapi3_swagger.__file__).parent / "templates" / "swagger"

#: Not the page that the package would add: it has scripts of its own inside, for which the policy had to be opened.
blueprint = Blueprint(
    "openapi",
    __name__,
    url_prefix="/openapi",
    static_folder=LIBRARY,
    static_url_path="/swagger",
)
blueprint.after_request(pack)


@blueprint.get("/openapi.json")
def document() -> Response:
    """Without escapes: JSON has two for a character like 😊, which YAML forbids, and many tools read it as YAML."""
    app = current_app
    assert isinstance(app, OpenAPI)
    return Response(json.dumps(app.api_doc, ensure_ascii=False), mimetype="application/json")


@blueprint.get("/swagger")
def viewer() -> str:
    return render_template("viewer.html")


@blueprint.get("/")
def index() -> Redirect:
    return redirect(url_for("openapi.viewer"))
