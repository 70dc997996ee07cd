"""The main job on a real cluster: post texts, poll, read results."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from celery import Celery

from sentiq.core.redis_keys import JobKeys, LaneKeys
from sentiq.engine import Engine, LongTexts
from sentiq.engine.registry import find_model
from sentiq.jobs.messages import Producer, publish
from sentiq.jobs.types import ChunkRef, Lane
from tests.support.cluster import Cluster
from tests.support.examples import effort
from tests.support.models import expected
from tests.support.processes import wait_until
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Engine:
    """The same model in the test's own process, as the reference."""
    return Engine.load(find_model(cluster.settings.model_roots, cluster.settings.model).directory)


@pytest.mark.parametrize(("count", "lane"), [(1, "interactive"), (64, "interactive"), (65, "bulk"), (5_000, "bulk")])
def test_every_row_is_answered_once_in_order_and_as_the_model_says(
    cluster: Cluster, engine: Engine, count: int, lane: str
) -> None:
    texts = sentences(count)
    reference = expected(engine, texts)

    job = cluster.wait_ended(cluster.submit(texts))

    assert (job["state"], job["lane"]) == ("completed", lane)
    assert job["counts"] == {"total": count, "completed": count, "failed": 0, "without_text": 0}
    assert job["model"] == {"id": engine.manifest.id, "version": engine.manifest.version}
    rows = cluster.rows(job["id"], include="text")
    assert [row["index"] for row in rows] == list(range(count))
    assert [row["text"] for row in rows] == texts
    for row in rows:
        assert row["probabilities"]["positive"] == pytest.approx(reference[row["text"]], abs=0.002)
        assert row["score"] == pytest.approx(row["probabilities"][row["label"]], abs=1e-6)


@pytest.mark.parametrize("count", [1, 65])
def test_a_long_text_is_read_as_its_job_asks(cluster: Cluster, engine: Engine, count: int) -> None:
    texts = [f"{'，'.join(sentences(40, seed))}" for seed in range(count)]
    column = engine.manifest.labels.index("positive")

    job_ids = {mode: cluster.submit(texts, long_texts=mode) for mode in get_args(LongTexts)}

    for mode, job_id in job_ids.items():
        cluster.wait_ended(job_id)
        for row, prediction in zip(cluster.rows(job_id), engine.classify(texts, mode), strict=True):
            assert row["truncated"] is prediction.truncated is (mode != "windows")
            assert row["probabilities"]["positive"] == pytest.approx(prediction.probabilities[column], abs=0.002)


def test_a_streamed_upload_is_classified_while_it_arrives(cluster: Cluster) -> None:
    first_half_done = threading.Event()

    def received() -> list[dict[str, Any]]:
        jobs: list[dict[str, Any]] = cluster.http.get("/api/v1/jobs", params={"state": "receiving"}).json()["data"]
        return jobs

    def body() -> Iterator[bytes]:
        for text in sentences(3_000):
            yield f'"{text}"\n'.encode()
        wait_until(received, message="the job is there before all of it has come")
        (newest,) = received()
        wait_until(lambda: cluster.job(newest["id"])["counts"]["completed"] > 0, message="rows done before the end")
        assert cluster.job(newest["id"])["state"] == "receiving"
        first_half_done.set()
        yield b"not json\n"
        yield '{"text": "最后一条，很满意", "custom_id": "last"}\n'.encode()

    with httpx.Client(base_url=cluster.url, timeout=100) as client:
        response = client.post("/api/v1/jobs", content=body(), headers={"Content-Type": "application/x-ndjson"})

    assert first_half_done.is_set()
    assert response.status_code == 202, response.text
    job = cluster.wait_ended(response.json()["id"])
    assert job["counts"] == {"total": 3_002, "completed": 3_001, "failed": 1, "without_text": 0}
    rows = cluster.rows(job["id"])
    assert "3001" in rows[3_000]["error"]["detail"]  # the line number
    assert (rows[3_001]["custom_id"], rows[3_001]["label"]) == ("last", "positive")


