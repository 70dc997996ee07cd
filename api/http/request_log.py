"""Logs submissions of jobs, other changes, errors and slow requests, and a sample of all others."""

from __future__ import annotations

import time
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars

from sentiq.core import logs

SLOW_S = 1.0

#: The blueprint of requests that leave no job. A line for each would be some 4 % of what they cost the API.
SHORTCUTS = "shortcuts"

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Call this after `problems.init_app`, which gives a request its id."""

    @app.before_request
    def bind() -> None:
        if request.view_args and "job_id" in request.view_args:
            bind_contextvars(job_id=request.view_args["job_id"])

    @app.after_request
    def log_at_the_end(response: Response) -> Response:
        method, route = request.method, request.url_rule.rule if request.url_rule else "unknown"
        status, started = response.status_code, g.started
        changes = method not in ("GET", "HEAD", "OPTIONS") and request.blueprint != SHORTCUTS

        def log_request() -> None:  # when the last byte of a stream is out
            seconds = time.perf_counter() - started
            fields: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(seconds * 1e3, 1)}
            if status >= 500:
                log.warning("request", **fields)
            elif changes or status >= 400 or seconds > SLOW_S:
                log.info("request", **fields)
            else:
                logs.sampled(log, "request", **fields)
            clear_contextvars()

        response.call_on_close(log_request)
        return response
