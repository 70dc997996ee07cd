"""The application factory."""

from __future__ import annotations

from typing import NoReturn

from flask_openapi3 import Info, OpenAPI, Server
from pydantic import ValidationError
from werkzeug.middleware.proxy_fix import ProxyFix

from api import openapi
from api.export.order import Orders
from api.http import auth, headers, problems, queries, request_log
from api.routes import (
    aspect_sets,
    cluster,
    health,
    jobs,
    metrics,
    models,
    pages,
    reports,
    results,
    synchronous_shortcuts,
    timeline,
    uploads,
    viewer,
    views,
    webhooks,
)
from api.services import Services
from sentiq.core.settings import Settings, current
from sentiq.core.version import VERSION
from sentiq.jobs.messages import Broker

DESCRIPTION = "Post Chinese texts, poll the job, read the sentiment of each row."


def create_app(settings: Settings | None = None, broker: Broker | None = None) -> OpenAPI:
    """Return a Flask app with its own clients of Redis and of the broker in `app.extensions["sentiq"]`.

    Without a `broker`, messages are Celery's.
    """
    app = openapi.Api(
        __name__,
        info=Info(title="sentiq", version=VERSION, description=DESCRIPTION),
        security_schemes={
            "key": {"type": "http", "scheme": "bearer", "description": "an API key; see docs/security.md"}
        },
        validation_error_callback=_raise_validation,
        servers=[Server(url="/", description="the service that gave this description")],
        static_folder=None,
        doc_ui=False,  # `api.routes.viewer` serves it
    )
    services = Services.create(settings or current(), broker)
    app.extensions["sentiq"] = services
    app.extensions[views.ORDERS] = Orders()
    app.url_map.strict_slashes = False
    if services.settings.proxies:  # the caller's address is what the last of them saw
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=services.settings.proxies, x_proto=0)  # type: ignore[method-assign]
    metrics.init_app(app, services)
    problems.init_app(app)
    request_log.init_app(app)
    auth.init_app(app, services)
    queries.init_app(app)
    headers.init_app(app, services.settings)
    for blueprint in (
        jobs.blueprint,
        results.blueprint,
        timeline.blueprint,
        reports.blueprint,
        cluster.blueprint,
        models.blueprint,
        synchronous_shortcuts.blueprint,
        uploads.blueprint,
        webhooks.blueprint,
        aspect_sets.blueprint,
        health.blueprint,
    ):
        app.register_api(blueprint)
    pages.init_app(app)
    app.register_blueprint(viewer.blueprint)
    return app


def _raise_validation(error: ValidationError) -> NoReturn:
    raise problems.from_validation(error)
