"""Serves what the results of a job are by time and by groups."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag

from api.export.axes import (
    ASPECT,
    LABEL,
    LANGUAGE,
    PERIODS,
    AspectAxis,
    Axis,
    ColumnAxis,
    LabelAxis,
    LanguageAxis,
    PeriodAxis,
)
from api.export.cross import cross
from api.export.kept import kept
from api.export.rows import View, text_position
from api.export.timeline import kept_timeline
from api.http.blueprint import Blueprint
from api.routes.views import check_dated, chosen_view, column_of, refused
from api.schemas.common import problems
from api.schemas.jobs import JobPath
from api.schemas.timeline import Cross, CrossQuery, Timeline, TimelineQuery
from api.services import services
from sentiq.jobs.types import Job

blueprint = Blueprint("timeline", __name__, url_prefix="/api/v1/jobs/<job_id>", abp_tags=[Tag(name="results")])


@blueprint.get("/timeline", summary="Read a timeline", responses={200: Timeline, **problems(404, 422, 503)})
def get_timeline(path: JobPath, query: TimelineQuery) -> Response:
    """Counts and shares of labels by hour, day, week or month, and which steps differ from the one before.

    Of the finished rows that the filters of `results` take; only of a job whose file has a column of dates.
    """
    job = services().store.get(path.job_id)
    check_dated(job, "step")
    found = kept_timeline(services().results, job, chosen_view(query, job), query.step)
    return Response(found, mimetype="application/json")


@blueprint.get("/cross", summary="Cross two columns", responses={200: Cross, **problems(404, 422, 503)})
def get_cross(path: JobPath, query: CrossQuery) -> Response:
    """Counts and shares of labels by two things at once.

    They are columns that the job kept, periods, labels, languages or aspects.
    """
    job = services().store.get(path.job_id)
    view = chosen_view(query, job)
    axes = _axis(job, view, query.rows, "rows"), _axis(job, view, query.columns, "columns")
    if axes[0].name == axes[1].name:
        raise refused("same_twice", f"`rows` and `columns` are the same ({axes[0].name}): name two things.", "columns")
    asked = f"{view!r} {query.rows!r} {query.columns!r} {query.limit}"
    results = services().results
    found = kept(results, job, Cross, asked, lambda: cross(results, job, view, axes, query.limit))
    return Response(found, mimetype="application/json")


def _axis(job: Job, view: View, named: str, field: str) -> Axis:
    """Return what a query names. Raises InvalidInput, whose pointer is `field`."""
    step = next((step for step in PERIODS if step == named), None)
    if step is not None:
        check_dated(job, field)
        return PeriodAxis(step, job.file.date_order if job.file else None, view.filter)
    if named == LABEL:
        return LabelAxis()
    if named == LANGUAGE and job.has_languages:
        return LanguageAxis()
    if named == LANGUAGE and LANGUAGE not in (job.file.columns if job.file else ()):
        detail = (
            "The rows of this job have no languages: give them with the texts (`language` of items, a column of a file)"
            " or with the job (`language`)."
        )
        raise refused("no_languages", detail, field)
    if named == ASPECT:
        if not view.aspects:
            raise refused("no_aspects", "The job looks for no aspects: submit it with the option `aspects`.", field)
        return AspectAxis(view.aspects)
    at = column_of(job, named, field)
    return ColumnAxis(at, job.file.columns if job.file else (), text_position(job))
