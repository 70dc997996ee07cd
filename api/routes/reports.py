"""Serves what a job says to people: what to mend first, a report as one page, and pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from flask import Response, request
from flask_openapi3 import Tag

from api.export.mentions import aspect_names
from api.export.report.asking import Asking
from api.export.report.page import page
from api.export.report.pictures import aspects_svg, timeline_svg
from api.export.report.words import Words
from api.export.rows import View
from api.http.blueprint import Blueprint
from api.http.downloads import attachment
from api.routes.views import check_dated, column_of, file_stem, slice_of
from api.schemas.common import problems
from api.schemas.findings import Findings
from api.schemas.jobs import JobPath
from api.schemas.reports import PictureQuery, ReportQuery, TimelinePictureQuery
from api.schemas.results import Language, SliceQuery
from api.services import services
from sentiq.core.errors import JobNotEnded, NoAspects
from sentiq.jobs.types import Job

HTML, SVG = "text/html", "image/svg+xml"


def _answers(content_type: str) -> dict[str | int, Any]:
    file = {"description": "the file", "content": {content_type: {"schema": {"type": "string"}}}}
    return {"200": file, **problems(404, 409, 422, 503)}


blueprint = Blueprint("reports", __name__, url_prefix="/api/v1/jobs/<job_id>", abp_tags=[Tag(name="results")])


@blueprint.get(
    "/findings", summary="Read what to mend first", responses={200: Findings, **problems(404, 409, 422, 503)}
)
def get_findings(path: JobPath, query: SliceQuery) -> Response:
    """The three aspects that most negative texts speak of, or phrases where there are none, each with such texts.

    Only of a job that has ended. It takes some seconds, the second time none.
    """
    job = _ended(path.job_id)
    asking = Asking(services().results, job, slice_of(query, job))
    return Response(asking.findings().model_dump_json(), mimetype="application/json")


@blueprint.get("/report.html", summary="Download a report", responses=_answers(HTML))
def download_report(path: JobPath, query: ReportQuery) -> Response:
    """What a job says, as one page that needs nothing else: it opens offline, has no scripts, and can be printed.

    Only of a job that has ended. It takes some seconds, the second time none.
    """
    job = _ended(path.job_id)
    view = _view(query, job)
    results = services().results
    by = None if query.by is None else column_of(job, query.by, "by")
    return _file(job, "report.html", HTML, page(job, view, Asking(results, job, view).report(by)))


@blueprint.get("/timeline.svg", summary="Download a picture of the timeline", responses=_answers(SVG))
def download_timeline_picture(path: JobPath, query: TimelinePictureQuery) -> Response:
    """The share of negative texts over time, with intervals, moving average and marks. Also while the job runs."""
    job = services().store.get(path.job_id)
    check_dated(job, "step")
    view = _view(query, job)
    timeline = Asking(services().results, job, view).timeline(step=query.step)
    return _file(job, "timeline.svg", SVG, timeline_svg(timeline, Words(view.language)))


@blueprint.get("/aspects.svg", summary="Download a picture of the aspects", responses=_answers(SVG))
def download_aspects_picture(path: JobPath, query: PictureQuery) -> Response:
    """A bar for each aspect, divided by label. Also while the job runs."""
    job = services().store.get(path.job_id)
    if not aspect_names(job.options):
        raise NoAspects(f"Job {job.id} looks for no aspects: submit its texts with the option `aspects`.")
    view = _view(query, job)
    aspects = Asking(services().results, job, view).aspects()
    assert aspects is not None, "the job looks for some"
    return _file(job, "aspects.svg", SVG, aspects_svg(aspects, Words(view.language)))


def _ended(job_id: str) -> Job:
    """Return a job. Raises JobNotEnded."""
    job = services().store.get(job_id)
    if not job.state.has_ended:
        raise JobNotEnded(f"Job {job.id} is {job.state}: there is a report of it when it has ended.")
    return job


def _view(query: PictureQuery, job: Job) -> View:
    preferred: Language = "zh" if request.accept_languages.best_match(get_args(Language), "en") == "zh" else "en"
    return replace(slice_of(query, job), language=query.lang or preferred)


def _file(job: Job, ending: str, content_type: str, text: str) -> Response:
    response = Response(text, content_type=f"{content_type}; charset=utf-8")
    response.headers["Content-Disposition"] = attachment(file_stem(job), ending, job.id)
    response.vary.add("Accept-Language")
    return response
