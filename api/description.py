"""The description of the API in OpenAPI, made of the handlers: what holds for all operations is added here."""

from __future__ import annotations

import re
from typing import Any

from flask_openapi3 import OpenAPI

from api.access import security
from api.schemas.common import problems

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_VARIABLE = re.compile(r"<(?:[^<:]+:)?(\w+)>")


class Api(OpenAPI):
    """Tells of each operation by which name generated clients call it, who may ask, and how it refuses."""

    def generate_spec_json(self) -> None:
        super().generate_spec_json()  # type: ignore[no-untyped-call]  # the framework has no types here
        endpoints = {
            (_VARIABLE.sub(r"{\1}", rule.rule), method): rule.endpoint
            for rule in self.url_map.iter_rules()
            for method in METHODS & (rule.methods or set())
        }
        for path, operations in self.spec_json["paths"].items():
            for method, operation in operations.items():
                self._complete(operation, endpoints[path, method.upper()], method.upper())
        del self.spec_json["components"]["schemas"][self.validation_error_model.__name__]

    def _complete(self, operation: dict[str, Any], endpoint: str, method: str) -> None:
        operation["operationId"] = endpoint.rpartition(".")[2]
        if "description" in operation:
            operation["description"] = operation["description"].replace("<br/>", "\n")  # it is Markdown
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _given(parameter["schema"])
        answers = operation["responses"]
        if "application/json" in answers["422"]["content"]:
            del answers["422"]  # the framework adds one of its own form where there is none: no answer is like that
        operation["security"] = security(endpoint, method, self.extensions["sentiq"].settings)
        if operation["security"]:
            for status, refusal in problems(401, 403, 429, 503).items():
                answer = answers.setdefault(str(status), refusal)
                answer["content"] |= refusal["content"]
        operation["responses"] = dict(sorted(answers.items()))


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is there: what is left out is not null."""
    if schema.get("default", ...) is None:
        del schema["default"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    return schema
