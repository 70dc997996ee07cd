"""What the description of the API says, and that the service does as it says: who may ask, how it refuses, examples."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from jsonschema import Draft202012Validator
from pydantic import SecretStr
from redis import Redis
from werkzeug.test import TestResponse

from api.app import create_app
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.settings import Settings
from sentiq.core.version import VERSION
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S

PROBLEM = {"$ref": "#/components/schemas/Problem"}
PUBLIC = {"GET /livez", "GET /readyz"}

Document = dict[str, Any]
Make = Callable[..., OpenAPI]


@pytest.fixture
def make(redis: Redis, settings: Settings) -> Iterator[Make]:
    """An app with these settings."""
    made: list[OpenAPI] = []

    def make(**changes: object) -> OpenAPI:
        made.append(create_app(settings.model_copy(update={"sync_timeout_s": 0.01, **changes})))
        return made[-1]

    yield make
    for app in made:
        app.extensions["sentiq"].close()


@pytest.fixture
def document(make: Make) -> Document:
    return make(auth="keys").api_doc


def operations(document: Document) -> list[tuple[str, str, Document]]:
    """Method, path and description of each."""
    return [
        (method.upper(), path, operation)
        for path, by_method in document["paths"].items()
        for method, operation in by_method.items()
    ]


def ask(client: FlaskClient, method: str, path: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Without a body and with ids of nothing: what matters comes before."""
    return client.open(re.sub(r"{\w+}", "none", path), method=method, headers=headers, buffered=True)


def faults(document: Document, schema: Document, instance: object) -> list[str]:
    found = Draft202012Validator(schema | {"components": document["components"]}).iter_errors(instance)
    return [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]


def test_it_is_valid_openapi_of_this_service(make: Make) -> None:
    app = make()
    schemathesis.openapi.from_wsgi("/openapi/openapi.json", app).validate()
    document = app.api_doc
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == VERSION
    assert [server["url"] for server in document["servers"]] == ["/"]


#: Prints what eight threads are given that ask a new process at once.
ASK_AT_ONCE = """
import json
from concurrent.futures import ThreadPoolExecutor
{before}
from api.app import create_app
from sentiq.core.settings import Settings
app = create_app(Settings())
with ThreadPoolExecutor(8) as threads:
    print(json.dumps(list(threads.map(lambda _: json.dumps(app.api_doc), range(8)))))
"""
#: The handlers are described while they are registered, as the framework does it.
EARLY = "from api.http.blueprint import Blueprint; del Blueprint._collect_openapi_info"


def asked_at_once(before: str = "") -> set[str]:
    command = [sys.executable, "-W", "error", "-c", ASK_AT_ONCE.format(before=before)]
    printed = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=WAIT_S).stdout
    return set(json.loads(printed))


def test_made_when_it_is_asked_for_it_is_what_the_framework_makes_at_the_start() -> None:
    late = asked_at_once()
    assert len(late) == 1
    assert late == asked_at_once(EARLY)


def test_generators_find_a_name_for_each_operation_and_no_null_in_an_address(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names
    for _, path, operation in operations(document):
        assert operation["tags"] != ["default"], path
        assert operation["summary"], path
        assert "<br" not in operation.get("description", "")
        for parameter in operation.get("parameters", ()):
            assert "anyOf" not in parameter["schema"], (path, parameter["name"])


def test_refusals_are_as_described(make: Make, redis: Redis) -> None:
    """Each operation without a key, and with one that may do everything else."""
    app = make(auth="keys")
    client, store = app.test_client(), KeyStore(redis)
    for method, path, operation in operations(app.api_doc):
        label = f"{method} {path}"
        without = ask(client, method, path)
        if label in PUBLIC:
            assert operation["security"] == [], label
            assert without.status_code not in (401, 403)
            assert not {"401", "403", "429"} & set(operation["responses"])
            continue
        ((scheme, scopes),) = operation["security"][0].items()
        assert app.api_doc["components"]["securitySchemes"][scheme]["scheme"] == "bearer"
        _, token = store.create("all but one", set(Scope) - {Scope.ADMIN, *scopes})
        refused = ask(client, method, path, {"Authorization": f"Bearer {token}"})
        assert (without.status_code, refused.status_code) == (401, 403), label
        for answer in (without, refused):
            described = operation["responses"][str(answer.status_code)]
            assert described["content"]["application/problem+json"]["schema"] == PROBLEM, label
            assert faults(app.api_doc, PROBLEM, answer.json) == []
            assert set(described["headers"]) <= set(answer.headers.keys())
        assert "429" in operation["responses"], label


def test_a_client_over_its_rate_is_refused_as_described(make: Make) -> None:
    app = make(rate_limit="1/hour")
    client = app.test_client()
    ask(client, "GET", "/api/v1/jobs")
    for method, path, operation in operations(app.api_doc):
        limited = ask(client, method, path)
        assert (limited.status_code == 429) == ("429" in operation["responses"]), path
        if limited.status_code == 429:
            assert set(operation["responses"]["429"]["headers"]) <= set(limited.headers.keys())


@pytest.mark.parametrize(
    ("settings_of_access", "needed"),
    [
        ({}, {"POST /api/v1/models/activation"}),
        ({"admin_token": SecretStr("a token")}, {"POST /api/v1/models/activation", "POST /api/v1/webhooks"}),
    ],
)
def test_where_no_key_is_asked_for_it_says_that_none_is_needed(
    make: Make, settings_of_access: dict[str, object], needed: set[str]
) -> None:
    app = make(**settings_of_access)
    client = app.test_client()
    for method, path, operation in operations(app.api_doc):
        answer = ask(client, method, path)
        described = f"{method} {path}" in PUBLIC or {} in operation["security"]
        assert (answer.status_code != 401) == described, path
        if f"{method} {path}" in needed:
            assert not described


def test_every_document_that_is_sent_or_answered_has_an_example_of_its_schema(document: Document) -> None:
    shown = 0
    for method, path, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for kind, described in (pair for body in bodies for pair in body.get("content", {}).items()):
            if kind in ("application/json", "application/problem+json") and "schema" in described:
                assert "example" in described, (method, path, kind, described)
                found = faults(document, described["schema"], described["example"])
                assert not found, f"{method} {path}: {found}; mend api/schemas/examples.py"
                shown += 1
    assert shown > 200
