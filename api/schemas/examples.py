"""An example of each document that is sent or answered, by the name of its schema: the story of two reviews."""

from __future__ import annotations

from typing import Any

from sentiq.aspects.sets import parse_set
from sentiq.core import errors
from sentiq.core.version import VERSION

GOOD, BAD = "房间干净，服务热情，下次还来", "物流太慢，很失望"
MODEL, MODEL_VERSION = "sentiq-small-zh", "4bcc4e4b1c42"
JOB_ID = "job_4491bfa73b4aff02c9c559ac"
SELF = f"/api/v1/jobs/{JOB_ID}"

_ROW = {
    "index": 0,
    "custom_id": "1",
    "label": "positive",
    "label_zh": "积极",
    "score": 0.99876,
    "probabilities": {"negative": 0.00124, "positive": 0.99876},
    "truncated": False,
    "model": f"{MODEL}@{MODEL_VERSION}",
    "degraded": False,
    "error": None,
}
_ROWS = {
    "object": "list",
    "data": [
        _ROW,
        _ROW
        | {"index": 1, "custom_id": "2", "label": "negative", "label_zh": "消极", "score": 0.99953}
        | {"probabilities": {"negative": 0.99953, "positive": 0.00047}},
    ],
    "next": None,
}
_FILE = {
    "name": "reviews.csv",
    "format": "csv",
    "compression": None,
    "encoding": "utf-8",
    "delimiter": ",",
    "quotes": True,
    "has_header": True,
    "header_row": 1,
    "sheet": None,
    "text_column": "评论",
    "text_number": 2,
    "text_numbers": [2],
    "id_column": "编号",
    "id_number": 1,
    "label_column": None,
    "label_number": None,
    "date_column": None,
    "date_number": None,
    "language_column": None,
    "language_number": None,
    "date_order": None,
    "columns": ["编号", "评论"],
    "notes": [],
}
_JOB = {
    "id": JOB_ID,
    "object": "job",
    "name": "reviews.csv",
    "metadata": {},
    "state": "completed",
    "lane": "bulk",
    "model": {"id": MODEL, "version": MODEL_VERSION},
    "options": {
        "long_texts": "truncate",
        "neutral_band": None,
        "priority": "normal",
        "start_at": None,
        "window": None,
        "time_zone": "Asia/Shanghai",
        "expire_at": None,
        "webhook": None,
        "keep_columns": True,
        "language": None,
        "aspects": None,
    },
    "file": _FILE,
    "has_languages": False,
    "counts": {"total": 2, "completed": 2, "failed": 0, "without_text": 0},
    "created_at": "2026-01-31T08:00:00.000Z",
    "started_at": "2026-01-31T08:00:00.011Z",
    "ended_at": "2026-01-31T08:00:00.016Z",
    "expires_at": "2026-02-07T08:00:00.016Z",
    "paused_at": None,
    "scheduled_for": None,
    "queue_position": None,
    "texts_per_second": 400.0,
    "eta_s": 0.0,
    "error": None,
    "links": {"self": SELF, "results": f"{SELF}/results", "summary": f"{SELF}/summary"},
}
_ALL_RIGHT = {"value": 1.0, "low": 0.3424, "high": 1.0}
_ONE_RIGHT = {"value": 1.0, "low": 0.2065, "high": 1.0}
_NONE_RIGHT = {"value": 0.0, "low": 0.0, "high": 0.7935}
_NONE = {"negative": 0, "positive": 0, "failed": 0, "without_text": 0}
_WEEK = {"rows": 1, "changes": []}
_SENTIMENT = {
    "text": GOOD,
    "sentiment": "积极",
    "confidence": 0.99876,
    "english_label": "positive",
    "analysis_time_ms": 6.58,
}
_OTHER = _SENTIMENT | {"text": BAD, "sentiment": "消极", "confidence": 0.99953, "english_label": "negative"}
_REQUEST_ID = "b725388660e64b6cb6f21301806cb9ae"
_IDLE = {"waiting": 0, "in_flight": 0, "demand": 0}
_LANE = _IDLE | {"children": 2, "busy": 0, "oldest_waiting_s": 0.0, "texts_per_second": 900.0}
_STORED_MODEL = {
    "id": MODEL,
    "version": MODEL_VERSION,
    "labels": ["negative", "positive"],
    "max_tokens": 512,
    "precision": "int8",
    "source": "trained from scratch by `python -m training`, seed 1",
    "accuracy": 0.8784,
    "tested_on": 12315,
    "active": True,
    "workers": ["bulk@host"],
}
_WEBHOOK = {
    "id": "wh_a0db304da1b4d9ab",
    "object": "webhook",
    "url": "https://example.com/hook",
    "description": "",
    "events": ["job.completed", "job.failed"],
    "created_at": "2026-01-31T08:00:00.000Z",
    "disabled": None,
}
_SIGNS = "whsec_…"
_ASPECT_SET_DEFINITION = {
    "id": "parcels",
    "title": "包裹",
    "aspects": [
        {"name": "物流", "words": ["物流", "快递", "发货"]},
        {"name": "包装", "words": ["包装", "盒子"], "except": ["盒子太可爱"]},
    ],
}
_ASPECT_SET_VERSION = parse_set(_ASPECT_SET_DEFINITION).version
_ASPECT_SET = {
    "id": "parcels",
    "object": "aspect_set",
    "version": _ASPECT_SET_VERSION,
    "built_in": False,
    "stored_at": "2026-01-31T08:00:00.000Z",
    "definition": _ASPECT_SET_DEFINITION,
}

