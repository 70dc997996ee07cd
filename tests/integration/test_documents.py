"""What is kept in Redis is read by versions that differ: additions go, and what is missing has its default."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
import pytest
from flask.testing import FlaskClient
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.redis_keys import JobKeys
from sentiq.core.settings import Settings
from sentiq.jobs.api_processes import ApiProcess, announce, announced
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.results import Results
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import (
    FileFormat,
    InputChunk,
    JobOptions,
    Lane,
    NewJob,
    Outcome,
    Priority,
    RowError,
    StoredModel,
)
from sentiq.jobs.workers import Heartbeat, beat, live_workers
from sentiq.webhooks.store import Delivery, WebhookStore
from tests.support.jobs import POSITIVE, answer_chunk, create_job

LABELS = ("negative", "positive")
FILE = FileFormat("评论.csv", "csv", text_column="text", text_number=2, columns=("id", "text"))


@dataclass(frozen=True)
class Kept:
    """A document in Redis, and whatever reads it."""

    key: str
    field: str
    read: Callable[[], object]
    loads: Callable[[Any], Any] = json.loads
    dumps: Callable[[Any], Any] = json.dumps


def api_key(redis: Redis, _: Settings) -> Kept:
    store = KeyStore(redis)
    made, token = store.create("a shop", [Scope.READ, Scope.SUBMIT], "600/minute")
    return Kept(redis_keys.KEYS, made.id, lambda: (store.all(), store.get(made.id), store.find(token)))


def webhook(redis: Redis, _: Settings) -> Kept:
    store = WebhookStore(redis)
    made = store.create("https://example.com/hook", "", ("job.completed", "job.failed"))
    return Kept(redis_keys.WEBHOOKS, made.id, lambda: (store.all(), store.get(made.id)))


def delivery(redis: Redis, _: Settings) -> Kept:
    store = WebhookStore(redis)
    store.enqueue(Delivery("msg_1", "wh_1", "job.completed", "{}", 1))

    def claimed() -> list[Delivery]:
        redis.zadd(redis_keys.DELIVERIES, {"msg_1": 0})
        return store.claim(1)

    return Kept(redis_keys.delivery("msg_1"), "delivery", lambda: (store.delivery("msg_1"), claimed()))


def heartbeat(redis: Redis, _: Settings) -> Kept:
    stored = (
        StoredModel("m", "3", LABELS, 512, "int8", "a test"),
        StoredModel("n", "1", LABELS, 256, "fp32", "a test"),
    )
    beat(redis, Heartbeat("bulk@test", Lane.BULK, 2, 1, "m", "3", stored, 1.0, 0.0, memory_bytes=7), ttl_s=60)
    return Kept(redis_keys.WORKERS, "bulk@test", lambda: live_workers(redis))


def api_process(redis: Redis, _: Settings) -> Kept:
    announce(redis, ApiProcess("here", 1, 0.5, 7))
    return Kept(redis_keys.API_PROCESSES, "here", lambda: announced(redis))


def _job(redis: Redis, settings: Settings) -> tuple[JobStore, NewJob]:
    """One of two rows, of which the second was empty; both are answered."""
    store, lane = JobStore(redis, settings), BulkLane(redis, settings)
    options = JobOptions(name="Mai", priority=Priority.HIGH, neutral_band=0.1)
    empty = RowError("empty_text", "There is no text.", 3)
    chunk = InputChunk(0, ("不错", ""), ("a", "b"), {1: empty}, (("1",), ("2",)))
    job, [ref] = create_job(store, chunk, options=options, file=FILE)
    answer_chunk(lane, ref, [POSITIVE, Outcome(error=empty)], model="m@3")
    return store, job


def options(redis: Redis, settings: Settings) -> Kept:
    store, job = _job(redis, settings)
    return Kept(JobKeys.of(job.id).job, "options", lambda: store.get(job.id).options)


def file(redis: Redis, settings: Settings) -> Kept:
    store, job = _job(redis, settings)
    return Kept(JobKeys.of(job.id).job, "file", lambda: store.get(job.id).file)


def rows(redis: Redis, settings: Settings) -> Kept:
    _, job = _job(redis, settings)
    results = Results(redis)
    return Kept(JobKeys.of(job.id).input, "0", lambda: list(results.chunks(job.id, [0])), _unpacked, msgpack.packb)


def answers(redis: Redis, settings: Settings) -> Kept:
    _, job = _job(redis, settings)
    results = Results(redis)
    return Kept(JobKeys.of(job.id).output, "0", lambda: list(results.chunks(job.id, [0])), _unpacked, msgpack.packb)


def _unpacked(blob: bytes) -> Any:
    return msgpack.unpackb(blob, strict_map_key=False)


def grown(document: Any) -> Any:
    """As a newer version might write it: each record in it has one field more."""
    if isinstance(document, list):
        return [grown(value) for value in document]
    if not isinstance(document, dict):
        return document
    values = {name: value if name in ("metadata", "errors") else grown(value) for name, value in document.items()}
    if "errors" in values:  # by offset: code, detail, line
        values["errors"] = {offset: [*error, 1] for offset, error in values["errors"].items()}
    return values | {"newer": {"a": [1]}}


@pytest.mark.parametrize("keep", [api_key, webhook, delivery, heartbeat, api_process, options, file, rows, answers])
def test_what_a_newer_version_adds_is_left_out(
    keep: Callable[[Redis, Settings], Kept], redis: Redis, settings: Settings
) -> None:
    kept = keep(redis, settings)
    before = kept.read()
    document = kept.loads(redis.hget(kept.key, kept.field))

    redis.hset(kept.key, kept.field, kept.dumps(grown(document)))

    assert kept.dumps(grown(document)) != kept.dumps(document)
    assert kept.read() == before


def test_a_newer_field_of_a_pace_is_left_out(redis: Redis, settings: Settings) -> None:
    _, job = _job(redis, settings)
    before = Results(redis).pace(job.id)

    redis.hset(JobKeys.of(job.id).pace, "newer", "a word")

    assert before is not None
    assert Results(redis).pace(job.id) == before


def test_an_unknown_word_opens_nothing_and_ends_nothing(redis: Redis, settings: Settings) -> None:
    kept, store = api_key(redis, settings), KeyStore(redis)
    document = json.loads(redis.hget(kept.key, kept.field) or "")
    redis.hset(kept.key, kept.field, json.dumps(document | {"scopes": ["audit", "read"]}))
    worker = heartbeat(redis, settings)
    beaten = json.loads(redis.hget(worker.key, worker.field) or "")
    redis.hset(worker.key, "express@test", json.dumps(beaten | {"lane": "express", "worker": "express@test"}))
    job_store, job = _job(redis, settings)
    asked = json.loads(redis.hget(JobKeys.of(job.id).job, "options") or "")
    redis.hset(JobKeys.of(job.id).job, "options", json.dumps(asked | {"priority": "urgent"}))

    assert [key.scopes for key in store.all()] == [frozenset({Scope.READ})]
    assert [found.worker for found in live_workers(redis)] == ["bulk@test"]
    assert job_store.get(job.id).options.priority is Priority.NORMAL


#: As e93cb6a wrote them: what it had must be enough for ever.
OLD_KEY = """{"id": "8c1fd2a0e3b4", "name": "a shop", "scopes": ["read", "submit"], "rate_limit": "",
    "created_at_s": 1.5, "digest": "ab"}"""
OLD_WEBHOOK = """{"id": "wh_1", "url": "https://example.com/hook", "description": "", "events": ["job.completed"],
    "secret": "whsec_QQ==", "created_at_ms": 1, "former_secret": "", "former_until_ms": 0, "disabled": ""}"""
OLD_DELIVERY = """{"id": "msg_1", "webhook_id": "wh_1", "event": "job.completed", "body": "{}", "created_at_ms": 1,
    "attempt": 2}"""
OLD_HEARTBEAT = """{"worker": "bulk@old", "lane": "bulk", "children": 2, "busy": 1, "model": "m", "model_version": "3",
    "stored": [{"id": "m", "version": "3", "labels": ["negative", "positive"], "max_tokens": 512,
    "precision": "int8", "source": "a test"}], "started_at_s": 1.5, "seen_at_s": %d, "degraded": false,
    "memory_bytes": 7}"""
OLD_OPTIONS = """{"long_texts": "windows", "neutral_band": 0.1, "name": "Mai", "priority": "low", "start_at_ms": null,
    "window": "", "time_zone": "UTC", "expire_at_ms": null, "webhook": "", "keep_columns": true}"""
OLD_FILE = """{"name": "a.csv", "format": "csv", "compression": null, "encoding": "utf-8", "delimiter": ",",
    "quotes": true, "has_header": true, "sheet": null, "text_column": "text", "text_number": 2, "id_column": null,
    "id_number": null, "columns": ["id", "text"]}"""


def test_what_an_older_version_wrote_is_read(redis: Redis) -> None:
    redis.hset(redis_keys.KEYS, "8c1fd2a0e3b4", OLD_KEY)
    redis.hset(redis_keys.WEBHOOKS, "wh_1", OLD_WEBHOOK)
    redis.hset(redis_keys.delivery("msg_1"), "delivery", OLD_DELIVERY)
    redis.hset(redis_keys.WORKERS, "bulk@old", OLD_HEARTBEAT % redis.time()[0])

    assert KeyStore(redis).get("8c1fd2a0e3b4").scopes == {Scope.READ, Scope.SUBMIT}
    assert WebhookStore(redis).get("wh_1").events == ("job.completed",)
    assert WebhookStore(redis).delivery("msg_1") == Delivery("msg_1", "wh_1", "job.completed", "{}", 1, 2)
    (worker,) = live_workers(redis)
    assert (worker.lane, worker.stored) == (Lane.BULK, (StoredModel("m", "3", LABELS, 512, "int8", "a test"),))
    read = JobOptions.loads(OLD_OPTIONS)
    assert (read.long_texts, read.priority, read.keep_columns) == ("windows", Priority.LOW, True)
    assert JobOptions.loads("{}") == JobOptions()
    assert FileFormat.loads(OLD_FILE) == FileFormat(
        *("a.csv", "csv", None, "utf-8", ",", True, True),
        text_column="text",
        text_number=2,
        text_numbers=(2,),
        columns=("id", "text"),
    )


def test_a_summary_that_another_version_kept_is_computed_anew(
    client: FlaskClient, redis: Redis, settings: Settings
) -> None:
    """Its form may have changed, and the job stays for days."""
    _, job = _job(redis, settings)
    url = f"/api/v1/jobs/{job.id}/summary"
    client.get(url)
    exports = JobKeys.of(job.id).exports
    kept = [name for name in redis.hkeys(exports) if b"Summary" in name]
    assert kept, "the summary of an ended job is kept"

    for name in ("summary 0.1", "summary 0.0"):  # as e93cb6a named them
        redis.hset(exports, name, '{"of": "an older version"}')

    assert "older version" not in client.get(url).text