def test_the_same_chunk_executed_twice_changes_nothing(cluster: Cluster) -> None:
    texts = sentences(4_000, 1)
    job_id = cluster.submit(texts)
    size = cluster.settings.chunk_texts
    app = _producer(cluster)
    for _ in range(2):
        refs = [ChunkRef(job_id, n, min(size, 4_000 - n * size)) for n in range(-(-4_000 // size))]
        publish(app, refs)

    job = cluster.wait_ended(job_id)

    assert job["counts"] == {"total": 4_000, "completed": 4_000, "failed": 0, "without_text": 0}
    assert [row["index"] for row in cluster.rows(job_id)] == list(range(4_000))
    wait_until(lambda: cluster.redis.llen("bulk") == 0, message="the copies are consumed")
    assert cluster.job(job_id)["counts"] == job["counts"]


def at_work(cluster: Cluster) -> int:
    """How many bulk children have a chunk."""
    return int(cluster.redis.hlen(LaneKeys.of(Lane.BULK).owners))


def test_cancel_while_running(cluster: Cluster, tmp_path: Path) -> None:
    answered = tmp_path / "answered"
    job_id = cluster.submit([*sentences(1_600, 5), f"【等待】{answered}"])
    wait_until(lambda: cluster.job(job_id)["counts"]["completed"] == 1_536, message="all chunks but the last end")

    assert cluster.http.post(f"/api/v1/jobs/{job_id}/cancel").json()["state"] == "cancelled"

    cancelled = cluster.job(job_id)["counts"]
    assert cancelled["completed"] == 1_536
    rows = cluster.rows(job_id)
    assert len(rows) == cancelled["completed"]
    answered.touch()
    wait_until(lambda: at_work(cluster) == 0, message="its last chunk ends")
    assert cluster.wait_ended(cluster.submit(sentences(100, 2)))["state"] == "completed"
    assert cluster.job(job_id)["counts"] == cancelled


def test_delete_while_running_erases_everything(cluster: Cluster, tmp_path: Path) -> None:
    answered = tmp_path / "answered"
    job_id = cluster.submit([*sentences(600, 6), f"【等待】{answered}"])
    wait_until(lambda: cluster.job(job_id)["counts"]["completed"] == 512, message="one chunk is left")

    assert cluster.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204

    answered.touch()
    assert cluster.http.get(f"/api/v1/jobs/{job_id}").status_code == 404
    wait_until(lambda: cluster.redis.zcard("sentiq:bulk:leases") == 0, message="no child holds a chunk of it")
    k = JobKeys.of(job_id)
    assert cluster.redis.exists(k.job, k.input, k.output, k.isolation) == 0


@pytest.mark.more
def test_many_posts_from_fifty_threads_each_get_their_own_answer(cluster: Cluster, engine: Engine) -> None:
    texts = sentences(10_000 if effort(100) == 100 else 1_000, 3)
    reference = expected(engine, texts)
    local = threading.local()

    def ask(text: str) -> tuple[str, float]:
        if not hasattr(local, "client"):
            local.client = httpx.Client(base_url=cluster.url, timeout=100)
            clients.append(local.client)
        response = local.client.post("/api/v1/jobs", json={"text": text}, headers={"Prefer": "wait=30"})
        assert response.status_code == 200, response.text
        (row,) = response.json()["results"]["data"]
        return text, row["probabilities"]["positive"]

    clients: list[httpx.Client] = []
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, texts))
    for client in clients:
        client.close()

    assert [text for text, _ in answers] == texts
    wrong = [(t, p, reference[t]) for t, p in answers if abs(p - reference[t]) > 0.002]
    assert wrong == []


def test_an_interactive_text_does_not_wait_for_a_bulk_job(cluster: Cluster, tmp_path: Path) -> None:
    waits = f"【等待】{tmp_path / 'answered'}"
    bulk_id = cluster.submit([waits, *sentences(600, 4), waits, *sentences(3_000, 5)])
    wait_until(lambda: at_work(cluster) == 2, message="all bulk children are at work, and more chunks wait")

    answer = cluster.http.post("/analyze", json={"text": "服务非常好，下次还来"}).json()

    assert answer["label"] == "positive"
    assert cluster.job(bulk_id)["state"] == "running"
    (tmp_path / "answered").touch()
    cluster.http.delete(f"/api/v1/jobs/{bulk_id}")


def _producer(cluster: Cluster) -> Producer:
    producer: Producer = Celery(broker=cluster.redis_server.url, set_as_current=False)
    return producer
