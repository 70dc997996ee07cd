"""The application factory."""

from __future__ import annotations

from typing import NoReturn

from flask_openapi3 import Info, OpenAPI
from flask_openapi3.models import Schema
from pydantic import ValidationError
from werkzeug.middleware.proxy_fix import ProxyFix

from api import (
    access,
    cluster,
    headers,
    health,
    metrics,
    models,
    pages,
    problems,
    request_log,
    results,
    shortcuts,
    submit,
    uploads,
    webhooks,
)
from api.schemas import components
from api.services import Services
from jobs.settings import Settings, current
from jobs.version import VERSION

DESCRIPTION = "Post Chinese texts, poll the job, read the sentiment of each row."


class Api(OpenAPI):
    """Documents the errors of ours alone."""

    def generate_spec_json(self) -> None:
        """The framework adds a 422 of its own form to each operation that has none: no answer is like that."""
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # the framework has no types here
        for operations in self.spec_json["paths"].values():
            for operation in operations.values():
                if "application/json" in operation["responses"]["422"]["content"]:
                    del operation["responses"]["422"]
        del self.spec_json["components"]["schemas"][self.validation_error_model.__name__]


def create_app(settings: Settings | None = None) -> OpenAPI:
    """The Flask app, with its own clients of Redis and Celery in `app.extensions["sentiq"]`."""
    app = Api(
        __name__,
        info=Info(title="sentiq", version=VERSION, description=DESCRIPTION),
        security_schemes={
            "key": {"type": "http", "scheme": "bearer", "description": "an API key; see docs/security.md"}
        },
        validation_error_callback=_raise_validation,
        static_folder=None,
    )
    services = Services.create(settings or current())
    app.extensions["sentiq"] = services
    app.url_map.strict_slashes = False
    if services.settings.proxies:  # the caller's address is what the last of them saw
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=services.settings.proxies, x_proto=0)  # type: ignore[method-assign]
    metrics.init_app(app, services)
    problems.init_app(app)
    request_log.init_app(app)
    access.init_app(app, services)
    headers.init_app(app, services.settings)
    for blueprint in (
        submit.blueprint,
        results.blueprint,
        cluster.blueprint,
        models.blueprint,
        shortcuts.blueprint,
        uploads.blueprint,
        webhooks.blueprint,
        health.blueprint,
    ):
        app.register_api(blueprint)
    pages.init_app(app)
    app.components_schemas |= {name: Schema(**schema) for name, schema in components().items()}
    return app


def _raise_validation(error: ValidationError) -> NoReturn:
    raise problems.from_validation(error)
