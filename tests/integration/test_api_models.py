"""The list of models, as the live workers announce them."""

from __future__ import annotations

from flask.testing import FlaskClient
from redis import Redis

from api.app import create_app
from sentiq.core.settings import Settings


def test_models_are_listed_with_the_active_one_and_who_has_them(client: FlaskClient, live_workers: None) -> None:
    models = client.get("/api/v1/models").json["data"]

    assert [(m["id"], m["version"], m["active"]) for m in models] == [
        ("another-model", "7", False),
        ("loaded-model", "2", True),
    ]
    assert models[0]["workers"] == ["bulk@test", "interactive@test"]
    assert models[0]["labels"] == ["negative", "positive"]


def test_only_the_token_opens_an_activation(client: FlaskClient, live_workers: None, api_settings: Settings) -> None:
    assert api_settings.admin_token is not None
    path, admin_token = "/api/v1/models/activation", api_settings.admin_token.get_secret_value()
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {admin_token}"}):
        refused = client.post(path, json={"model": "another-model"}, headers=header)
        assert (refused.status_code, refused.json["code"]) == (401, "not_authorised")
    assert client.get(path).json == {"active": None, "candidate": None, "error": None}

    token = {"Authorization": f"Bearer {admin_token}"}
    accepted = client.post(path, json={"model": "another-model"}, headers=token)
    assert (accepted.status_code, accepted.json["candidate"]) == (202, "another-model@7")
    absent = client.post(path, json={"model": "absent"}, headers=token)
    assert (absent.status_code, absent.json["code"]) == (422, "unknown_model")
    assert "bulk@test, interactive@test" in absent.json["detail"]


def test_without_a_token_the_endpoint_is_closed(redis: Redis, settings: Settings) -> None:
    app = create_app(settings)
    with app.test_client() as client:
        refused = client.post("/api/v1/models/activation", json={"model": "x"}, headers={"Authorization": "Bearer "})
        assert refused.status_code == 401
        assert "SENTIQ_ADMIN_TOKEN" in refused.json["detail"]
    app.extensions["sentiq"].close()


def test_without_workers_there_are_none(client: FlaskClient) -> None:
    assert client.get("/api/v1/models").json == {"object": "list", "data": []}


def test_a_job_may_ask_for_an_id_or_a_version(client: FlaskClient, live_workers: None) -> None:
    for model in ("another-model", "another-model@7", "loaded-model"):
        accepted = client.post("/api/v1/jobs", json={"text": "好", "model": model})
        assert accepted.status_code == 202
        assert accepted.json["model"]["id"] == model.partition("@")[0]
    refused = client.post("/api/v1/jobs", json={"text": "好", "model": "another-model@6"})
    assert (refused.status_code, refused.json["code"]) == (422, "unknown_model")
    assert "another-model, loaded-model" in refused.json["detail"]
