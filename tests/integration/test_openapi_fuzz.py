"""Schemathesis sends what the OpenAPI document allows and what it forbids, and the answers must be as it promises.

The cases are the same at each run; `pytest --hypothesis-profile=search` takes ten times as many, other ones each time.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis import Redis
from schemathesis import BaseSchema, Case, CheckContext, CheckFunction, Config, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.services import Services
from sentiq.aspects.sets import parse_set
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.types import ChunkRef
from sentiq.webhooks.store import EVENTS, TEST_EVENT, Delivery
from tests.support.examples import effort
from tests.support.jobs import answered
from tests.support.redis_server import RedisServer

CASES = 60  #: of each operation
TABLE = "text,id\n好吃,1\n失败,2\n太慢了,3\n".encode()

#: They wait for a worker, and there is none.
WAITING = {
    "POST /analyze",
    "POST /api/sentiment",
    "POST /api/v1/sentiment/analyze",
    "POST /api/v1/sentiment/analyze/batch",
}

#: Everybody may ask.
OPEN = {"GET /livez", "GET /readyz"}

#: Their 503 is an answer like any other: it says what is not ready.
PROBES = {"GET /readyz", "GET /health"}


@functools.cache
@functools.cache
def labels() -> list[str]:
    paths = create_app(Settings()).api_doc["paths"]
    return [f"{method.upper()} {path}" for path, operations in paths.items() for method in operations]


@pytest.fixture(scope="module")
def app(redis_server: RedisServer) -> Iterator[OpenAPI]:
    app = create_app(Settings(redis_url=redis_server.url, sync_timeout_s=0.01, chunk_texts=2, max_json_bytes=100_000))
    yield app
    services: Services = app.extensions["sentiq"]
    services.close()


@pytest.fixture(scope="module")
def schema(app: OpenAPI) -> BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi/openapi.json", app, config=Config())


@pytest.fixture(scope="module")
def guarded(redis_server: RedisServer) -> Iterator[BaseSchema]:
    """As a service on the internet: it asks for keys, and counts."""
    app = create_app(Settings(redis_url=redis_server.url, sync_timeout_s=0.01, auth="keys"))
    yield schemathesis.openapi.from_wsgi("/openapi/openapi.json", app, config=Config())
    services: Services = app.extensions["sentiq"]
    services.close()


class Things:
    """Real jobs, uploads and the like for paths and bodies; made anew, since cases change and erase them."""

    def __init__(self, app: OpenAPI, redis: Redis) -> None:
        self._client: FlaskClient = app.test_client()
        services: Services = app.extensions["sentiq"]
        self._webhooks = services.webhooks
        self._aspect_sets = services.aspect_sets
        self._bulk = BulkLane(redis, services.settings)

    def made_for(self, names: Iterable[str], state: str) -> dict[str, str]:
        """An id of something real for each name that stands for one; `state` is that of a job."""
        makers: dict[str, Callable[[], str]] = {
            "job_id": lambda: self._job(state),
            "upload_id": self._upload,
            "upload": self._upload,
            "webhook_id": self._webhook,
            "webhook": self._webhook,
            "set_name": self._aspect_set,
            "set_id": self._aspect_set,
        }
        made = {name: makers[name]() for name in names if name in makers}
        if "delivery_id" in names:
            made["delivery_id"] = self._delivery(made["webhook_id"])
        return made

    def _job(self, state: str) -> str:
        start = datetime.now(UTC) + timedelta(hours=state == "scheduled")
        job_id = self._post("/api/v1/jobs", keep_columns=True, start_at=start.isoformat())
        if state == "completed":
            for number, rows in enumerate((2, 1)):
                opened = self._bulk.claim(ChunkRef(job_id, number, rows), "test")
                assert opened is not None
                self._bulk.record([answered(opened)])
        return job_id

    def _upload(self) -> str:
        return self._post("/api/v1/uploads")

    def _post(self, path: str, **query: object) -> str:
        answer = self._client.post(path, query_string=query, data=TABLE, content_type="text/csv")
        made: str = answer.json["id"]
        return made

    def _webhook(self) -> str:
        return self._webhooks.create("https://example.com/", "", EVENTS).id

    def _aspect_set(self) -> str:
        aspects = parse_set({"id": "parcels", "aspects": [{"name": "物流", "words": ["物流"]}]})
        self._aspect_sets.save(aspects)
        return aspects.id

    def _delivery(self, webhook_id: str) -> str:
        made = Delivery(f"msg_{webhook_id}", webhook_id, TEST_EVENT, "{}", self._webhooks.now_ms())
        self._webhooks.enqueue(made)
        return made.id


def is_a_problem(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every error is a problem document with a code and the id of its request."""
    if response.status_code < 400 or case.operation.label in PROBES:
        return
    if response.status_code == 400 and case.operation.label == "POST /api/sentiment" and "error" in response.json():
        assert response.json() == {
            "error": "输入文本不能为空",
            "code": "empty_text",
            "request_id": response.headers["x-request-id"][0],
        }
        return
    assert response.headers["content-type"] == ["application/problem+json"]
    document = response.json()
    assert document["status"] == response.status_code
    assert document["code"]
    assert [document["request_id"]] == response.headers["x-request-id"]