EXAMPLES: dict[str, Any] = {
    "AnalyzeRequest": {"text": GOOD},
    "Analysis": {"text": GOOD, "label": "positive", "score": 0.99876},
    "EmojiSentiment": {"text": GOOD, "sentiment": "positive", "confidence": 0.99876, "emoji": "😊"},
    "NoText": {"error": "输入文本不能为空", "code": "empty_text", "request_id": _REQUEST_ID},
    "SentimentRequest": {"text": GOOD, "return_confidence": True},
    "SentimentAnswer": {"success": True, "data": _SENTIMENT, "request_id": _REQUEST_ID},
    "SentimentBatchRequest": {"texts": [GOOD, BAD]},
    "SentimentBatchAnswer": {"success": True, "data": [_SENTIMENT, _OTHER], "request_id": _REQUEST_ID},
    "JobRequest": {
        "items": [{"text": GOOD, "custom_id": "1", "date": "2024-03-05 15:00"}, {"text": BAD, "custom_id": "2"}],
        "name": "two reviews",
    },
    "JobDocument": _JOB,
    "JobWithResults": _JOB | {"results": _ROWS},
    "JobList": {"object": "list", "data": [_JOB], "next": None},
    "ResultsPage": _ROWS,
    "RowDocument": _ROW,
    "Summary": {
        "object": "summary",
        "job_id": JOB_ID,
        "state": "completed",
        "rows": 2,
        "counts": {"negative": 1, "positive": 1, "failed": 0, "without_text": 0},
        "shares": {"negative": 0.5, "positive": 0.5, "failed": 0.0, "without_text": 0.0, "truncated": 0.0},
        "histogram": [{"start": 0.0, "end": 0.05, "count": 1}, {"start": 0.95, "end": 1.0, "count": 1}],
        "failures": [],
    },
    "Phrases": {
        "object": "phrases",
        "job_id": JOB_ID,
        "here": {"rows": 1800, "looked_at": 1800},
        "against": {"rows": 3200, "looked_at": 3200},
        "data": [
            {
                "phrase": "物流太慢",
                "rows": 162,
                "share": {"value": 0.09, "low": 0.0776, "high": 0.1041},
                "rows_against": 9,
                "share_against": {"value": 0.0028, "low": 0.0015, "high": 0.0053},
                "log_odds": 1.0217,
                "z": 6.42,
                "negative": {"value": 0.9474, "low": 0.9031, "high": 0.972},
                "forms": [{"phrase": "物流太慢了", "rows": 57}],
                "examples": [{"index": 1, "label": "negative", "text": BAD}],
            }
        ],
    },
    "Findings": {
        "object": "findings",
        "job_id": JOB_ID,
        "state": "completed",
        "rows": 5000,
        "data": [
            {
                "kind": "aspect",
                "name": "物流",
                "rows": 720,
                "negative": 431,
                "share": {"value": 0.59861, "low": 0.56237, "high": 0.63378},
                "of_all": {"value": 0.0862, "low": 0.07874, "high": 0.09429},
                "rise": {"start": "2026-01-26", "end": "2026-02-01", "difference": 0.21, "p_value": 0.0031},
                "phrases": [{"phrase": "物流太慢", "rows": 162}],
                "examples": [{"index": 1, "label": "negative", "text": BAD}],
                "parameters": {"aspect": "物流", "label": "negative"},
            }
        ],
    },
    "Timeline": {
        "object": "timeline",
        "job_id": JOB_ID,
        "state": "completed",
        "step": "week",
        "rows": 2,
        "undated": {"failed": 0, "without_text": 0},
        "averaged": 4,
        "comparisons": 1,
        "points": [
            _WEEK
            | {"start": "2026-01-19", "end": "2026-01-25", "counts": _NONE | {"negative": 1}}
            | {"shares": {"negative": _ONE_RIGHT, "positive": _NONE_RIGHT}}
            | {"averages": {"negative": 1.0, "positive": 0.0}},
            _WEEK
            | {"start": "2026-01-26", "end": "2026-02-01", "counts": _NONE | {"positive": 1}}
            | {"shares": {"negative": _NONE_RIGHT, "positive": _ONE_RIGHT}}
            | {"averages": {"negative": 0.5, "positive": 0.5}},
        ],
    },
    "Cross": {
        "object": "cross",
        "job_id": JOB_ID,
        "state": "completed",
        "counted": "rows",
        "total": 2,
        "rows": [
            {"value": "北京", "rows": 1, "parameters": {"column": "城市", "value": "北京"}},
            {"value": "上海", "rows": 1, "parameters": {"column": "城市", "value": "上海"}},
        ],
        "columns": [{"value": "2026-01", "rows": 2, "parameters": {"from": "2026-01", "to": "2026-01"}}],
        "cells": [
            [{"rows": 1, "counts": {"positive": 1}, "shares": {"negative": _NONE_RIGHT, "positive": _ONE_RIGHT}}],
            [{"rows": 1, "counts": {"negative": 1}, "shares": {"negative": _ONE_RIGHT, "positive": _NONE_RIGHT}}],
        ],
    },
    "Matches": {"object": "matches", "matches": 1, "next": None},
    "EvaluationDocument": {
        "object": "evaluation",
        "job_id": JOB_ID,
        "label_column": "标签",
        "rows": 2,
        "without_label": 0,
        "without_answer": 0,
        "labels_missing": [],
        "accuracy": _ALL_RIGHT,
        "macro_f1": {"value": 1.0, "low": 0.5291, "high": 1.0},
        "by_label": [
            {"label": label, "rows": 1, "predicted": 1, "precision": _ONE_RIGHT, "recall": _ONE_RIGHT}
            | {"f1": {"value": 1.0, "low": 0.3937, "high": 1.0}}
            for label in ("negative", "positive")
        ],
        "confusion": {"labels": ["negative", "positive"], "counts": [[1, 0], [0, 1]]},
        "calibration": {
            "rows": 2,
            "error": {"value": 0.0009, "low": 0.0, "high": 0.5123},
            "by_chance": 0.0158,
            "bins": [{"low": 0.9333, "high": 1.0, "rows": 2, "score": 0.9991, "accuracy": _ALL_RIGHT}],
        },
        "by_source": [],
        "mistakes": [],
    },
    "Throughput": {"object": "throughput", "step_s": 1, "points": [{"at": "2026-01-31T08:00:00.000Z", "rows": 2}]},
    "UploadDocument": {
        "id": "upl_bd9fc299461465eebcabf6d9",
        "object": "upload",
        "filename": "reviews.csv",
        "bytes": 91,
        "created_at": "2026-01-31T08:00:00.000Z",
        "expires_at": "2026-01-31T09:00:00.000Z",
        "format": _FILE,
        "options": [
            "date_column",
            "date_order",
            "date_year",
            "delimiter",
            "encoding",
            "header_row",
            "id_column",
            "keep_columns",
            "label_column",
            "language_column",
            "quotes",
            "text_column",
        ],
        "sheets": [],
        "columns": [
            {"number": 1, "name": "编号", "samples": ["1", "2"]},
            {"number": 2, "name": "评论", "samples": [GOOD, BAD]},
        ],
        "preview": [["1", GOOD], ["2", BAD]],
    },
    "ClusterDocument": {
        "object": "cluster",
        "lanes": [{"lane": "interactive"} | _LANE, {"lane": "bulk"} | _LANE],
        "workers": [
            {
                "name": "bulk@host",
                "lane": "bulk",
                "children": 2,
                "busy": 0,
                "model": f"{MODEL}@{MODEL_VERSION}",
                "degraded": False,
                "memory_bytes": 133650432,
                "started_at": "2026-01-31T07:00:00.000Z",
                "seen_at": "2026-01-31T08:00:00.000Z",
            }
        ],
        "texts_per_second": 900.0,
        "rows_waiting": 0,
        "jobs": {"all": 3, "receiving": 0, "waiting": 0, "timed": 0},
        "redis": {"used_memory_bytes": 2859056, "max_memory_bytes": None},
        "cache": {"hits": 8, "misses": 3, "entries": 3},
    },
    "ModelList": {"object": "list", "data": [_STORED_MODEL]},
    "ActivationRequest": {"model": f"{MODEL}@{MODEL_VERSION}"},
    "ActivationDocument": {"active": f"{MODEL}@{MODEL_VERSION}", "candidate": None, "error": None},
    "WebhookRequest": {"url": "https://example.com/hook", "events": ["job.completed", "job.failed"]},
    "WebhookDocument": _WEBHOOK,
    "WebhookWithSecret": _WEBHOOK | {"secret": _SIGNS},
    "WebhookList": {"object": "list", "data": [_WEBHOOK]},
    "AttemptList": {
        "object": "list",
        "data": [
            {
                "delivery_id": "msg_0f7c3f3f8f2f4c9aa1b2c3d4",
                "event": "job.completed",
                "attempt": 1,
                "at": "2026-01-31T08:00:01.000Z",
                "status": 204,
                "error": None,
                "took_ms": 12,
                "next_at": None,
            }
        ],
    },
    "JobAspects": {
        "object": "aspects",
        "job_id": JOB_ID,
        "state": "completed",
        "aspect_set": f"parcels@{_ASPECT_SET_VERSION}",
        "rows": 2,
        "rows_with_aspects": 1,
        "data": [
            {
                "aspect": "物流",
                "rows": 1,
                "share": {"value": 0.5, "low": 0.09453, "high": 0.90547},
                "counts": {"negative": 1, "positive": 0},
                "shares": {"negative": _ONE_RIGHT, "positive": {"value": 0.0, "low": 0.0, "high": 0.79346}},
            },
            {
                "aspect": "包装",
                "rows": 0,
                "share": {"value": 0.0, "low": 0.0, "high": 0.65763},
                "counts": {"negative": 0, "positive": 0},
                "shares": {},
            },
        ],
        "worst": [],
    },
    "AspectSetDefinition": _ASPECT_SET_DEFINITION,
    "AspectSetDocument": _ASPECT_SET
    | {"versions": [{"version": _ASPECT_SET_VERSION, "stored_at": "2026-01-31T08:00:00.000Z"}]},
    "AspectSetList": {"object": "list", "data": [_ASPECT_SET]},
    "LiveDocument": {"status": "ok"},
    "ReadyDocument": {"status": "ok", "missing": []},
    "HealthDocument": {
        "status": "healthy",
        "timestamp": "2026-01-31T08:00:00.000Z",
        "version": VERSION,
        "model_loaded": True,
        "memory_usage_mb": 92.5,
        "total_requests": 23,
        "avg_response_time_ms": 3.89,
        "model": MODEL,
        "redis": "ok",
        "lanes": {"interactive": _IDLE, "bulk": _IDLE},
        "workers": [],
    },
}

