"""Serves what the results of a job are by time and by groups."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from api.export.rows import View
from api.export.timeline import timeline
from api.routes.views import check_dated, filter_of, neutral_band_of
from api.schemas.common import problems
from api.schemas.jobs import JobPath
from api.schemas.results import FilterQuery
from api.schemas.timeline import Timeline, TimelineQuery
from api.services import services
from sentiq.jobs.types import Job

blueprint = APIBlueprint("timeline", __name__, url_prefix="/api/v1/jobs/<job_id>", abp_tags=[Tag(name="results")])


@blueprint.get("/timeline", summary="Read a timeline", responses={200: Timeline, **problems(404, 422, 503)})
def get_timeline(path: JobPath, query: TimelineQuery) -> Response:
    """Counts and shares of labels by hour, day, week or month, and which steps differ from the one before.

    Of the finished rows that the filters of `results` take; only of a job whose file has a column of dates.
    """
    job = services().store.get(path.job_id)
    check_dated(job, "step")
    view = _view(job, query)
    return _answer(job, f"{view!r} {query.step}", Timeline, lambda: timeline(services().results, job, view, query.step))


def _view(job: Job, query: FilterQuery) -> View:
    return View(neutral_band_of(job.options, query.neutral_band), filter_of(query, job))


def _answer(job: Job, asked: str, kind: type[BaseModel], compute: Callable[[], BaseModel]) -> Response:
    """Return the document, which is kept where the job has ended. `kind` is its form, which may change."""
    form = json.dumps(kind.model_json_schema())
    name = f"{kind.__name__} {hashlib.sha256(f'{form} {asked}'.encode()).hexdigest()[:16]}"
    results = services().results
    kept = results.cached_value(job, name)
    if kept is None:
        kept = compute().model_dump_json()
        results.cache_value(job, name, kept)
    return Response(kept, mimetype="application/json")