def has_no_fault(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """No answer of a server error, but from those who wait for a worker."""
    if case.operation.label in WAITING and response.status_code == 503:
        assert response.json()["code"] == "result_not_ready"
    elif case.operation.label not in PROBES:
        not_a_server_error(ctx, response, case)


CHECKS: list[CheckFunction] = [
    has_no_fault,
    is_a_problem,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def tally(tell: Callable[[str], None]) -> Iterator[Counter[str]]:
    tally: Counter[str] = Counter()
    yield tally
    tell(f"OpenAPI: {', '.join(f'{count:,} {what}' for what, count in sorted(tally.items()))}")


@pytest.mark.parametrize("label", labels())
def test_answers_are_as_documented(
    label: str, app: OpenAPI, schema: BaseSchema, redis: Redis, tally: Counter[str]
) -> None:
    operation = schema.find_operation_by_label(label)
    assert operation is not None
    things = Things(app, redis)
    good = operation.as_strategy(GenerationMode.POSITIVE)
    takes_input = operation.body or any(operation.iter_parameters())
    cases = st.one_of(good, operation.as_strategy(GenerationMode.NEGATIVE)) if takes_input else good

    @hypothesis_settings(
        max_examples=effort(CASES) if takes_input else 1,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(
        case=cases,
        known=st.sampled_from([True, True, False]),
        state=st.sampled_from(["completed", "queued", "scheduled"]),
    )
    def run(case: Case[Any], known: bool, state: str) -> None:
        if known and case.meta is not None and case.meta.generation.mode.is_positive:
            case.path_parameters |= things.made_for(case.path_parameters, state)
            if isinstance(case.body, dict):
                case.body |= things.made_for(case.body, state)
            case.query = dict(list(case.query.items())[:1])  # of many options one is mostly wrong
        response = case.call()
        tally["cases"] += 1
        tally[f"answers {response.status_code // 100}xx"] += 1
        # Of a file the schema says no more than that it is text or a form; what is wrong with one stands nowhere.
        left_out: list[CheckFunction] = (
            [negative_data_rejection] if case.media_type not in (None, "application/json") else []
        )
        case.validate_response(response, checks=CHECKS, excluded_checks=left_out)

    run()


@pytest.mark.parametrize("label", labels())
def test_refusals_are_as_documented(label: str, guarded: BaseSchema, redis: Redis, tally: Counter[str]) -> None:
    """Of who has no key, a void one, one that may not do this, and one that has been used too often."""
    operation = guarded.find_operation_by_label(label)
    assert operation is not None
    store = KeyStore(redis)
    tokens = [store.create("a stranger", (scope,), rate)[1] for scope in Scope for rate in ("1/hour", "")]
    statuses = set()

    @hypothesis_settings(max_examples=effort(CASES // 4), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(GenerationMode.POSITIVE), token=st.sampled_from(["", "sq_void", *tokens]))
    def run(case: Case[Any], token: str) -> None:
        response = case.call(headers={"Authorization": f"Bearer {token}"} if token else None)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)
        if response.status_code in (401, 403, 429):
            tally[f"answers {response.status_code}"] += 1

    run()
    assert label in OPEN or 401 in statuses
