"""Synchronous endpoints with the shapes that clients of older sentiment services expect.

Each is a small interactive job that the request waits for. No index lists it, and it is gone soon after its end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from flask import Response, after_this_request, g
from flask_openapi3 import Tag

from api.export.rows import ResultRow, chunk_rows, plain_view, read_rows
from api.http.blueprint import Blueprint
from api.http.bodies import parse_json
from api.http.problems import pointer
from api.ingest.json_body import check_texts
from api.routes.views import neutral_band_of
from api.schemas.common import Options, any_of, body_of, problems
from api.schemas.results import RowAspect
from api.schemas.synchronous_shortcuts import (
    Analysis,
    AnalyzeRequest,
    EmojiRequest,
    EmojiSentiment,
    NoText,
    SentimentAnswer,
    SentimentBatchAnswer,
    SentimentBatchRequest,
    SentimentData,
    SentimentRequest,
)
from api.services import Services, services
from api.submission import Payload, Submission, Undigested, checked_options
from sentiq.core.errors import FieldError, InvalidInput, JobNotFound, Overloaded, ResultNotReady, RowFailed
from sentiq.core.invisible_characters import is_blank
from sentiq.core.labels import LABELS_ZH
from sentiq.jobs.chunk_result import ChunkResult
from sentiq.jobs.small_jobs import Ticket
from sentiq.jobs.types import Row

KEPT_LONGER_S = 10.0  #: than a request waits, where the API has ended that would erase its job

EMOJI = {"positive": "😊", "negative": "😞"}
PROBLEMS = problems(400, 413, 415, 422, 500, 503)
NO_TEXT = {
    "description": "There is no text; or, as a problem, the body cannot be read",
    "content": {"application/json": {"schema": any_of(NoText)}, **PROBLEMS[400]["content"]},
}

blueprint = Blueprint("shortcuts", __name__, abp_tags=[Tag(name="synchronous shortcuts")])


@blueprint.post("/analyze", responses={200: Analysis, **PROBLEMS}, openapi_extensions=body_of(AnalyzeRequest))
def analyze() -> Response:
    """One text, its label and score."""
    asked = parse_json(AnalyzeRequest)
    (row,) = _classify([asked.text], [pointer("text")], asked)
    answer = Analysis(text=asked.text, label=_label(row), score=_score(row), aspects=_aspects(row, asked))
    return _json(answer.model_dump_json())


@blueprint.post(
    "/api/sentiment",
    responses={200: EmojiSentiment, **PROBLEMS, 400: NO_TEXT},
    openapi_extensions=body_of(AnalyzeRequest),
)
def sentiment() -> Response | tuple[Response, int]:
    """One text, its sentiment with an emoji. Without a text the answer is 400 in the form that its clients know."""
    asked = parse_json(EmojiRequest)
    if asked.text is None or is_blank(asked.text):
        refusal = NoText(error="输入文本不能为空", code="empty_text", request_id=g.request_id)
        return _json(refusal.model_dump_json()), 400
    (row,) = _classify([asked.text], [pointer("text")], asked)
    label = _label(row)
    answer = EmojiSentiment(
        text=asked.text,
        sentiment=label,
        confidence=_score(row),
        emoji=EMOJI.get(label, "😐"),
        aspects=_aspects(row, asked),
    )
    return _json(answer.model_dump_json())


@blueprint.post(
    "/api/v1/sentiment/analyze",
    responses={200: SentimentAnswer, **PROBLEMS},
    openapi_extensions=body_of(SentimentRequest),
)
def sentiment_analyze() -> Response:
    """One text, its sentiment in Chinese and English."""
    asked = parse_json(SentimentRequest)
    started = time.perf_counter()
    (row,) = _classify([asked.text], [pointer("text")], asked)
    data = _data(asked, asked.text, row, _elapsed_ms(started), confidence=asked.return_confidence)
    return _json(SentimentAnswer(success=True, data=data, request_id=g.request_id).model_dump_json())


@blueprint.post(
    "/api/v1/sentiment/analyze/batch",
    responses={200: SentimentBatchAnswer, **PROBLEMS},
    openapi_extensions=body_of(SentimentBatchRequest),
)
def sentiment_analyze_batch() -> Response:
    """A short list of texts. `return_details: false` leaves out everything but text and sentiment."""
    asked = parse_json(SentimentBatchRequest)
    limit = services().settings.interactive_texts
    if len(asked.texts) > limit:
        detail = f"{len(asked.texts)} texts; this endpoint takes at most {limit}. Post longer lists to /api/v1/jobs."
        raise InvalidInput(detail, errors=(FieldError("too_many_texts", detail, pointer="/texts"),))
    started = time.perf_counter()
    rows = _classify(asked.texts, [pointer("texts", i) for i in range(len(asked.texts))], asked)
    elapsed_ms = _elapsed_ms(started)
    data = [
        _data(asked, text, row, elapsed_ms, confidence=asked.return_details)
        if asked.return_details
        else SentimentData(text=text, sentiment=_label_zh(row))
        for text, row in zip(asked.texts, rows, strict=True)
    ]
    answer = SentimentBatchAnswer(success=True, data=data, request_id=g.request_id)
    return _json(answer.model_dump_json(exclude_unset=True))


def _classify(texts: Sequence[str], places: Sequence[str], options: Options) -> list[ResultRow]:
    """Classify texts at once. Raises Overloaded, ResultNotReady if the lane is too slow, InvalidInput and RowFailed."""
    svc = services()
    check_texts(texts, places, svc.settings.max_text_chars)
    with svc.place_to_wait() as place:
        if not place:
            raise Overloaded(
                "Too many requests wait for their results. Try again, or post a job to /api/v1/jobs and poll it.",
                retry_after_s=1,
            )
        rows = _wait_classified(svc, texts, options)
    if any(row.degraded for row in rows):
        after_this_request(_mark_degraded)
    for row, place_of_text in zip(rows, places, strict=True):
        if row.error is not None:
            fault = FieldError(row.error.code, row.error.detail, pointer=place_of_text)
            raise RowFailed(row.error.detail, errors=(fault,))
    return rows


def _wait_classified(svc: Services, texts: Sequence[str], options: Options) -> list[ResultRow]:
    payload = Payload([Row(text) for text in texts], Undigested(), checked_options(svc, options))
    timeout_s = svc.settings.sync_timeout_s
    submission = Submission(svc, waits_for_end=True, own_ttl_ms=round((timeout_s + KEPT_LONGER_S) * 1000))
    submitted = submission.run(payload)
    rows = _rows_of_bulk_job(svc, submitted.job_id) if submitted.ticket is None else _rows(svc, submitted.ticket)
    if rows is None:
        raise ResultNotReady(
            f"No result within {timeout_s:g} s: the workers are busy or away. Try again, or post a job to /api/v1/jobs "
            "and poll it.",
            retry_after_s=5,
        )
    return rows


def _rows(svc: Services, ticket: Ticket) -> list[ResultRow] | None:
    """Return the answers; None when the time is over first."""
    end = svc.small_jobs.wait_ended(ticket, svc.settings.sync_timeout_s)
    if end is None or end.answers is None:
        _erase(ticket.small.job.id)
        return None
    view = plain_view(ticket.small.job, neutral_band_of(ticket.small.job.options))
    return list(chunk_rows(ChunkResult(0, ticket.small.rows, end.answers), 0, view))


def _rows_of_bulk_job(svc: Services, job_id: str) -> list[ResultRow] | None:
    """Return the same of texts that together are too long for the interactive lane."""
    try:
        if not svc.wait_ended(job_id, svc.settings.sync_timeout_s):
            return None
        job = svc.store.get(job_id)
        return list(read_rows(svc.results, job, plain_view(job, neutral_band_of(job.options))))
    finally:
        _erase(job_id)


def _mark_degraded(response: Response) -> Response:
    response.headers["Sentiq-Degraded"] = "true"  # the bodies must keep the form of the older services
    return response


def _erase(job_id: str) -> None:
    try:
        services().store.erase(job_id)
    except JobNotFound:
        pass  # another process erased it first


def _label(row: ResultRow) -> str:
    assert row.label is not None, "rows with an error are raised"
    return row.label


def _label_zh(row: ResultRow) -> str:
    return LABELS_ZH.get(_label(row), _label(row))


def _score(row: ResultRow) -> float:
    assert row.score is not None, "rows with an error are raised"
    return row.score


def _aspects(row: ResultRow, options: Options) -> list[RowAspect] | None:
    return None if options.aspects is None else [RowAspect(**aspect._asdict()) for aspect in row.aspects]


def _data(options: Options, text: str, row: ResultRow, elapsed_ms: float, *, confidence: bool) -> SentimentData:
    return SentimentData(
        text=text,
        sentiment=_label_zh(row),
        confidence=_score(row) if confidence else None,
        english_label=_label(row),
        analysis_time_ms=elapsed_ms,
        aspects=_aspects(row, options),
    )


def _elapsed_ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)


def _json(body: str) -> Response:
    return Response(body, mimetype="application/json")
