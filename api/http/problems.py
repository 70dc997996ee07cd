"""Answers every error as application/problem+json (RFC 9457), also those of the framework."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection
from typing import Any

import structlog
from flask import Flask, Response, g, request
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from sentiq.core.errors import FieldError, InvalidInput, NotAuthorised, SentiqError, StoreFull, StoreUnavailable
from sentiq.core.redis import REDIS_AWAY, RedisFull, RedisRefuses

MAX_ERRORS = 100  #: entries of `errors` in one problem; the rest is only counted

_SANE_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    app.before_request(_take_request_id)
    app.after_request(_give_request_id)
    app.register_error_handler(SentiqError, problem)
    app.register_error_handler(HTTPException, http_problem)
    for away in REDIS_AWAY:
        app.register_error_handler(away, _store_problem)
    app.register_error_handler(Exception, _bug_problem)


def problem(error: SentiqError) -> Response:
    response = _response(error.status, error.code, error.title, error.detail, error.errors)
    if isinstance(error, NotAuthorised):
        response.headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def from_validation(error: ValidationError, names: Collection[str] = ()) -> InvalidInput:
    """Return a pydantic error as ours, with a JSON pointer (RFC 6901) for each fault.

    `names` are the members that the document may have, if they are worth telling whoever sent another one.
    """
    faults = tuple(
        FieldError(code=fault["type"], detail=_detail(fault, names), pointer=pointer(*fault["loc"]))
        for fault in error.errors()
    )
    return InvalidInput(f"{_count(len(faults))} wrong with the request; see `errors`.", errors=faults)


def _detail(fault: ErrorDetails, names: Collection[str]) -> str:
    if fault["type"] != "extra_forbidden" or len(fault["loc"]) > 1 or not names:
        return fault["msg"]
    return f"There is no field {fault['loc'][0]!r}; there are: {', '.join(names)}."


def pointer(*path: str | int) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _count(faults: int) -> str:
    return "One thing is" if faults == 1 else f"{faults} things are"


def _take_request_id() -> None:
    """The client's own, else the id of the trace that the request belongs to (W3C Trace Context), else a new one."""
    given = request.headers.get("X-Request-Id", "")
    trace = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
    if _SANE_REQUEST_ID.fullmatch(given):
        g.request_id = given
    else:
        g.request_id = trace[1] if trace else secrets.token_hex(16)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _give_request_id(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    return response


def http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    title = error.name
    code = _CODES.get(status, re.sub(r"\W+", "_", title.lower()))
    response = _response(status, code, title, _remedy(error) or error.description or title, ())
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _remedy(error: HTTPException) -> str:
    """Return what is there instead of what was asked for; "" where the framework's words say all."""
    if isinstance(error, NotFound):
        return f"There is no {request.path[:100]}; /openapi/openapi.json and /openapi/swagger tell what there is."
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        known = ", ".join(sorted(set(error.valid_methods) - {"OPTIONS"}))
        return f"{request.path[:100]} does not take {request.method}; it takes {known}."
    return ""


def _store_problem(error: Exception) -> Response:
    if isinstance(error, RedisFull):
        log.warning("Redis is full", reason=str(error))
        return problem(StoreFull("Redis takes no more writes: its memory is full. Erase jobs.", retry_after_s=60))
    log.warning("Redis is away", reason=type(error).__name__)
    what = "takes no writes now" if isinstance(error, RedisRefuses) else "does not answer"
    return problem(StoreUnavailable(f"Redis {what}; nothing was lost. Try again shortly.", retry_after_s=5))


def _bug_problem(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return problem(SentiqError("Something went wrong here; the log has the details under this request id."))


def _response(status: int, code: str, title: str, detail: str, errors: tuple[FieldError, ...]) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:sentiq:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [_entry(e) for e in errors[:MAX_ERRORS]],
        "request_id": g.request_id,
    }
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")


def _entry(error: FieldError) -> dict[str, Any]:
    place = {"pointer": error.pointer} if error.pointer is not None else {"line": error.line}
    return {"code": error.code, "detail": error.detail, **place}
