"""Bad input: each case is a problem document with a code and a place, and nothing of it reaches the store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

JOBS = "/api/v1/jobs"
JSON = "application/json"


def body(document: Any) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code", "place"),
    [
        (b"texts=good", JSON, 400, "malformed_body", ""),
        (b"", JSON, 400, "malformed_body", ""),
        (b"\xff\xfe", JSON, 400, "malformed_body", ""),
        (b"[" * 50_000, JSON, 400, "malformed_body", ""),
        (b'{"text": "\xe5\xa5\xbd", "text": "\xe5\x9d\x8f"}', JSON, 400, "malformed_body", ""),
        (body(["好"]), JSON, 422, "invalid_input", ""),
        (body({}), JSON, 422, "invalid_input", ""),
        (body({"text": "好", "texts": ["好"]}), JSON, 422, "invalid_input", ""),
        (body({"text": 5}), JSON, 422, "invalid_input", "/text"),
        (body({"text": ["好"]}), JSON, 422, "invalid_input", "/text"),
        (body({"texts": "好"}), JSON, 422, "invalid_input", "/texts"),
        (body({"texts": []}), JSON, 422, "invalid_input", "/texts"),
        (body({"texts": ["好", None]}), JSON, 422, "invalid_input", "/texts/1"),
        (body({"texts": ["好", ""]}), JSON, 422, "invalid_input", "/texts/1"),
        (body({"texts": [" \n\t\u3000"]}), JSON, 422, "invalid_input", "/texts/0"),
        (body({"texts": ["好", "\u200b \ufeff\u115f"]}), JSON, 422, "invalid_input", "/texts/1"),
        (body({"text": "长" * 1_001}), JSON, 422, "invalid_input", "/text"),
        (body({"text": "坏\ud800字"}), JSON, 422, "invalid_input", "/text"),
        (body({"text": "坏\0字"}), JSON, 422, "invalid_input", "/text"),
        (body({"items": [{"text": "好", "custom_id": 7}]}), JSON, 422, "invalid_input", "/items/0/custom_id"),
        (body({"items": [{"text": "好", "custom_id": "\udc00"}]}), JSON, 422, "invalid_input", "/items/0/custom_id"),
        (body({"items": [{"custom_id": "a"}]}), JSON, 422, "invalid_input", "/items/0/text"),
        (body({"items": [{"text": "好", "lang": "zh"}]}), JSON, 422, "invalid_input", "/items/0/lang"),
        (body({"text": "好", "modell": "x"}), JSON, 422, "invalid_input", "/modell"),
        (body({"text": "好", "model": "no-such-model"}), JSON, 422, "unknown_model", "/model"),
        (body({"text": "好", "neutral_band": 0.6}), JSON, 422, "invalid_input", "/neutral_band"),
        (body({"text": "好", "neutral_band": -0.1}), JSON, 422, "invalid_input", "/neutral_band"),
        (body({"text": "好", "neutral_band": "0.1"}), JSON, 422, "invalid_input", "/neutral_band"),
        (body({"text": "好", "neutral_band": float("nan")}), JSON, 422, "invalid_input", "/neutral_band"),
        (body({"text": "好", "long_texts": "middle"}), JSON, 422, "invalid_input", "/long_texts"),
        (body({"text": "好" * 40_000}), JSON, 413, "body_too_large", None),
        (body({"text": "好"}), "application/xml", 415, "unsupported_media_type", None),
        (body({"text": "好"}), "", 415, "unsupported_media_type", None),
        (b"", "application/x-ndjson", 422, "invalid_input", "/file"),
        (b"\n \n\r\n", "application/x-ndjson", 422, "invalid_input", "/file"),
        (b'"\xe5\xa5\xbd"\n' * 90_000, "application/x-ndjson", 413, "body_too_large", None),
    ],
)
def test_bad_submissions(
    client: FlaskClient, redis: Redis, content: bytes, content_type: str, status: int, code: str, place: str | None
) -> None:
    answer = client.post(JOBS, data=content, content_type=content_type)

    check_problem(answer, status, code)
    pointers = [error.get("pointer") for error in answer.json["errors"]]
    assert place is None or place in pointers
    assert redis.llen("sentiq:interactive:pending") == redis.llen("interactive") == 0
    assert redis.dbsize() == 0


def test_a_text_of_a_hundred_thousand_characters_is_refused_by_default_limits(client: FlaskClient) -> None:
    answer = client.post(JOBS, json={"text": "a" * 100_000})

    assert answer.status_code in (413, 422)
    check_problem(answer, answer.status_code, answer.json["code"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/jobs/job_unknown", 404, "job_not_found"),
        ("GET", "/api/v1/jobs/job_unknown/results", 404, "job_not_found"),
        ("DELETE", "/api/v1/jobs/job_unknown", 404, "job_not_found"),
        ("POST", "/api/v1/jobs/job_unknown/cancel", 404, "job_not_found"),
        ("GET", f"/api/v1/jobs/{'x' * 65}", 422, "invalid_input"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", JOBS, 405, "method_not_allowed"),
        ("GET", "/analyze", 405, "method_not_allowed"),
        ("GET", "/api/v1/jobs/job_unknown/results?neutral_band=0.51", 422, "invalid_input"),
        ("GET", "/api/v1/jobs/job_unknown/results?neutral_band=nan", 422, "invalid_input"),
        ("POST", f"{JOBS}?long_texts=middle", 422, "invalid_input"),
        ("GET", f"{JOBS}?limit=0", 422, "invalid_input"),
        ("GET", f"{JOBS}?limit=101", 422, "invalid_input"),
        ("GET", f"{JOBS}?limit=many", 422, "invalid_input"),
        ("GET", f"{JOBS}?sort=old", 422, "invalid_input"),
        ("GET", f"{JOBS}?after=job_unknown", 422, "invalid_input"),
    ],
)
def test_bad_requests(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.open(path, method=method)

    check_problem(answer, status, code)
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("GET", "/api/v1/analyze", b"", "There is no /api/v1/analyze; /openapi/openapi.json and"),
        ("GET", "/analyze", b"", "/analyze does not take GET; it takes POST."),
        ("DELETE", JOBS, b"", f"{JOBS} does not take DELETE; it takes GET, HEAD, POST."),
        ("POST", "/analyze", b'{"content": "good"}', "There is no field 'content'; there are: "),
        ("POST", JOBS, b'{"texts": ["good"], "labels": true}', "There is no field 'labels'; there are: "),
        (
            "POST",
            "/analyze",
            '{"text": "好"}'.encode("gbk"),
            "The body is not UTF-8: its byte 11, 0xba, is no character.",
        ),
    ],
)
def test_who_errs_is_told_what_there_is(client: FlaskClient, method: str, path: str, body: bytes, told: str) -> None:
    answer = client.open(path, method=method, data=body, content_type="application/json")

    details = [answer.json["detail"], *(error["detail"] for error in answer.json["errors"])]
    assert any(detail.startswith(told) for detail in details), details


@pytest.mark.parametrize(
    ("path", "document", "status", "code", "place"),
    [
        ("/analyze", {"text": ""}, 422, "invalid_input", "/text"),
        ("/analyze", {"texts": ["好"]}, 422, "invalid_input", "/text"),
        ("/api/sentiment", {"text": 1}, 422, "invalid_input", "/text"),
        ("/api/sentiment", {"text": "好", "neutral_band": 1}, 422, "invalid_input", "/neutral_band"),
        (
            "/api/v1/sentiment/analyze",
            {"text": "好", "return_confidence": "yes"},
            422,
            "invalid_input",
            "/return_confidence",
        ),
        ("/api/v1/sentiment/analyze/batch", {"texts": []}, 422, "invalid_input", "/texts"),
        ("/api/v1/sentiment/analyze/batch", {"texts": ["好", " "]}, 422, "invalid_input", "/texts/1"),
        ("/api/v1/sentiment/analyze/batch", {"texts": ["好"], "batch_size": 0}, 422, "invalid_input", "/batch_size"),
        ("/api/v1/sentiment/analyze/batch", {"texts": ["好"] * 65}, 422, "invalid_input", "/texts"),
    ],
)
def test_bad_shortcuts(
    client: FlaskClient, redis: Redis, path: str, document: Any, status: int, code: str, place: str
) -> None:
    answer = client.post(path, json=document)

    check_problem(answer, status, code)
    assert place in [error.get("pointer") for error in answer.json["errors"]]
    assert redis.dbsize() == 0


def test_all_bad_texts_are_named_up_to_a_hundred(client: FlaskClient) -> None:
    answer = client.post(JOBS, json={"texts": ["", "好"] * 150})

    assert "150 of 300" in answer.json["detail"]
    assert [e["pointer"] for e in answer.json["errors"]] == [f"/texts/{i}" for i in range(0, 200, 2)]


def test_an_unknown_model_names_those_there_are(client: FlaskClient, live_workers: None) -> None:
    answer = client.post(JOBS, json={"text": "好", "model": "large"})

    assert "another-model" in answer.json["detail"]
    assert client.post(JOBS, json={"text": "好", "model": "another-model"}).status_code == 202


def test_a_bad_choice_names_the_choices(client: FlaskClient) -> None:
    (error,) = client.post(JOBS, json={"text": "好", "long_texts": "middle"}).json["errors"]

    assert error["pointer"] == "/long_texts"
    for choice in ("truncate", "head_tail", "windows"):
        assert choice in error["detail"]


def test_an_option_of_a_json_body_is_not_taken_from_the_query(client: FlaskClient) -> None:
    check_problem(client.post(f"{JOBS}?model=large", json={"text": "好"}), 422, "invalid_input")
    check_problem(client.post(f"{JOBS}?neutral_band=0.1", json={"text": "好"}), 422, "invalid_input")
    check_problem(client.post(f"{JOBS}?modell=large", json={"text": "好"}), 422, "invalid_input")


def test_a_compressed_body_is_refused_by_name(client: FlaskClient) -> None:
    answer = client.post(JOBS, data=body({"text": "好"}), content_type=JSON, headers={"Content-Encoding": "gzip"})

    check_problem(answer, 415, "unsupported_media_type")
    assert "gzip" in answer.json["detail"]


def test_a_line_that_names_a_field_twice_fails_alone(client: FlaskClient) -> None:
    lines = b'{"text": "a", "text": "b"}\n"\xe5\xa5\xbd"\n'
    job = client.post(JOBS, data=lines, content_type="application/x-ndjson").json

    assert job["counts"]["total"] == 2


def test_a_json_body_with_a_file_name_is_a_file_of_any_json(client: FlaskClient) -> None:
    rows = [{"评价内容": "味道不错，下次还来", "订单号": 123456789012345601}]
    refused = client.post(JOBS, json=rows)
    check_problem(refused, 422, "invalid_input")
    assert "?filename=" in refused.json["detail"]

    job = client.post(f"{JOBS}?filename=rows.json", json=rows).json

    assert (job["counts"]["total"], job["file"]["format"], job["file"]["id_column"]) == (1, "json", "订单号")


def test_lines_with_further_members_show_how_they_are_read(client: FlaskClient) -> None:
    lines = {
        "native": '"好"\n{"text": "好", "custom_id": "1"}\n',
        "other": '{"text": "好", "id": 7}\n',
        "late": '{"text": "好"}\n{"text": "好", "id": 7}\n',
    }
    ndjson = {"content_type": "application/x-ndjson"}
    jobs = {name: client.post(JOBS, data=data.encode(), **ndjson).json["id"] for name, data in lines.items()}
    files = {name: client.get(f"{JOBS}/{job}").json["file"] for name, job in jobs.items()}

    assert files["native"] is None
    assert files["other"]["id_column"] == "id"
    assert [note["facts"] for note in files["late"]["notes"]] == [{"members": ["id"]}]


def test_request_ids_are_taken_when_sane(client: FlaskClient) -> None:
    assert client.get("/livez", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    insane = client.get("/nothing", headers={"X-Request-Id": "a b"})
    assert insane.json["request_id"] == insane.headers["X-Request-Id"] != "a b"


def check_problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    problem = answer.json
    assert (problem["status"], problem["code"]) == (status, code)
    assert set(problem) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert problem["detail"]
    for error in problem["errors"]:
        assert error["code"]
        assert error["detail"]
        assert "pointer" in error or "line" in error
