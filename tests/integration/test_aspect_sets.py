"""Sets of aspects over HTTP: those that come along, own ones in versions, and how a job names one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from redis import Redis

from api.app import create_app
from sentiq.aspects.files import built_in, from_yaml
from sentiq.aspects.sets import AspectSet
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.settings import Settings
from sentiq.jobs import aspect_sets
from sentiq.jobs.store import JobStore

SETS = "/api/v1/aspect-sets"
PARCELS = {
    "id": "parcels",
    "title": "包裹",
    "aspects": [
        {"name": "物流", "words": ["物流", "快递"]},
        {"name": "包装", "words": ["包装", "盒子"], "except": ["盒子太可爱"]},
    ],
}
OTHER = PARCELS | {"aspects": [{"name": "物流", "words": ["物流", "快递", "发货"]}]}
YAML = "id: parcels\ntitle: 包裹\naspects:\n- name: 物流\n  words: [物流, 快递]\n"


@pytest.fixture
def open_client(redis: Redis, settings: Settings) -> Iterator[FlaskClient]:
    """An API without keys and tokens."""
    app = create_app(settings)
    with app.test_client() as client:
        yield client
    app.extensions["sentiq"].close()


def put(client: FlaskClient, document: object, name: str = "parcels") -> Any:
    return client.put(f"{SETS}/{name}", json=document)


def submit(client: FlaskClient, aspects: object) -> Any:
    return client.post("/api/v1/jobs", json={"text": "物流太慢", "aspects": aspects})


def set_of(store: JobStore, job_id: str) -> AspectSet:
    return AspectSet.loads(store.get(job_id).options.aspects)


def test_the_sets_that_come_along_are_listed_and_can_be_read(open_client: FlaskClient) -> None:
    listed = open_client.get(SETS).json["data"]
    assert [found["id"] for found in listed] == list(built_in())
    shop = open_client.get(f"{SETS}/shop").json
    assert (shop["built_in"], shop["stored_at"], shop["version"]) == (True, None, built_in()["shop"].version)
    assert shop["versions"] == [{"version": shop["version"], "stored_at": None}]
    assert open_client.get(f"{SETS}/shop@{shop['version']}").json == shop
    assert "物流" in [aspect["name"] for aspect in shop["definition"]["aspects"]]


def test_a_set_is_stored_in_versions_and_each_can_be_read(open_client: FlaskClient) -> None:
    first, again, second = put(open_client, PARCELS), put(open_client, PARCELS), put(open_client, OTHER)
    assert [answer.status_code for answer in (first, again, second)] == [201, 200, 200]
    one, two = first.json["version"], second.json["version"]
    assert one == again.json["version"] != two
    found = open_client.get(f"{SETS}/parcels").json
    assert found["version"] == two
    assert [version["version"] for version in found["versions"]] == [two, one]
    assert found["definition"] == OTHER
    assert open_client.get(f"{SETS}/parcels@{one}").json["definition"] == PARCELS
    assert [found["id"] for found in open_client.get(SETS).json["data"]] == [*built_in(), "parcels"]
    put(open_client, PARCELS)
    assert open_client.get(f"{SETS}/parcels").json["version"] == one, "an older version becomes the newest again"


def test_a_deleted_set_is_gone_with_its_versions(open_client: FlaskClient, redis: Redis) -> None:
    before = set(redis.keys())
    version = put(open_client, PARCELS).json["version"]
    assert open_client.delete(f"{SETS}/parcels").status_code == 204
    for name in ("parcels", f"parcels@{version}"):
        assert open_client.get(f"{SETS}/{name}").json["code"] == "aspect_set_not_found"
    assert open_client.delete(f"{SETS}/parcels").status_code == 404
    assert set(redis.keys()) == before


def test_yaml_goes_both_ways(open_client: FlaskClient) -> None:
    stored = open_client.put(f"{SETS}/parcels", data=YAML.encode(), content_type="application/yaml")
    assert stored.status_code == 201
    answer = open_client.get(f"{SETS}/parcels?format=yaml")
    assert answer.mimetype == "application/yaml"
    assert from_yaml(answer.data) == from_yaml(YAML)
    again = open_client.put(f"{SETS}/parcels", data=answer.data, content_type="text/yaml")
    assert (again.status_code, again.json["version"]) == (200, stored.json["version"])


def test_an_unknown_version_is_told_apart_from_an_unknown_set(open_client: FlaskClient) -> None:
    put(open_client, PARCELS)
    for name in ("shop@0", "parcels@0"):
        assert "has no version '0'" in open_client.get(f"{SETS}/{name}").json["detail"]
    assert "no set of aspects 'shops'" in open_client.get(f"{SETS}/shops").json["detail"]


@pytest.mark.parametrize(
    ("document", "pointer", "said"),
    [
        (PARCELS | {"aspects": [{"name": "物流", "words": []}]}, "/aspects/0/words", "物流"),
        (
            PARCELS | {"aspects": [{"name": "物流", "words": ["快递"]}, {"name": "包装", "words": ["盒子", "快递"]}]},
            "/aspects/1/words/1",
            "快递",
        ),
        (PARCELS | {"aspects": [{"name": f"方面{n}", "words": [f"词{n}"]} for n in range(500)]}, "/aspects", "500"),
        (PARCELS | {"aspects": "物流"}, "/aspects", "list"),
        (PARCELS | {"aspects": [{"name": "物流", "words": ["物流"], "except": 0}]}, "/aspects/0/except", "list"),
        (PARCELS | {"colour": "red"}, "", "colour"),
        ([], "", "object"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused_where_the_fault_is(
    open_client: FlaskClient, document: object, pointer: str, said: str
) -> None:
    stored = put(open_client, document)
    assert (stored.status_code, stored.json["errors"][0]["code"]) == (422, "invalid_aspects")
    assert stored.json["errors"][0]["pointer"] == pointer
    assert said in stored.json["errors"][0]["detail"]
    assert open_client.get(f"{SETS}/parcels").status_code == 404
    if isinstance(document, dict):  # the option of a job refuses it at the same place
        fault = submit(open_client, document).json["errors"][0]
        assert (fault["pointer"], fault["detail"]) == (f"/aspects{pointer}", stored.json["errors"][0]["detail"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("id: parcels\naspects: [", "line"),
        ("id: parcels\naspects:\n- name: 物流\n  words: &a [物流]\n", "line 4"),
        ("a: " * 50, "YAML"),
        ("", "there are 0"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_yaml_that_cannot_be_read_is_refused_with_its_place(
    open_client: FlaskClient, body: str | bytes, said: str
) -> None:
    answer = open_client.put(f"{SETS}/parcels", data=body, content_type="application/yaml")
    assert answer.status_code == 422
    assert said in answer.json["detail"]


def test_other_bodies_are_refused(open_client: FlaskClient) -> None:
    assert open_client.put(f"{SETS}/parcels", data="x", content_type="text/plain").status_code == 415
    assert open_client.put(f"{SETS}/parcels", data="{", content_type="application/json").status_code == 400
    too_long = open_client.put(f"{SETS}/parcels", data=b" " * 600_000, content_type="application/yaml")
    assert too_long.status_code == 413
    other = put(open_client, PARCELS, "letters")
    assert (other.status_code, other.json["errors"][0]["code"]) == (422, "other_id")


def test_the_sets_that_come_along_stay_as_they_are(open_client: FlaskClient) -> None:
    changed = put(open_client, PARCELS | {"id": "shop"}, "shop")
    assert (changed.status_code, changed.json["errors"][0]["code"]) == (422, "built_in_set")
    assert open_client.delete(f"{SETS}/shop").json["errors"][0]["code"] == "built_in_set"


def test_no_more_sets_and_versions_are_stored_than_can_be_listed(
    open_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aspect_sets, "MAX_SETS", 1)
    monkeypatch.setattr(aspect_sets, "MAX_VERSIONS", 1)
    assert put(open_client, PARCELS).status_code == 201
    assert put(open_client, PARCELS).status_code == 200
    assert put(open_client, OTHER).json["errors"][0]["code"] == "too_many_versions"
    refused = put(open_client, PARCELS | {"id": "letters"}, "letters")
    assert refused.json["errors"][0]["code"] == "too_many_sets"


def test_with_a_token_of_the_operator_all_read_sets_and_the_operator_changes_them(
    redis: Redis, settings: Settings
) -> None:
    app = create_app(settings.model_copy(update={"admin_token": SecretStr("a token")}))
    with app.test_client() as client:
        assert client.get(SETS).status_code == 200
        assert put(client, PARCELS).status_code == 401
        assert client.delete(f"{SETS}/parcels").status_code == 401
        operator = {"Authorization": "Bearer a token"}
        assert client.put(f"{SETS}/parcels", json=PARCELS, headers=operator).status_code == 201
    app.extensions["sentiq"].close()


def test_with_keys_sets_are_changed_by_those_with_the_scope_admin(redis: Redis, settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"auth": "keys"}))
    _, token = KeyStore(redis).create("reader", {Scope.READ, Scope.SUBMIT})
    _, admin = KeyStore(redis).create("operator", {Scope.ADMIN})
    with app.test_client() as guarded:
        key, operator = {"Authorization": f"Bearer {token}"}, {"Authorization": f"Bearer {admin}"}
        assert guarded.put(f"{SETS}/parcels", json=PARCELS, headers=operator).status_code == 201
        assert guarded.get(f"{SETS}/parcels", headers=key).status_code == 200
        assert guarded.put(f"{SETS}/parcels", json=OTHER, headers=key).status_code == 403
        assert guarded.delete(f"{SETS}/parcels", headers=key).status_code == 403
        assert guarded.put(f"{SETS}/parcels", json=OTHER, headers=operator).status_code == 200
    app.extensions["sentiq"].close()


# -- the option of a job ------------------------------------------------------------------------------------------


def test_a_job_names_a_set_or_has_one_of_its_own(open_client: FlaskClient, store: JobStore) -> None:
    version = put(open_client, PARCELS).json["version"]
    for aspects, name in (
        ("shop", built_in()["shop"].name),
        ("parcels", f"parcels@{version}"),
        (f"parcels@{version}", f"parcels@{version}"),
        (PARCELS, f"parcels@{version}"),
    ):
        job = submit(open_client, aspects).json
        assert job["options"]["aspects"] == name
        assert set_of(store, job["id"]).name == name
    assert submit(open_client, None).json["options"]["aspects"] is None


def test_a_job_keeps_its_set_when_that_changes_or_is_deleted(open_client: FlaskClient, store: JobStore) -> None:
    version = put(open_client, PARCELS).json["version"]
    job = submit(open_client, "parcels").json
    put(open_client, OTHER)
    open_client.delete(f"{SETS}/parcels")
    assert set_of(store, job["id"]).document() == PARCELS
    assert open_client.get(f"/api/v1/jobs/{job['id']}").json["options"]["aspects"] == f"parcels@{version}"


def test_files_forms_and_uploads_name_a_set(open_client: FlaskClient, store: JobStore) -> None:
    csv = "text\n物流太慢\n".encode()
    by_query = open_client.post("/api/v1/jobs?aspects=shop", data=csv, content_type="text/csv")
    form = {"aspects": "shop", "file": (io.BytesIO(csv), "a.csv")}
    by_form = open_client.post("/api/v1/jobs", data=form, content_type="multipart/form-data")
    upload = open_client.post("/api/v1/uploads", data=csv, content_type="text/csv").json["id"]
    by_upload = open_client.post("/api/v1/jobs", json={"upload": upload, "aspects": "shop"})
    whole = open_client.post("/api/v1/jobs", json={"upload": upload, "aspects": PARCELS})
    for answer in (by_query, by_form, by_upload):
        assert set_of(store, answer.json["id"]) == built_in()["shop"]
    assert set_of(store, whole.json["id"]).document() == PARCELS
    in_query = open_client.post(f"/api/v1/jobs?aspects={json.dumps(PARCELS)}", data=csv, content_type="text/csv")
    assert in_query.status_code == 422


@pytest.mark.parametrize("named", ["shops", "shop@0", ""])
def test_an_unknown_set_is_refused_before_anything_is_stored(
    open_client: FlaskClient, redis: Redis, named: str
) -> None:
    before = set(redis.keys())
    answer = submit(open_client, named)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "unknown_aspect_set")
    assert answer.json["errors"][0]["pointer"] == "/aspects"
    assert "GET /api/v1/aspect-sets" in answer.json["detail"]
    assert set(redis.keys()) == before


def test_a_number_is_no_set(open_client: FlaskClient) -> None:
    assert submit(open_client, 5).status_code == 422
