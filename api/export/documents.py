"""Makes the documents that clients read of jobs and rows."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import asdict

from api.export.matching import count_matches
from api.export.order import Order, page_rows
from api.export.rows import View, chunk_rows, kept_columns, text_position
from api.export.streams import document
from api.http.times import instant
from api.schemas.common import ErrorDocument
from api.schemas.jobs import Counts, FileDocument, JobDocument, ModelDocument, OptionsDocument
from api.schemas.results import Matches, ResultsPage, RowDocument
from sentiq.aspects.sets import AspectSet
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.jobs.chunk_result import ChunkResult
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job, JobOptions, JobState, Lane

PAGE_AT_ONCE = 4  #: chunks read in one round trip for a page, which needs few
#: Chunks looked at for one page, or a filter that takes hardly any row would keep a thread busy for a whole job. They
#: are up to 131,072 rows with the default sizes of chunks, which take 0.4 to 0.7 s on an Intel Xeon with AMX.
PAGE_CHUNKS = 256

_CURSOR = re.compile(r"(\d{1,9})\.(\d{1,9})")
_SORTED = re.compile(r"sorted (\d{1,9})")  #: of pages in another order: the one means nothing in the other


def job_document(job: Job) -> JobDocument:
    base = f"/api/v1/jobs/{job.id}"
    model_id, _, version = (job.answered_by or job.model).partition("@")
    speed, eta_s = job.texts_per_second, job.eta_s
    return JobDocument(
        id=job.id,
        state=job.state,
        lane=job.lane,
        model=ModelDocument(id=model_id or None, version=version or None),
        name=job.options.name or None,
        metadata=dict(job.options.metadata),
        options=_options(job.options),
        file=None if job.file is None else FileDocument(**asdict(job.file)),
        has_languages=job.has_languages,
        counts=Counts(total=job.total, completed=job.completed, failed=job.failed, without_text=job.without_text),
        created_at=instant(job.created_at_ms),
        started_at=None if job.started_at_ms is None else instant(job.started_at_ms),
        ended_at=None if job.ended_at_ms is None else instant(job.ended_at_ms),
        expires_at=instant(job.expires_at_ms),
        paused_at=None if job.paused_at_ms is None else instant(job.paused_at_ms),
        scheduled_for=None if job.opens_at_ms is None else instant(job.opens_at_ms),
        queue_position=job.queue_position,
        texts_per_second=None if speed is None else round(speed, 1),
        eta_s=None if eta_s is None else round(eta_s, 1),
        error=None if job.error is None else ErrorDocument(code=job.error.code, detail=job.error.detail),
        links={"self": base} | {name: f"{base}/{name}" for name in _links(job)},
    )


def _options(options: JobOptions) -> OptionsDocument:
    return OptionsDocument(
        long_texts=options.long_texts,
        neutral_band=options.neutral_band,
        priority=options.priority,
        start_at=None if options.start_at_ms is None else instant(options.start_at_ms),
        window=options.window or None,
        time_zone=options.time_zone,
        expire_at=None if options.expire_at_ms is None else instant(options.expire_at_ms),
        webhook=options.webhook or None,
        keep_columns=options.keep_columns,
        language=options.language or None,
        aspects=AspectSet.loads(options.aspects).name if options.aspects else None,
    )


def _links(job: Job) -> list[str]:
    """Return the names of what can be read of a job and done to it now."""
    names = ["results", "summary", "throughput", *(f"results.{kind}" for kind in ("csv", "json", "ndjson", "xlsx"))]
    if job.state.has_ended:
        names += ["phrases", "findings", "report.html"]
    if job.has_dates:
        names.append("timeline")
    if job.state.has_ended and job.file and job.file.label_column:
        names.append("evaluation")
    if job.options.aspects:
        names.append("aspects")
    if not job.state.has_ended:
        names.append("cancel")
        if job.lane is Lane.BULK:
            names.append("pause" if job.paused_at_ms is None else "resume")
    if job.state is JobState.COMPLETED and job.retryable:
        names.append("retry")
    return names


def results_page(results: Results, job: Job, view: View, *, limit: int, cursor: str | None = None) -> ResultsPage:
    """Return at most `limit` rows in row order, and fewer if its filter finds no more in `PAGE_CHUNKS` chunks.

    While the job runs a page ends before the first unfinished chunk; once it has ended, chunks that were never finished
    are skipped. Raises InvalidInput, and JobNotFound instead of the last page if the job was erased while it was read.
    """
    first, offset = (0, 0) if cursor is None else _read_cursor(cursor)
    names, text_at = kept_columns(job, view), text_position(job)
    rows: list[RowDocument] = []
    chunks: Sequence[int] = range(first, job.chunks)
    if view.filter.only and job.state.has_ended:
        chunks = [number for number in results.failed_chunks(job.id) if number >= first]
    looked_at, part = 0, chunks[:PAGE_CHUNKS]
    for chunk_no, result in zip(part, results.chunks(job.id, part, at_once=PAGE_AT_ONCE), strict=True):
        skipped = offset if chunk_no == first else 0
        if result is None:
            if not job.state.has_ended:
                return ResultsPage(data=rows, next=_cursor(chunk_no, skipped))
        else:
            for row in chunk_rows(result, text_at, view):
                position = row.number - result.answers.first
                if position < skipped:
                    continue
                if len(rows) == limit:
                    return ResultsPage(data=rows, next=_cursor(chunk_no, position))
                rows.append(RowDocument.model_validate(document(row, view, names)))
        looked_at += 1
        if len(rows) == limit:
            break
    if looked_at < len(chunks):
        return ResultsPage(data=rows, next=_cursor(chunks[looked_at], 0))
    if not job.state.has_ended:
        return ResultsPage(data=rows, next=_cursor(job.chunks, 0))
    results.check_job(job.id)
    return ResultsPage(data=rows, next=None)


def whole_page(job: Job, view: View, found: ChunkResult | None) -> ResultsPage:
    """Return all rows of an ended job of one chunk; none where it has no result."""
    names = kept_columns(job, view)
    rows = [] if found is None else chunk_rows(found, text_position(job), view)
    return ResultsPage(data=[RowDocument.model_validate(document(row, view, names)) for row in rows], next=None)


def sorted_page(
    results: Results, job: Job, view: View, order: Order, *, limit: int, cursor: str | None = None
) -> ResultsPage:
    """Return `limit` rows of the order, fewer at its end. Raises what `results_page` raises."""
    start = 0 if cursor is None else _read_cursor(cursor, _SORTED)[0]
    names = kept_columns(job, view)
    rows = page_rows(results, job, view, order, order.rows[start : start + limit])
    results.check_job(job.id)
    following = _encoded(f"sorted {start + limit}") if start + limit < len(order.rows) else None
    return ResultsPage(data=[RowDocument.model_validate(document(row, view, names)) for row in rows], next=following)


def matches_document(results: Results, job: Job, view: View, cursor: str | None = None) -> Matches:
    """Count the rows that the view shows, in one part of the job. Raises InvalidInput, JobNotFound."""
    first = 0 if cursor is None else _read_cursor(cursor)[0]
    found, following = count_matches(results, job, view, first)
    return Matches(matches=found, next=None if following is None else _cursor(following, 0))


def _cursor(chunk_no: int, offset: int) -> str:
    return _encoded(f"{chunk_no}.{offset}")


def _encoded(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, form: re.Pattern[str] = _CURSOR) -> tuple[int, ...]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    found = form.fullmatch(plain)
    if found is None:
        detail = "This is no cursor of ours; use `next` of a page, or leave it out to start at the first row."
        raise InvalidInput(detail, errors=(FieldError("invalid_cursor", detail, pointer="/cursor"),))
    return tuple(map(int, found.groups()))
