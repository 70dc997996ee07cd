"""Sets security headers: which web pages may call the API, and what our own pages may load."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_cors import CORS

from sentiq.core.settings import Settings

#: Defaults: an answer must not be framed, sniffed, cached or named in a Referer.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
CLOSED = "default-src 'none'; frame-ancestors 'none'"
#: By blueprint; all others answer with data, which loads nothing.
POLICIES = {
    # Of data: URLs only the pictures of Pico's style sheet. No script but our files, and no markup made of strings.
    "pages": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    # Swagger UI asks this service alone; its pictures are data: URLs. It makes markup of strings (React does).
    "openapi": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none';",
}


def init_app(app: Flask, settings: Settings) -> None:
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if origins:
        CORS(
            app,
            origins=origins,
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Prefer", "X-Request-Id"],
            expose_headers=["Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id", "ETag"],
            max_age=600,
        )
    app.after_request(_add)


def _add(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}  # `setdefault` would search them for each name
    for name, value in HEADERS.items():
        if name.lower() not in given:
            response.headers.add(name, value)
    if "content-security-policy" not in given:
        response.headers.add("Content-Security-Policy", POLICIES.get(request.blueprint or "", CLOSED))
    return response
