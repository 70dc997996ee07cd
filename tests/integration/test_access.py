"""API keys: who may do what, and that nobody sees the jobs of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from redis import Redis

from api.app import create_app
from api.services import Services
from sentiq.admin.commands import main as admin
from sentiq.core import redis_keys
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.settings import Settings, current

Ask = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture
def app_with(redis: Redis, settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """A client of an API with these settings."""
    made: list[Services] = []

    def make(**changes: object) -> FlaskClient:
        app = create_app(settings.model_copy(update=changes))
        made.append(app.extensions["sentiq"])
        return app.test_client()

    yield make
    for services in made:
        services.close()


@pytest.fixture
def client(app_with: Callable[..., FlaskClient]) -> FlaskClient:
    return app_with(auth="keys")


@pytest.fixture
def key(redis: Redis) -> Callable[..., dict[str, str]]:
    """Headers with a fresh key of these scopes."""

    def make(*scopes: Scope, rate: str = "") -> dict[str, str]:
        return _bearer(KeyStore(redis).create("a team", scopes, rate)[1])

    return make


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _submit(client: FlaskClient, headers: dict[str, str], **more: str) -> str:
    answer = client.post("/api/v1/jobs", json={"texts": ["很好"] * 100}, headers=headers | more)
    assert answer.status_code == 202, answer.text
    return str(answer.json["id"])


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer sq_", "Basic YTpi", f"Bearer sq_{'0' * 12}_{'A' * 43}", "Bearer " + "x" * 5_000],
)
def test_without_a_valid_key_nothing_opens(client: FlaskClient, authorization: str) -> None:
    for path in ("/api/v1/jobs", "/health", "/metrics", "/api/v1/models", "/api/v1/cluster", "/api/v1/webhooks"):
        answer = client.get(path, headers={"Authorization": authorization} if authorization else {})
        assert (answer.status_code, answer.json["code"]) == (401, "not_authorised"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.post("/analyze", json={"text": "好"}).status_code == 401
    assert [client.get(path).status_code for path in ("/livez", "/", "/openapi/openapi.json")] == [200, 200, 200]


def test_every_endpoint_needs_a_key_but_those_that_tell_nothing(client: FlaskClient) -> None:
    open_ones = set()
    for rule in client.application.url_map.iter_rules():
        path = rule.rule.replace("<job_id>", "job_1").replace("<upload_id>", "upl_1")
        path = path.replace("<webhook_id>", "w").replace("<delivery_id>", "d").replace("<path:filename>", "app.css")
        method = next(iter(set(rule.methods or ()) - {"HEAD", "OPTIONS"}))
        with client.open(path, method=method) as answer:
            if answer.status_code != 401:
                open_ones.add(rule.rule)
    told = {rule for rule in open_ones if not rule.startswith("/openapi")}
    pages = {"/", "/bulk", "/jobs", "/jobs/<job_id>", "/cluster", "/static/<path:filename>"}
    assert told == pages | {"/livez", "/readyz"}


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ({Scope.READ}, {"read"}),
        ({Scope.SUBMIT}, {"submit"}),
        ({Scope.METRICS}, {"metrics"}),
        ({Scope.SUBMIT, Scope.READ}, {"submit", "read"}),
        ({Scope.ADMIN}, {"read", "submit", "metrics", "admin"}),
    ],
)
def test_a_scope_opens_what_it_says(
    client: FlaskClient, key: Callable[..., dict[str, str]], scopes: set[Scope], allowed: set[str]
) -> None:
    headers = key(*scopes)
    answers = {
        "read": client.get("/api/v1/jobs", headers=headers),
        "submit": client.post("/api/v1/jobs", json={"texts": ["好"]}, headers=headers),
        "metrics": client.get("/metrics", headers=headers),
        "admin": client.get("/api/v1/webhooks", headers=headers),
    }
    assert {name for name, answer in answers.items() if answer.status_code < 400} == allowed
    refused = [answer for name, answer in answers.items() if name not in allowed]
    assert all((a.status_code, a.json["code"]) == (403, "forbidden") for a in refused)


def test_a_key_sees_only_its_own_jobs(client: FlaskClient, key: Callable[..., dict[str, str]]) -> None:
    ours, theirs, operator = key(Scope.SUBMIT, Scope.READ), key(Scope.SUBMIT, Scope.READ), key(Scope.ADMIN)
    job_id = _submit(client, ours)
    other_id = _submit(client, theirs)

    def listed(headers: dict[str, str]) -> list[str]:
        return [job["id"] for job in client.get("/api/v1/jobs", headers=headers).json["data"]]

    assert (listed(ours), listed(theirs), listed(operator)) == ([job_id], [other_id], [other_id, job_id])
    for method, path in [
        ("GET", ""),
        ("GET", "/results"),
        ("GET", "/results.csv"),
        ("GET", "/summary"),
        ("GET", "/evaluation"),
        ("POST", "/pause"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ]:
        answer = client.open(f"/api/v1/jobs/{job_id}{path}", method=method, headers=theirs)
        assert answer.status_code == 404, (method, path)
    assert client.get(f"/api/v1/jobs/{job_id}", headers=ours).status_code == 200
    assert client.get(f"/api/v1/jobs/{job_id}", headers=operator).status_code == 200
    after = client.get("/api/v1/jobs", query_string={"after": job_id}, headers=theirs)
    assert after.status_code == 422, "a cursor tells nothing of others' jobs"
    assert client.delete(f"/api/v1/jobs/{job_id}", headers=ours).status_code == 204
    assert listed(ours) == []


def test_two_keys_may_choose_the_same_idempotency_key(client: FlaskClient, key: Callable[..., dict[str, str]]) -> None:
    ours, theirs = key(Scope.SUBMIT, Scope.READ), key(Scope.SUBMIT, Scope.READ)
    again = {"Idempotency-Key": "night run"}

    first = _submit(client, ours, **again)

    assert _submit(client, ours, **again) == first
    other = _submit(client, theirs, **again)
    assert other != first
    for headers, made in ((ours, first), (theirs, other)):
        page = client.get("/api/v1/jobs?idempotency_key=night run", headers=headers).json
        assert [job["id"] for job in page["data"]] == [made]


def test_a_key_sees_only_its_own_uploads(client: FlaskClient, key: Callable[..., dict[str, str]]) -> None:
    ours, theirs = key(Scope.SUBMIT, Scope.READ), key(Scope.SUBMIT, Scope.READ)
    upload = client.post("/api/v1/uploads", data="很好\n很差\n", content_type="text/plain", headers=ours)
    upload_id = upload.json["id"]

    assert client.get(f"/api/v1/uploads/{upload_id}", headers=ours).status_code == 200
    assert client.get(f"/api/v1/uploads/{upload_id}", headers=theirs).status_code == 404
    assert client.delete(f"/api/v1/uploads/{upload_id}", headers=theirs).status_code == 404
    job = client.post("/api/v1/jobs", json={"upload": upload_id}, headers=theirs)
    assert (job.status_code, job.json["code"]) == (404, "upload_not_found")
    assert client.post("/api/v1/jobs", json={"upload": upload_id}, headers=ours).status_code == 202


def test_the_secret_is_kept_nowhere(redis: Redis) -> None:
    key, token = KeyStore(redis).create("a team", [Scope.READ])

    document = redis.hget(redis_keys.KEYS, key.id)

    assert document is not None
    assert token.rpartition("_")[2].encode() not in document
    assert KeyStore(redis).find(token) == key
    assert KeyStore(redis).find(token[:-1] + ("A" if token[-1] != "A" else "B")) is None


def test_keys_are_made_listed_rotated_and_revoked_by_a_command(
    client: FlaskClient, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENTIQ_REDIS_URL", settings.redis_url.get_secret_value())
    current.cache_clear()

    def run(*arguments: str) -> str:
        assert admin(["keys", *arguments]) == 0
        return capsys.readouterr().out.strip()

    try:
        token = run("create", "night batch", "--scopes", "submit,read", "--rate", "100/minute")
        job_id = _submit(client, _bearer(token))
        key_id = run("list").split()[0]
        assert run("list").split("  ")[2:] == ["read,submit", "100/minute", "night batch"]

        new_token = run("rotate", key_id)
        assert client.get(f"/api/v1/jobs/{job_id}", headers=_bearer(token)).status_code == 401
        assert client.get(f"/api/v1/jobs/{job_id}", headers=_bearer(new_token)).status_code == 200

        run("revoke", key_id)
        assert client.get(f"/api/v1/jobs/{job_id}", headers=_bearer(new_token)).status_code == 401
        assert run("list") == ""
        assert admin(["keys", "revoke", key_id]) == 1
        assert key_id in capsys.readouterr().err
        assert admin(["keys", "create", "x", "--rate", "lots"]) == 78
    finally:
        current.cache_clear()


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    client: FlaskClient, key: Callable[..., dict[str, str]]
) -> None:
    hasty, calm = key(Scope.READ, rate="3/minute"), key(Scope.READ)

    answers = [client.get("/api/v1/jobs", headers=hasty) for _ in range(4)]

    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert [a.headers["RateLimit"].partition(";t=")[0] for a in answers] == [f'"0";r={n}' for n in (2, 1, 0, 0)]
    assert answers[0].headers["RateLimit-Policy"] == '"0";q=3;w=60'
    refused = answers[-1]
    assert refused.json["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert client.get("/api/v1/jobs", headers=calm).status_code == 200
    assert "RateLimit" not in client.get("/api/v1/jobs", headers=calm).headers


def test_without_keys_an_address_is_limited(app_with: Callable[..., FlaskClient]) -> None:
    client = app_with(rate_limit="2/minute")

    assert [client.get("/api/v1/jobs").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/livez").status_code == 200


def test_the_admin_token_opens_everything(app_with: Callable[..., FlaskClient]) -> None:
    client = app_with(auth="keys", admin_token=SecretStr("a token of the tests"))

    headers = _bearer("a token of the tests")

    assert client.get("/api/v1/webhooks", headers=headers).status_code == 200
    job_id = _submit(client, headers)
    assert client.get(f"/api/v1/jobs/{job_id}", headers=headers).status_code == 200


def test_only_named_origins_may_call_from_a_browser(app_with: Callable[..., FlaskClient]) -> None:
    closed, opened = app_with(), app_with(auth="keys", cors_origins="https://tool.example, https://other.example")
    asked = {"Origin": "https://tool.example", "Access-Control-Request-Method": "POST"}

    assert "Access-Control-Allow-Origin" not in closed.options("/api/v1/jobs", headers=asked).headers
    answer = opened.options("/api/v1/jobs", headers=asked | {"Access-Control-Request-Headers": "authorization"})
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://tool.example"
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    strange = opened.options("/api/v1/jobs", headers=asked | {"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in strange.headers


def test_browsers_are_told_to_be_careful(app_with: Callable[..., FlaskClient]) -> None:
    client = app_with()
    data, page, viewer = (client.get(path) for path in ("/api/v1/jobs", "/", "/openapi/swagger"))

    for answer in (data, page, viewer, client.get("/nowhere")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert data.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert json.loads(data.text)["data"] == []


def test_a_metrics_token_reads_metrics_alone_and_also_without_redis(app_with: Callable[..., FlaskClient]) -> None:
    token = "a token of the scrape"
    settings = {"auth": "keys", "metrics_token": SecretStr(token), "rate_limit": "1/minute"}
    client = app_with(**settings)
    for _ in range(3):
        assert client.get("/metrics", headers=_bearer(token)).status_code == 200
    refused = client.get("/api/v1/jobs", headers=_bearer(token))
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert client.get("/metrics", headers=_bearer(token + ".")).status_code == 401

    without_redis = app_with(**settings, redis_url=SecretStr("redis://127.0.0.1:1/0"))

    answer = without_redis.get("/metrics", headers=_bearer(token))
    assert (answer.status_code, "sentiq_redis_up 0.0" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "shared"),
    [
        (0, "198.51.100.{}", True),
        (1, "198.51.100.{}", False),
        (1, "{}, 198.51.100.1", True),
        (2, "198.51.100.{}, 10.0.0.1", False),
    ],
)
def test_the_address_that_counts_is_what_the_last_trusted_proxy_saw(
    app_with: Callable[..., FlaskClient], proxies: int, forwarded: str, shared: bool
) -> None:
    client = app_with(rate_limit="1/minute", proxies=proxies)

    answers = [client.get("/api/v1/jobs", headers={"X-Forwarded-For": forwarded.format(n)}).status_code for n in (1, 2)]

    assert answers == [200, 429 if shared else 200]
