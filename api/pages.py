"""The front page: where to go from here."""

from __future__ import annotations

from flask import Blueprint, render_template

from api.services import services

blueprint = Blueprint("pages", __name__, template_folder="templates", static_folder="static")


@blueprint.get("/")
def index() -> str:
    settings = services().settings
    return render_template("index.html", model=settings.model, flower_port=settings.flower_port)
