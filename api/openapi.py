"""Completes the OpenAPI document that the framework makes of the handlers."""

from __future__ import annotations

import re
from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import request
from flask_openapi3 import OpenAPI
from flask_openapi3 import request as framework
from flask_openapi3.models import Schema
from pydantic import BaseModel

from api.http.auth import security
from api.http.blueprint import Blueprint
from api.schemas.common import problems
from api.schemas.components import components
from api.schemas.examples import EXAMPLES, problem_example

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {"description": "of this request, as in the logs", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "how to send a key", "schema": {"type": "string", "const": "Bearer"}},
    "Retry-After": {"description": "seconds until it is worth asking again", "schema": {"type": "integer"}},
    "Location": {"description": "where it is from now on", "schema": {"type": "string"}},
    "Preference-Applied": {"description": "how long it waited, of what was asked for", "schema": {"type": "string"}},
    "Idempotency-Replayed": {"description": "the job is that of an earlier request", "schema": {"const": "true"}},
}
#: Beside X-Request-Id, which is everywhere: by status, or by operation and status.
SENT = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
    "get_job 200": ("Retry-After",),
    "submit_job 200": ("Location", "Preference-Applied", "Idempotency-Replayed"),
    "submit_job 202": ("Location", "Retry-After", "Preference-Applied", "Idempotency-Replayed"),
    "create_upload 201": ("Location",),
}
_VARIABLE = re.compile(r"<(?:[^<:]+:)?(\w+)>")


_describing = Lock()  #: The blueprints are those of all apps, and a description takes a second.


class Api(OpenAPI):
    """Adds to each operation its name in generated clients, its security, headers and examples.

    The description is made when it is asked for first.
    """

    def __init__(self, import_name: str, **options: Any) -> None:
        super().__init__(import_name, **options)
        self._described: list[Blueprint] = []

    def register_api(self, api: Blueprint, **options: Any) -> None:  # type: ignore[override]  # we have one kind
        """Register the handlers of a blueprint, whose description `generate_spec_json` takes over."""
        self.register_blueprint(api, **options)
        self._described.append(api)

    @property
    def api_doc(self) -> dict[str, Any]:
        """The description, for each thread that asks for it the whole one."""
        with _describing:
            return super().api_doc

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the handler as it is: none of ours is a coroutine, and Flask would look at each of them again."""
        return func

    def generate_spec_json(self) -> None:
        for blueprint in self._described:
            blueprint.describe()
            self.tags += [tag for tag in blueprint.tags if tag not in self.tags]
            self.paths |= blueprint.paths
            self.components_schemas |= blueprint.components_schemas
        self.components_schemas |= {name: Schema(**schema) for name, schema in components().items()}
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # the framework has no types here
        endpoints = {
            (_VARIABLE.sub(r"{\1}", rule.rule), method): rule.endpoint
            for rule in self.url_map.iter_rules()
            for method in METHODS & (rule.methods or set())
        }
        _drop_null_defaults(self.spec_json)
        for path, operations in self.spec_json["paths"].items():
            for method, operation in operations.items():
                self._complete(operation, path, endpoints[path, method.upper()], method.upper())
        del self.spec_json["components"]["schemas"][self.validation_error_model.__name__]
        self.spec_json["components"]["headers"] = HEADERS

    def _complete(self, operation: dict[str, Any], path: str, endpoint: str, method: str) -> None:
        name = operation["operationId"] = endpoint.rpartition(".")[2]
        if "description" in operation:
            operation["description"] = operation["description"].replace("<br/>", "\n")  # it is Markdown
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _given(parameter["schema"])
        _show_examples(operation.get("requestBody", {}).get("content", {}))
        operation["security"] = security(endpoint, method, self.extensions["sentiq"].settings)
        answers = operation["responses"]
        if "application/json" in answers["422"]["content"]:
            del answers["422"]  # the framework adds one of its own form where there is none: no answer is like that
        if operation["security"]:
            for status, refusal in problems(401, 403, 429, 503).items():
                answer = answers.setdefault(str(status), refusal)
                answer["content"] |= refusal["content"]
        for status, answer in answers.items():
            sent = ("X-Request-Id", *SENT.get(status, ()), *SENT.get(f"{name} {status}", ()))
            answer["headers"] = {header: {"$ref": f"#/components/headers/{header}"} for header in sent}
            content = answer.get("content", {})
            _show_examples(content)
            if "application/problem+json" in content:
                content["application/problem+json"]["example"] = problem_example(int(status), path)
        operation["responses"] = dict(sorted(answers.items()))


_validate_given_query = framework._validate_query


def _validate_query(query: type[BaseModel], func_kwargs: dict[Any, Any]) -> None:
    """Do without the framework's search for each parameter where the request has none."""
    if request.args:
        _validate_given_query(query, func_kwargs)
    else:
        func_kwargs["query"] = query.model_validate({})


framework._validate_query = _validate_query


def _drop_null_defaults(node: object) -> None:
    """Drop defaults of null: they say nothing, and generators take such a field for one that is always present."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        _drop_null_defaults(child)
    if isinstance(node, dict) and node.get("default", ...) is None:
        del node["default"]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove null from the schema of a parameter: a parameter is left out, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    return schema


def _show_examples(content: dict[str, Any]) -> None:
    """Add the example of a JSON schema, or of the first of several that are allowed."""
    schema = content.get("application/json", {}).get("schema", {})
    one = schema.get("items", schema.get("anyOf", [schema])[0])
    example = EXAMPLES.get(one.get("$ref", "").rpartition("/")[2])
    if example is not None:
        content["application/json"]["example"] = [example] if "items" in schema else example
