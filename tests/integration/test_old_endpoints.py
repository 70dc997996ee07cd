"""Endpoints that clients of older services call answer what those answered, field by field."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from structlog.testing import CapturingLogger
from werkzeug.test import TestResponse

from api.http import request_log
from sentiq.core import logs
from sentiq.core.settings import Settings
from sentiq.core.version import VERSION
from sentiq.jobs.api_processes import ApiProcess, announce
from tests.support.processes import wait_until

TEXT = "好吃"
SCORE = pytest.approx(0.501, abs=1e-4)  #: of that text, as the tests' worker answers
BAND = {"neutral_band": 0.1, "long_texts": "head_tail"}  #: new options work here too

Post = Callable[[str, Any], Any]
Command = Callable[[Redis], object]


@pytest.fixture
def api_settings(api_settings: Settings) -> Settings:
    """Those of the other tests, with time to answer on a busy machine."""
    return api_settings.model_copy(update={"sync_timeout_s": 60.0})


@pytest.fixture
def post(client: FlaskClient, answer_interactive: Callable[[], int]) -> Post:
    """Posts a document while a worker answers; returns the document of the answer, which is 200."""

    def post(path: str, document: Any) -> Any:
        worker = threading.Thread(target=wait_until, args=(answer_interactive,))
        worker.start()
        answer = client.post(path, json=document, buffered=True)  # and closed
        worker.join()
        assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
        return answer.json

    return post


def test_analyze(post: Post, redis: Redis) -> None:
    assert post("/analyze", {"text": TEXT}) == {"text": TEXT, "label": "positive", "score": SCORE}
    assert post("/analyze", {"text": TEXT, **BAND})["label"] == "neutral"
    assert redis.zcard("sentiq:jobs") == 0  # their jobs are erased


def test_of_requests_that_leave_no_job_a_sample_is_logged_and_each_that_fails_or_is_slow(
    post: Post, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = CapturingLogger()
    monkeypatch.setattr(request_log, "log", logger)
    monkeypatch.setattr(logs, "_one_in", 1_000_000_000)

    post("/analyze", {"text": TEXT})
    client.post("/analyze", json={"text": ""}).close()
    monkeypatch.setattr(request_log, "SLOW_S", 0.0)
    post("/analyze", {"text": TEXT})

    assert [(call.method_name, call.kwargs["status"]) for call in logger.calls] == [
        ("debug", 200),
        ("info", 422),
        ("info", 200),
    ]


def test_sentiment_with_an_emoji(post: Post) -> None:
    answer = {"text": TEXT, "sentiment": "positive", "confidence": SCORE, "emoji": "😊"}
    assert post("/api/sentiment", {"text": TEXT}) == answer
    assert post("/api/sentiment", {"text": TEXT, **BAND})["emoji"] == "😐"


@pytest.mark.parametrize(
    "document",
    [
        {"text": ""},
        {"text": " \t\n"},
        {"text": "\u3000"},
        {"text": "\u200b"},
        {},
        {"text": None},
        {"text": " ", **BAND},
    ],
    ids=str,
)
def test_sentiment_without_a_text_is_refused_in_the_old_form(
    client: FlaskClient, redis: Redis, document: dict[str, object]
) -> None:
    answer = client.post("/api/sentiment", json=document)
    assert (answer.status_code, answer.mimetype) == (400, "application/json")
    assert answer.json == {
        "error": "输入文本不能为空",
        "code": "empty_text",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert redis.zcard("sentiq:jobs") == 0


def test_analyze_of_version_one(post: Post) -> None:
    path = "/api/v1/sentiment/analyze"
    answer = post(path, {"text": TEXT, "return_confidence": True})
    assert set(answer) == {"success", "data", "request_id"}
    assert answer["success"] is True
    assert answer["request_id"]
    took_ms = answer["data"]["analysis_time_ms"]
    assert 0 < took_ms < 5_000
    data = {"text": TEXT, "sentiment": "积极", "confidence": SCORE, "english_label": "positive"}
    assert answer["data"] == data | {"analysis_time_ms": took_ms}
    assert post(path, {"text": TEXT, "return_confidence": False})["data"]["confidence"] is None
    assert post(path, {"text": TEXT, **BAND})["data"]["sentiment"] == "中性"


def test_batch_of_version_one(post: Post) -> None:
    path = "/api/v1/sentiment/analyze/batch"
    texts = [TEXT, "好"]
    answer = post(path, {"texts": texts, "batch_size": 8, "return_details": True})
    assert set(answer) == {"success", "data", "request_id"}
    assert answer["success"] is True
    assert answer["request_id"]
    assert [row["text"] for row in answer["data"]] == texts
    for row in answer["data"]:
        assert set(row) == {"text", "sentiment", "confidence", "english_label", "analysis_time_ms"}
        assert (row["sentiment"], row["english_label"]) == ("积极", "positive")
    short = post(path, {"texts": texts, "return_details": False})
    assert short["data"] == [{"text": text, "sentiment": "积极"} for text in texts]
    assert [row["english_label"] for row in post(path, {"texts": texts, **BAND})["data"]] == ["neutral"] * 2


def test_health(client: FlaskClient, live_workers: None) -> None:
    before = client.get("/health").json
    assert (before["total_requests"], before["avg_response_time_ms"]) == (0, 0)
    for _ in range(3):
        assert client.get("/api/v1/jobs").status_code == 200
    client.get("/livez")  # probes do not count
    began = datetime.now(UTC).replace(microsecond=0)
    answer = client.get("/health")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json is not None
    health = answer.json
    assert (health["status"], health["version"], health["model_loaded"]) == ("healthy", VERSION, True)
    told = datetime.fromisoformat(health["timestamp"])
    assert began <= told <= datetime.now(UTC)
    assert health["total_requests"] == 3
    assert 0 < health["avg_response_time_ms"] < 1_000
    assert health["memory_usage_mb"] == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.1)
    today = {"model", "redis", "lanes", "workers"}
    old = {"status", "timestamp", "version", "model_loaded", "memory_usage_mb", "total_requests"}
    assert set(health) == today | old | {"avg_response_time_ms"}
    assert {"worker", "lane", "children", "model"} <= set(health["workers"][0])
    assert health["lanes"]["bulk"] == {"waiting": 0, "in_flight": 0, "demand": 0}


def test_health_without_workers(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"], answer.json["model_loaded"]) == (200, "degraded", False)


@pytest.mark.parametrize(
    ("refuse", "accept"),
    [
        (lambda redis: redis.config_set("maxmemory", 1), lambda redis: redis.config_set("maxmemory", 0)),
        (lambda redis: redis.replicaof("127.0.0.1", 1), lambda redis: redis.replicaof("NO", "ONE")),
    ],
    ids=["full", "no master"],
)
def test_health_is_not_healthy_while_redis_takes_no_writes(
    client: FlaskClient, redis: Redis, live_workers: None, refuse: Command, accept: Command
) -> None:
    refuse(redis)
    try:
        answer = client.get("/health")
        assert client.post("/api/v1/jobs", json={"text": TEXT}).status_code == 503
    finally:
        accept(redis)
    assert (answer.status_code, answer.json["status"], answer.json["redis"]) == (503, "unavailable", "refuses")
    assert client.get("/health").json["status"] == "healthy"


def test_health_tells_of_all_api_processes(client: FlaskClient, redis: Redis) -> None:
    client.get("/api/v1/jobs")
    alone = client.get("/health").json
    announce(redis, ApiProcess("another", requests=9, seconds=1.8, memory_bytes=100 * 2**20))
    both = client.get("/health").json
    assert both["total_requests"] == 10
    assert both["avg_response_time_ms"] == pytest.approx((1800 + alone["avg_response_time_ms"]) / 10, abs=0.01)
    assert both["memory_usage_mb"] == pytest.approx(alone["memory_usage_mb"] + 100, abs=5)


def test_metrics(client: FlaskClient) -> None:
    client.get("/api/v1/jobs")
    answer = client.get("/metrics")
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    counted = {"endpoint": "/api/v1/jobs", "method": "GET", "status": "200"}
    assert [s.value for s in samples if (s.name, s.labels) == ("sentiq_requests_total", counted)] == [1]


def test_the_address_itself_is_a_page_for_people(client: FlaskClient) -> None:
    answer: TestResponse = client.get("/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "<title>sentiq</title>" in answer.text
