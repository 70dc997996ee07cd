"""The list of models, as the live workers announce them."""

from __future__ import annotations

from flask.testing import FlaskClient


def test_models_are_listed_with_the_active_one_and_who_has_them(client: FlaskClient, live_workers: None) -> None:
    models = client.get("/api/v1/models").json["data"]

    assert [(m["id"], m["version"], m["active"]) for m in models] == [
        ("another-model", "7", False),
        ("loaded-model", "2", True),
    ]
    assert models[0]["workers"] == ["bulk@test", "interactive@test"]
    assert models[0]["labels"] == ["negative", "positive"]


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