_NOT_FOUND = {
    "job_id": (errors.JobNotFound, errors.JobNotFound.named(JOB_ID).detail),
    "upload_id": (errors.UploadNotFound, "There is no upload upl_1; it may have expired."),
    "webhook_id": (errors.WebhookNotFound, "There is no webhook wh_1."),
    "set_name": (errors.AspectSetNotFound, "There is no set of aspects 'parcel'; GET /api/v1/aspect-sets lists them."),
    "set_id": (errors.AspectSetNotFound, "There is no set of aspects 'parcel'; GET /api/v1/aspect-sets lists them."),
}
_PROBLEMS: dict[int, tuple[type[errors.SentiqError], str]] = {
    400: (errors.MalformedBody, "The body cannot be read as JSON: Expecting value: line 1 column 1 (char 0)."),
    401: (
        errors.NotAuthorised,
        "The API key is missing. Send `Authorization: Bearer KEY`.",
    ),
    403: (errors.Forbidden, "This API key (reports) lacks the scope `submit`; it has: read."),
    404: _NOT_FOUND["upload_id"],
    409: (errors.JobEnded, f"The job {JOB_ID} has already ended."),
    413: (errors.BodyTooLarge, "The body has 9,000,000 bytes; the limit is 8,000,000. Send it in parts."),
    415: (errors.UnsupportedMediaType, "Content-Type is missing: send application/json."),
    422: (errors.InvalidInput, "One thing is wrong with the request; see `errors`."),
    429: (errors.RateLimited, "More than 600 per 1 minute. Ask again in 4 s, or poll less often."),
    500: (errors.RowFailed, "Each attempt to classify this text ended its process; it was given up."),
    503: (errors.StoreUnavailable, "Redis does not answer; nothing was lost. Try again shortly."),
}


def problem_example(status: int, path: str) -> dict[str, Any]:
    """What an operation at this path answers with an HTTP status."""
    found = next((found for name, found in _NOT_FOUND.items() if f"{{{name}}}" in path), _PROBLEMS[404])
    error, detail = found if status == 404 else _PROBLEMS[status]
    faults = [
        {"code": "extra_forbidden", "detail": "There is no field 'colour'; there are: text.", "pointer": "/colour"}
    ]
    return {
        "type": f"urn:sentiq:problem:{error.code}",
        "title": error.title,
        "status": status,
        "code": error.code,
        "detail": detail,
        "errors": faults if status == 422 else [],
        "request_id": _REQUEST_ID,
    }
