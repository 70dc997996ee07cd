"""Serves what the results of a job are by time and by groups."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel

from api.export.axes import ASPECT, LABEL, PERIODS, AspectAxis, Axis, ColumnAxis, LabelAxis, PeriodAxis
from api.export.cross import cross
from api.export.kept import kept
from api.export.mentions import aspect_names
from api.export.rows import View, text_position
from api.export.timeline import timeline
from api.routes.views import check_dated, column_of, filter_of, neutral_band_of, refused
from api.schemas.common import problems
from api.schemas.jobs import JobPath
from api.schemas.results import FilterQuery
from api.schemas.timeline import Cross, CrossQuery, Timeline, TimelineQuery
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


@blueprint.get("/cross", summary="Cross two columns", responses={200: Cross, **problems(404, 422, 503)})
def get_cross(path: JobPath, query: CrossQuery) -> Response:
    """Counts and shares of labels by two things at once: columns that the job kept, periods, labels or aspects."""
    job = services().store.get(path.job_id)
    view = _view(job, query)
    axes = _axis(job, view, query.rows, "rows"), _axis(job, view, query.columns, "columns")
    if axes[0].name == axes[1].name:
        raise refused("same_twice", f"`rows` and `columns` are both a {axes[0].name}: name two things.", "columns")
    asked = f"{view!r} {query.rows!r} {query.columns!r} {query.limit}"
    return _answer(job, asked, Cross, lambda: cross(services().results, job, view, axes, query.limit))


def _axis(job: Job, view: View, named: str, field: str) -> Axis:
    """Return what a query names. Raises InvalidInput, whose pointer is `field`."""
    step = next((step for step in PERIODS if step == named), None)
    if step is not None:
        check_dated(job, field)
        return PeriodAxis(step, job.file.date_order if job.file else None)
    if named == LABEL:
        return LabelAxis()
    if named == ASPECT:
        if not view.aspects:
            raise refused("no_aspects", "The job looks for no aspects: submit it with the option `aspects`.", field)
        return AspectAxis(view.aspects)
    at = column_of(job, named, field)
    return ColumnAxis(at, job.file.columns if job.file else (), text_position(job))


def _view(job: Job, query: FilterQuery) -> View:
    band = neutral_band_of(job.options, query.neutral_band)
    return View(band, filter_of(query, job), aspects=aspect_names(job.options))


def _answer(job: Job, asked: str, kind: type[BaseModel], compute: Callable[[], BaseModel]) -> Response:
    """Return the document, which is kept where the job has ended."""
    return Response(kept(services().results, job, kind, asked, compute), mimetype="application/json")
