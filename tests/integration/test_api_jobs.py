"""The job API on a real Redis: shapes, paging, idempotency, waiting, and what happens when Redis is away."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from redis import Redis

from api.app import create_app
from sentiq.core.redis_keys import JobKeys, idempotency
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import InteractiveLane
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import InputChunk, Lane, NewJob, new_job_id
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.stores("redis", "memory")

JOBS = "/api/v1/jobs"
NDJSON = "application/x-ndjson"
Bulk = Callable[[str, int, int], None]


def ndjson(*lines: Any) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def test_the_job_document_has_its_shape(client: FlaskClient, answer_interactive: Callable[[], int]) -> None:
    accepted = client.post(JOBS, json={"items": [{"text": "好吃", "custom_id": "a"}, {"text": "失败"}]})

    assert (accepted.status_code, accepted.headers["Retry-After"]) == (202, "1")
    job = accepted.json
    assert accepted.headers["Location"] == job["links"]["self"] == f"{JOBS}/{job['id']}"
    assert (job["object"], job["state"], job["lane"]) == ("job", "queued", "interactive")
    assert job["model"] == {"id": None, "version": None}

    assert answer_interactive() == 1
    done = client.get(job["links"]["self"]).json
    assert set(done or ()) == {
        *(
            "id",
            "object",
            "state",
            "lane",
            "model",
            "options",
            "counts",
            "created_at",
            "started_at",
            "ended_at",
            "expires_at",
        ),
        *("texts_per_second", "eta_s", "error", "links", "name", "metadata", "file", "has_languages"),
        *("paused_at", "scheduled_for", "queue_position"),
    }
    assert (done["state"], done["counts"]) == (
        "completed",
        {"total": 2, "completed": 1, "failed": 1, "without_text": 0},
    )
    assert done["model"] == {"id": "m", "version": "3"}
    for field in ("created_at", "started_at", "ended_at", "expires_at"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", done[field])

    first, second = client.get(job["links"]["results"]).json["data"]
    assert first == {
        "index": 0,
        "custom_id": "a",
        "label": "positive",
        "label_zh": "积极",
        "score": pytest.approx(0.501, abs=1e-4),
        "probabilities": {"negative": pytest.approx(0.499, abs=1e-4), "positive": first["score"]},
        "truncated": False,
        "model": "m@3",
        "degraded": False,
        "error": None,
    }
    assert (second["label"], second["probabilities"], second["error"]["code"]) == (None, None, "inference_failed")


@pytest.mark.parametrize(("count", "lane"), [(1, "interactive"), (64, "interactive"), (65, "bulk"), (250, "bulk")])
@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_small_jobs_are_interactive_however_they_come(client: FlaskClient, count: int, lane: str, form: str) -> None:
    texts = [f"第{i}条" for i in range(count)]
    if form == "json":
        answer = client.post(JOBS, json={"texts": texts})
    else:
        answer = client.post(JOBS, data=ndjson(*texts), content_type=NDJSON)

    assert (answer.json["lane"], answer.json["counts"]["total"]) == (lane, count)


def test_results_come_in_order_by_cursor_while_the_job_runs(client: FlaskClient, answer_bulk: Bulk) -> None:
    job_id = client.post(JOBS, json={"texts": [f"第{i}条" for i in range(250)]}).json["id"]
    answer_bulk(job_id, 0, 100)
    answer_bulk(job_id, 2, 50)

    pages = [client.get(f"{JOBS}/{job_id}/results?limit=70").json]
    pages.append(client.get(f"{JOBS}/{job_id}/results?limit=70&cursor={pages[-1]['next']}").json)
    waiting = client.get(f"{JOBS}/{job_id}/results?limit=70&cursor={pages[-1]['next']}").json
    assert [r["index"] for page in pages for r in page["data"]] == list(range(100))
    assert (waiting["data"], waiting["next"]) == ([], pages[-1]["next"])

    answer_bulk(job_id, 1, 100)
    while pages[-1]["next"]:
        pages.append(client.get(f"{JOBS}/{job_id}/results?limit=70&include=text&cursor={pages[-1]['next']}").json)
    rows = [row for page in pages for row in page["data"]]
    assert [row["index"] for row in rows] == list(range(250))
    assert rows[-1]["text"] == "第249条"
    assert client.get(f"{JOBS}/{job_id}/results?cursor=nonsense").json["errors"][0]["pointer"] == "/cursor"


def test_a_cancelled_job_shows_its_finished_rows(client: FlaskClient, answer_bulk: Bulk) -> None:
    job_id = client.post(JOBS, json={"texts": [f"第{i}条" for i in range(250)]}).json["id"]
    answer_bulk(job_id, 1, 100)

    assert client.post(f"{JOBS}/{job_id}/cancel").json["state"] == "cancelled"
    again = client.post(f"{JOBS}/{job_id}/cancel")

    assert (again.status_code, again.json["state"]) == (200, "cancelled")
    page = client.get(f"{JOBS}/{job_id}/results?limit=1000").json
    assert ([row["index"] for row in page["data"]], page["next"]) == (list(range(100, 200)), None)


def test_delete_erases(client: FlaskClient, redis: Redis) -> None:
    job_id = client.post(JOBS, json={"texts": ["好"] * 100}, headers={"Idempotency-Key": "k"}).json["id"]

    assert client.delete(f"{JOBS}/{job_id}").status_code == 204
    assert client.get(f"{JOBS}/{job_id}").status_code == 404
    k = JobKeys.of(job_id)
    assert redis.exists(k.job, k.input, k.output, k.isolation, idempotency("k")) == 0


def test_bad_lines_fail_alone_with_their_number(client: FlaskClient, answer_interactive: Callable[[], int]) -> None:
    lines = [
        b"\xef\xbb\xbf" + json.dumps("带BOM的第一行").encode(),
        b"",
        b'{"text": "' + "好".encode() + b'", "custom_id": "x"}\r',
        b'{"text": "", "custom_id": "empty"}',
        b"{broken",
        b"[1, 2]",
        b'"\xff"',
        json.dumps("坏\ud800").encode(),
        json.dumps("长" * 1_001).encode(),
        b'"' + b"a" * 300_000 + b'"',
        b"null",
        b'{"text": null, "custom_id": "missing"}',
        b'{"custom_id": "nothing"}',
        b'{"text": "no newline at the end"}',
    ]
    job_id = client.post(JOBS, data=b"\n".join(lines), content_type=NDJSON).json["id"]
    answer_interactive()

    rows = client.get(f"{JOBS}/{job_id}/results?include=text").json["data"]

    assert [(r["error"] or {}).get("code") for r in rows] == [
        *(None, None, "empty_text", "invalid_json", "invalid_item", "undecodable", "invalid_unicode"),
        *("text_too_long", "line_too_long", "empty_text", "empty_text", "empty_text", None),
    ]
    assert [r["text"] for r in rows if not r["error"]] == ["带BOM的第一行", "好", "no newline at the end"]
    assert [rows[n]["custom_id"] for n in (2, 10, 11)] == ["empty", "missing", "nothing"]
    details = [row["error"]["detail"] for row in rows if row["error"]]
    assert [detail.partition(":")[0] for detail in details] == [f"Line {n}" for n in range(4, 14)]


@pytest.mark.parametrize("way", ["JSON", "NDJSON", "form", "upload"])
def test_metadata_come_back_with_the_job(client: FlaskClient, way: str) -> None:
    metadata = {"campaign": "春季", "tenant": "t-1", "empty": ""}
    packed = json.dumps(metadata)
    if way == "JSON":
        made = client.post(JOBS, json={"text": "好", "metadata": metadata})
    elif way == "NDJSON":
        made = client.post(JOBS, data=ndjson("好"), content_type=NDJSON, query_string={"metadata": packed})
    elif way == "form":
        form = {"metadata": packed, "file": (io.BytesIO("评论\n好\n".encode()), "a.csv")}
        made = client.post(JOBS, data=form, content_type="multipart/form-data")
    else:
        upload = client.post("/api/v1/uploads", data="评论\n好\n".encode(), content_type="text/csv").json["id"]
        made = client.post(JOBS, json={"upload": upload, "metadata": metadata})

    assert made.status_code == 202, made.json
    assert made.json["metadata"] == metadata
    assert client.get(f"{JOBS}/{made.json['id']}").json["metadata"] == metadata
    assert client.get(JOBS).json["data"][0]["metadata"] == metadata
    assert client.post(JOBS, json={"text": "好"}).json["metadata"] == {}


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({f"k{n}": "" for n in range(17)}, "/metadata"),
        ({"k" * 65: ""}, f"/metadata/{'k' * 65}"),
        ({"": "v"}, "/metadata/"),
        ({"k": "v" * 513}, "/metadata/k"),
        ({"k": 1}, "/metadata/k"),
        ({"k": "\ud800"}, "/metadata/k"),
        ("no object", "/metadata"),
        (["k"], "/metadata"),
    ],
)
def test_metadata_out_of_bounds_are_refused_with_their_place(client: FlaskClient, metadata: object, place: str) -> None:
    as_json = client.post(JOBS, json={"text": "好", "metadata": metadata})
    query = {"metadata": metadata if isinstance(metadata, str) else json.dumps(metadata)}
    as_query = client.post(JOBS, data=ndjson("好"), content_type=NDJSON, query_string=query)

    for answer in (as_json, as_query):
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
        assert [e["pointer"].startswith(place) for e in answer.json["errors"]] == [True]


def test_prefer_wait_answers_inline_or_accepts(
    redis: Redis, api_settings: Settings, answer_interactive: Callable[[], int]
) -> None:
    app = create_app(api_settings.model_copy(update={"sync_timeout_s": 60.0}))
    try:
        client = app.test_client()
        late = client.post(JOBS, json={"text": "好"}, headers={"Prefer": "respond-async, wait=1"})
        assert answer_interactive() == 1
        worker = threading.Thread(target=wait_until, args=(answer_interactive,))
        worker.start()
        inline = client.post(JOBS, json={"text": "好", "neutral_band": 0.1}, headers={"Prefer": "wait=60"})
        worker.join()
    finally:
        app.extensions["sentiq"].close()
    assert (late.status_code, late.headers["Preference-Applied"]) == (202, "wait=1")
    assert inline.status_code == 200
    assert [row["label"] for row in inline.json["results"]["data"]] == ["neutral"]


def test_an_idempotency_key_makes_a_retry_safe(client: FlaskClient, answer_interactive: Callable[[], int]) -> None:
    headers = {"Idempotency-Key": "order-1"}
    first = client.post(JOBS, json={"text": "好"}, headers=headers)
    replayed = client.post(JOBS, json={"text": "好"}, headers=headers)
    other = client.post(JOBS, json={"text": "坏"}, headers=headers)

    assert (replayed.status_code, replayed.json["id"]) == (202, first.json["id"])
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert (other.status_code, other.json["code"]) == (422, "idempotency_mismatch")
    assert answer_interactive() == 1

    stream = {"content_type": NDJSON, "headers": {"Idempotency-Key": "order-2"}}
    first = client.post(JOBS, data=ndjson("好", "坏"), **stream)
    assert client.post(JOBS, data=ndjson("好", "坏"), **stream).json["id"] == first.json["id"]
    assert client.post(JOBS, data=ndjson("好"), **stream).json["code"] == "idempotency_mismatch"
    banded = client.post(f"{JOBS}?neutral_band=0.1", data=ndjson("好", "坏"), **stream)
    assert banded.json["code"] == "idempotency_mismatch"


def test_a_job_is_found_by_its_idempotency_key_while_its_rows_arrive(client: FlaskClient, store: JobStore) -> None:
    def found() -> list[tuple[str, str]]:
        page = client.get(JOBS, query_string={"idempotency_key": "钥匙 1", "limit": 1}).json
        assert page["next"] is None
        return [(job["id"], job["state"]) for job in page["data"]]

    assert found() == []
    job = NewJob(new_job_id(), Lane.BULK, "", idempotency_key="钥匙 1")
    store.create(job)
    store.create(NewJob(new_job_id(), Lane.BULK, "", idempotency_key="another"))
    assert found() == [(job.id, "receiving")]
    store.append(job, 0, InputChunk(0, ("好",)))
    store.seal(job, "wake-up", "digest")
    assert found() == [(job.id, "queued")]
    store.erase(job.id)
    assert found() == []
    assert client.get(f"{JOBS}?idempotency_key={'k' * 256}").json["errors"][0]["pointer"] == "/idempotency_key"


def test_an_upload_that_turns_out_too_large_leaves_a_job_that_says_so(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "large"}
    body = io.BytesIO(ndjson(*["好"] * 90_000))

    answer = client.post(  # chunked, so that the size shows only as the body arrives
        JOBS,
        input_stream=body,
        content_type=NDJSON,
        headers=headers | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")
    (job,) = client.get(JOBS).json["data"]
    assert job["id"] in answer.json["detail"]
    assert (job["state"], job["error"]["code"]) == ("failed", "body_too_large")
    retry = client.post(JOBS, data=ndjson("好"), content_type=NDJSON, headers=headers)
    assert retry.status_code == 202


def test_lists_are_paged(client: FlaskClient) -> None:
    ids = [client.post(JOBS, json={"text": f"第{i}条"}).json["id"] for i in range(5)]

    first = client.get(f"{JOBS}?limit=3").json
    second = client.get(f"{JOBS}?limit=3&after={first['next']}").json

    assert {job["id"] for job in first["data"] + second["data"]} == set(ids)
    assert (len(first["data"]), len(second["data"]), second["next"]) == (3, 2, None)


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_options_stay_with_the_job_however_it_comes(
    client: FlaskClient, redis: Redis, settings: Settings, form: str
) -> None:
    if form == "json":
        job = client.post(JOBS, json={"text": "好", "long_texts": "windows", "neutral_band": 0.1}).json
    else:
        path = f"{JOBS}?long_texts=windows&neutral_band=0.1"
        job = client.post(path, data=ndjson("好"), content_type=NDJSON).json

    options = client.get(f"{JOBS}/{job['id']}").json["options"]
    assert (options["long_texts"], options["neutral_band"]) == ("windows", 0.1)
    (opened,) = InteractiveLane(redis, settings).take("drain") or []
    assert opened.long_texts == "windows"


def test_settings_stand_in_for_options_that_were_not_given(redis: Redis, api_settings: Settings) -> None:
    app = create_app(api_settings.model_copy(update={"long_texts": "head_tail", "neutral_band": 0.3}))
    try:
        job = app.test_client().post(JOBS, json={"text": "好"}).json
    finally:
        app.extensions["sentiq"].close()

    assert (job["options"]["long_texts"], job["options"]["neutral_band"]) == ("head_tail", None)
    (opened,) = InteractiveLane(redis, api_settings).take("drain") or []
    assert opened.long_texts == "head_tail"


def test_the_band_of_the_query_beats_that_of_the_job_and_both_beat_the_setting(
    redis: Redis, api_settings: Settings, answer_interactive: Callable[[], int]
) -> None:
    app = create_app(api_settings.model_copy(update={"neutral_band": 0.005}))
    client = app.test_client()

    def labels(job_id: str, query: str = "") -> list[tuple[str, str, float]]:
        rows = client.get(f"{JOBS}/{job_id}/results{query}").json["data"]
        assert {row["probabilities"]["positive"] for row in rows} == {0.5005, 0.51}
        return [(row["label"], row["label_zh"], row["score"]) for row in rows]

    try:
        texts = ["好", "好" * 20]  # 0.5 and 1/2001 or 20/2001 more
        plain = client.post(JOBS, json={"texts": texts}).json["id"]
        banded = client.post(JOBS, json={"texts": texts, "neutral_band": 0.1}).json["id"]
        off = client.post(JOBS, json={"texts": texts, "neutral_band": 0}).json["id"]
        answer_interactive()

        positive = [("positive", "积极", 0.5005), ("positive", "积极", 0.51)]
        neutral = [("neutral", "中性", 0.999), ("neutral", "中性", 0.98)]
        assert labels(plain) == [neutral[0], positive[1]]
        assert labels(banded) == neutral
        assert labels(off) == positive
        for job_id in (plain, banded, off):
            assert labels(job_id, "?neutral_band=0.1") == neutral
            assert labels(job_id, "?neutral_band=0") == positive
    finally:
        app.extensions["sentiq"].close()


def test_a_shortcut_without_workers_says_so_and_leaves_no_work(client: FlaskClient, redis: Redis) -> None:
    answer = client.post("/analyze", json={"text": "好"})

    assert (answer.status_code, answer.json["code"]) == (503, "result_not_ready")
    assert answer.headers["Retry-After"]
    assert redis.zcard("sentiq:jobs") == 0


def test_health_and_metrics(client: FlaskClient) -> None:
    assert client.get("/livez").status_code == 200
    unready = client.get("/readyz")
    assert (unready.status_code, unready.json["missing"]) == (503, ["interactive worker", "bulk worker"])
    assert client.get("/health").json["status"] == "degraded"
    metrics = client.get("/metrics").text
    assert "sentiq_redis_up 1.0" in metrics
    assert 'sentiq_requests_total{endpoint="/readyz",method="GET",status="503"} 1.0' in metrics


@pytest.mark.stores("redis")
def test_ready_with_workers(client: FlaskClient, redis: Redis, live_workers: None) -> None:
    before = redis.info("persistence")["rdb_changes_since_last_save"]
    assert client.get("/readyz").status_code == 200
    assert redis.info("persistence")["rdb_changes_since_last_save"] == before, "to ask for writes changes nothing"
    assert client.get("/health").json["status"] == "healthy"


def test_the_openapi_document_and_its_viewer_need_no_network(client: FlaskClient) -> None:
    document = client.get("/openapi/openapi.json").json
    assert document["openapi"].startswith("3.1")
    assert {JOBS, f"{JOBS}/{{job_id}}/results", "/analyze", "/readyz"} <= set(document["paths"])
    assert set(document["paths"][JOBS]["post"]["requestBody"]["content"]) >= {"application/json", NDJSON}

    text = json.dumps(document)
    for name in set(re.findall(r'"\$ref": "([^"]+)"', text)):
        _, components, kind, known = name.split("/")
        assert components == "components"
        assert known in document["components"][kind]

    viewer = client.get("/openapi/swagger").text
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", viewer)
    assert sources
    for source in sources:
        assert not re.match(r"(https?:)?//", source)
        with client.get(source) as asset:
            assert asset.status_code == 200
    assert client.get("/").status_code == 200


def test_without_redis_the_answer_is_quick_and_clear(tmp_path: Path, settings: Settings) -> None:
    server = RedisServer(tmp_path)
    server.start()
    app = create_app(settings.model_copy(update={"redis_url": SecretStr(server.url)}))
    client = app.test_client()
    try:
        assert client.post(JOBS, json={"text": "好"}).status_code == 202
        server.stop(kill=True)
        for answer in (client.post(JOBS, json={"text": "好"}), client.get(JOBS)):
            assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")
            assert answer.headers["Retry-After"]
        assert client.get("/readyz").json["missing"] == ["redis"]
        assert client.get("/health").status_code == 503
        assert "sentiq_redis_up 0.0" in client.get("/metrics").text
        assert client.get("/livez").status_code == 200

        server.start()
        wait_until(lambda: client.post(JOBS, json={"text": "好"}).status_code == 202)
    finally:
        app.extensions["sentiq"].close()
        server.stop(kill=True)
