"""Serves summaries, counts and files of results. Files are streamed; those of ended jobs can be fetched in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, get_args

from flask import Response, request
from flask_openapi3 import Tag

from api.export import streams
from api.export.aspect_counts import kept_aspects
from api.export.documents import matches_document
from api.export.evaluation import evaluate_job
from api.export.kept import kept
from api.export.order import sorted_rows
from api.export.phrases.asking import kept_phrases
from api.export.phrases.question import Question
from api.export.phrases.sides import other_filter
from api.export.report.asking import Asking
from api.export.rows import Filter, ResultRow, View, read_rows
from api.export.summary import summarise
from api.export.workbook.file import workbook
from api.http.blueprint import Blueprint
from api.http.downloads import attachment, with_file, with_final_file
from api.http.times import instant
from api.routes.views import chosen_view, column_of, file_stem, neutral_band_of, order_of, view_of
from api.schemas.aspect_sets import JobAspects
from api.schemas.common import any_of, problems
from api.schemas.evaluation import EvaluationDocument, EvaluationQuery
from api.schemas.jobs import JobPath
from api.schemas.phrases import Phrases, PhrasesQuery
from api.schemas.results import (
    FilterQuery,
    Language,
    Matches,
    MatchesQuery,
    Point,
    RowDocument,
    Summary,
    SummaryQuery,
    Throughput,
    ViewQuery,
    WorkbookQuery,
)
from api.services import services
from sentiq.core.errors import FieldError, InvalidInput, JobNotEnded, WorkbookTooLarge
from sentiq.jobs.results import Pace
from sentiq.jobs.types import Job

Writer = Callable[[Job, Iterator[ResultRow], View, tuple[str, ...]], Iterator[bytes]]

CONTENT_TYPES = {
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WRITERS: dict[str, Writer] = {"ndjson": streams.ndjson, "json": streams.json_array, "csv": streams.csv_table}

#: Part of the ETag: to be raised when the same rows become other bytes, or parts of two kinds would be put together.
_EDITION = 6
_WITH_LABELS = {"csv"}  #: a column for the probability of each
_ROWS = {"type": "array", "items": any_of(RowDocument)}


def _answers(kind: str) -> dict[str | int, Any]:
    """Return the OpenAPI responses of a download."""
    bytes_of = {"json": _ROWS, "xlsx": {"type": "string", "format": "binary"}}
    file = {CONTENT_TYPES[kind]: {"schema": bytes_of.get(kind, {"type": "string"})}}
    return {
        "200": {"description": "the file", "content": file},
        "206": {"description": "a part of it", "content": {name: {} for name in file}},
        "304": {"description": "not changed"},
        "416": {"description": "the file is shorter"},
        **problems(404, 409, 422, 503),
    }


blueprint = Blueprint("results", __name__, url_prefix="/api/v1/jobs/<job_id>", abp_tags=[Tag(name="results")])


@blueprint.get("/summary", summary="Read a summary", responses={200: Summary, **problems(404, 422, 503)})
def get_summary(path: JobPath, query: SummaryQuery) -> Response:
    """Counts by label, a histogram, and why rows failed; of the rows that are finished. `by` counts by a column too."""
    svc = services()
    job = svc.store.get(path.job_id)
    band = neutral_band_of(job.options, query.neutral_band)
    at = None if query.by is None else column_of(job, query.by, "by")

    document = kept(svc.results, job, Summary, f"{band} by {at}", lambda: summarise(svc.results, job, band, at))
    return Response(document, mimetype="application/json")


@blueprint.get(
    "/evaluation",
    summary="Compare answers with labels",
    responses={200: EvaluationDocument, **problems(404, 409, 422, 503)},
)
def get_evaluation(path: JobPath, query: EvaluationQuery) -> Response:
    """How many answers are right, by the labels in the file, which of them are not, and what scores are worth.

    Only of a job that has ended and whose file has a column of labels (`label_column`).
    """
    svc = services()
    job = svc.store.get(path.job_id)
    band = neutral_band_of(job.options, query.neutral_band)
    at = None if query.by is None else column_of(job, query.by, "by")
    found = kept(
        *(svc.results, job, EvaluationDocument, f"{band} by {at}"), lambda: evaluate_job(svc.results, job, band, at)
    )
    return Response(found, mimetype="application/json")


@blueprint.get("/aspects", summary="Count aspects", responses={200: JobAspects, **problems(404, 409, 422, 503)})
def get_aspects(path: JobPath, query: FilterQuery) -> Response:
    """What the finished rows that the filters take say of each aspect of the job's set.

    With `label` and `aspect`, the rows that say so of this aspect; then the others are those they speak of as well.
    """
    svc = services()
    job = svc.store.get(path.job_id)
    return Response(kept_aspects(svc.results, job, chosen_view(query, job)), mimetype="application/json")


@blueprint.get("/throughput", summary="Read the throughput", responses={200: Throughput, **problems(404, 422, 503)})
def get_throughput(path: JobPath) -> Response:
    """Rows recorded in each step of time, from the first to the last with any; at most 120, whose length grows.

    The first and the last step are not whole. Rows that are tried again count again. A job on the interactive lane has
    no points: it is answered in one step.
    """
    svc = services()
    svc.results.check_job(path.job_id)
    pace = svc.results.pace(path.job_id) or Pace(1000, 0, ())
    points = [Point(at=instant(pace.start_ms + n * pace.step_ms), rows=rows) for n, rows in enumerate(pace.rows)]
    document = Throughput(step_s=pace.step_ms // 1000, points=points)
    return Response(document.model_dump_json(), mimetype="application/json")


@blueprint.get("/matches", summary="Count rows", responses={200: Matches, **problems(404, 422, 503)})
def get_matches(path: JobPath, query: MatchesQuery) -> Response:
    """How many finished rows the filters of `results` take.

    Of a large job one answer counts a part: with its `next` the next one is asked for, and the numbers are added up.
    """
    svc = services()
    job = svc.store.get(path.job_id)
    view = chosen_view(query, job)
    found = kept(
        *(svc.results, job, Matches, f"{view!r} {query.cursor}"),
        lambda: matches_document(svc.results, job, view, query.cursor),
    )
    return Response(found, mimetype="application/json")


@blueprint.get("/phrases", summary="Find phrases", responses={200: Phrases, **problems(404, 409, 422, 503)})
def get_phrases(path: JobPath, query: PhrasesQuery) -> Response:
    """The phrases that set the rows which the filters take apart from others: what complaints say, for example.

    Only of a job that has ended. It takes some seconds, the second time none. Large jobs are sampled.
    """
    svc = services()
    job = svc.store.get(path.job_id)
    if not job.state.has_ended:
        raise JobNotEnded(f"Job {job.id} is {job.state}: phrases are found when it has ended.")
    view = chosen_view(query, job)
    if view.filter == other_filter(view.filter, query.against):
        raise _nothing_to_compare(query)
    [found] = kept_phrases(svc.results, job, [Question(view, query.against, query.limit)])
    return Response(found, mimetype="application/json")


def _nothing_to_compare(query: PhrasesQuery) -> InvalidInput:
    needed = {
        "rest": "a filter, such as `label=negative`",
        "labels": "`label`, `min_score` or `max_score`",
        "groups": "a filter beside `label`, such as `column` and `value`",
    }
    detail = f"There is nothing to compare these rows with: `against={query.against}` needs {needed[query.against]}."
    return InvalidInput(detail, errors=(FieldError("nothing_to_compare", detail, pointer="/against"),))


@blueprint.get("/results.ndjson", summary="Download NDJSON", responses=_answers("ndjson"))
def download_ndjson(path: JobPath, query: ViewQuery) -> Response:
    """One row a line. While the job runs: the rows that are finished."""
    return _download(path.job_id, query, "ndjson")


@blueprint.get("/results.json", summary="Download JSON", responses=_answers("json"))
def download_json(path: JobPath, query: ViewQuery) -> Response:
    """One array of the rows, as NDJSON has them. While the job runs: the rows that are finished."""
    return _download(path.job_id, query, "json")


@blueprint.get("/results.csv", summary="Download CSV", responses=_answers("csv"))
def download_csv(path: JobPath, query: ViewQuery) -> Response:
    """For spreadsheets: UTF-8 with a mark; a cell that would be a formula begins with an apostrophe."""
    return _download(path.job_id, query, "csv")


@blueprint.get("/results.xlsx", summary="Download XLSX", responses=_answers("xlsx"))
def download_xlsx(path: JobPath, query: WorkbookQuery) -> Response:
    """For people: the rows, then a summary with a chart. It begins when it is made: a second for 100,000 rows.

    A job with aspects or dates has sheets of what people say behind it, for which phrases are looked for first.
    """
    preferred = request.accept_languages.best_match(get_args(Language), "en")
    response = _download(path.job_id, query.model_copy(update={"lang": query.lang or preferred}), "xlsx")
    response.vary.add("Accept-Language")
    return response


def _download(job_id: str, query: ViewQuery, kind: str) -> Response:
    svc = services()
    job = svc.store.get(job_id)
    view = view_of(query, job)
    order = order_of(job, view)
    rows, most = job.finished, svc.settings.max_xlsx_rows
    if kind == "xlsx" and rows > most and view.filter == Filter():
        raise WorkbookTooLarge(
            f"The job has {rows:,} rows, a workbook at most {most:,} (SENTIQ_MAX_XLSX_ROWS). Take CSV, or a filter."
        )

    def pieces() -> Iterator[bytes]:
        if kind == "xlsx":
            report = Asking(svc.results, job, view).report(view.by) if _has_report(job, view) else None
            return workbook(svc.results, job, view, None if order is None else order.rows, report=report)
        labels = svc.results.labels(job) if kind in _WITH_LABELS else ()
        rows = read_rows(svc.results, job, view)
        return WRITERS[kind](job, rows if order is None else sorted_rows(rows, job, order.rows), view, labels)

    response = Response(content_type=CONTENT_TYPES[kind])
    response.headers["Content-Disposition"] = attachment(file_stem(job), f"results.{kind}", job.id)
    if not job.state.has_ended:
        return with_file(response, pieces)
    size_name = f"size {hashlib.sha256(f'{_EDITION} {kind} {view!r}'.encode()).hexdigest()[:16]}"

    def kept_size() -> int | None:
        kept = svc.results.cached_value(job, size_name)
        return None if kept is None else int(kept)

    def keep_size(size: int) -> None:
        svc.results.cache_value(job, size_name, str(size))

    return with_final_file(response, pieces, tag=_tag(job, view, kind), kept_size=kept_size, keep_size=keep_size)


def _has_report(job: Job, view: View) -> bool:
    """Tell whether a workbook has the sheets of a report: it is of all labels, and of more than these."""
    chosen = view.filter
    says_more = bool(job.options.aspects) or job.has_dates
    return view.report and job.state.has_ended and says_more and chosen.takes_any


def _tag(job: Job, view: View, kind: str) -> str:
    """Return an entity tag, which stays the same as long as every byte of the file does."""
    named = f"{_EDITION} {job.id} {job.ended_at_ms} {job.completed} {job.failed} {job.without_text} {kind} {view!r}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]
