"""`sentiq serve --embedded`: what one process without Redis does besides the contracts of test_client.py."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command import sentiq_process
from tests.support.embedded import COMMAND, Embedded, environment
from tests.support.models import BUNDLED, copy_contrary, make_multilingual
from tests.support.processes import WAIT_S, free_port, wait_until
from tests.support.receiver import Receiver
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

GOOD, BAD = "味道很好，下次还来", "等了一个小时，太慢了，再也不来"


@pytest.fixture(scope="module")
def embedded(shared_embedded: Embedded) -> Embedded:
    shared_embedded.clear()
    return shared_embedded


@pytest.fixture
def started(tmp_path: Path) -> Any:
    """Start a process of the test's own, with these settings."""
    running: list[Embedded] = []

    def start(*options: str, **settings: str) -> Embedded:
        running.append(Embedded(tmp_path, *options, **settings))
        return running[-1]

    yield start
    for service in running:
        service.close()


def refused(*options: str, **settings: str) -> tuple[int, str]:
    """Run the command with what it must refuse; return its exit code and its words."""
    done = subprocess.run(
        [*COMMAND, *options], env=environment(**settings), capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_it_is_one_process_and_says_that_jobs_are_lost(embedded: Embedded) -> None:
    assert embedded.process.children() == []
    assert (
        "Jobs are kept in the memory of this process: when it ends, they are lost." in embedded.process.log.read_text()
    )


def test_small_jobs_are_polled_and_shortcuts_answer_at_once(embedded: Embedded) -> None:
    job = embedded.wait_ended(embedded.submit([GOOD, BAD]))
    assert (job["state"], job["lane"]) == ("completed", "interactive")
    assert [row["label"] for row in embedded.rows(job["id"])] == ["positive", "negative"]
    assert embedded.http.post("/analyze", json={"text": GOOD}).json()["label"] == "positive"


def test_a_file_becomes_a_bulk_job_whose_rows_come_back_in_every_form(embedded: Embedded) -> None:
    texts = sentences(3_000)
    table = "评论,城市\n" + "".join(f"{text},北京\n" for text in texts)
    answer = embedded.http.post("/api/v1/jobs", files={"file": ("评论.csv", table.encode(), "text/csv")})
    job = embedded.wait_ended(answer.json()["id"])
    assert (job["state"], job["lane"], job["counts"]["completed"]) == ("completed", "bulk", len(texts))
    assert [row["text"] for row in embedded.rows(job["id"], include="text")] == texts
    results = f"/api/v1/jobs/{job['id']}/results"
    assert len(embedded.http.get(f"{results}.csv").text.splitlines()) == 1 + len(texts)
    workbook = embedded.http.get(f"{results}.xlsx")
    assert (workbook.status_code, workbook.content[:2]) == (200, b"PK")


def test_small_jobs_are_answered_while_a_large_one_runs(embedded: Embedded) -> None:
    large = embedded.submit(sentences(50_000))
    assert embedded.http.post("/analyze", json={"text": GOOD}).json()["label"] == "positive"
    assert embedded.job(large)["ended_at"] is None
    embedded.http.post(f"/api/v1/jobs/{large}/cancel").raise_for_status()


def test_the_page_the_cluster_and_the_metrics_are_there_and_flower_is_not(embedded: Embedded) -> None:
    page = embedded.http.get("/cluster").text
    assert '"flower": ""' in page
    assert embedded.http.get("/health").json()["status"] == "healthy"
    workers = embedded.http.get("/api/v1/cluster").json()["workers"]
    assert [(worker["name"], worker["children"]) for worker in workers] == [
        ("bulk@embedded", 1),
        ("interactive@embedded", 1),
    ]
    metrics = embedded.http.get("/metrics").text
    assert 'sentiq_workers{lane="interactive"} 1.0' in metrics
    assert 'sentiq_texts_total{lane="interactive",outcome="completed"}' in metrics


def test_at_rest_it_gives_back_the_code_that_only_work_needs(embedded: Embedded) -> None:
    def mapped_bytes() -> int:
        return sum(int(part.rss) for part in embedded.process.ps.memory_maps() if "openvino" in part.path)

    embedded.wait_ended(embedded.submit(sentences(1_000)))
    at_work = mapped_bytes()
    wait_until(lambda: mapped_bytes() < 0.9 * at_work, message="code is unmapped")


def test_the_end_of_a_job_is_told_to_a_webhook(embedded: Embedded, receiver: Receiver) -> None:
    hook = embedded.http.post("/api/v1/webhooks", json={"url": receiver.url}).json()
    job = embedded.submit([GOOD], webhook=hook["id"])
    wait_until(lambda: receiver.got, message="the webhook arrives")
    assert job in receiver.got[0][1].decode()


def test_another_model_is_activated_and_a_broken_one_is_not(started: Callable[..., Embedded], tmp_path: Path) -> None:
    models = tmp_path / "models"
    copy_contrary(models, "contrary")
    (copy_contrary(models, "broken") / "model.bin").write_bytes(b"damaged")
    service = started(SENTIQ_MODEL_ROOT=str(models), SENTIQ_ADMIN_TOKEN="a token of the tests")
    service.http.headers["Authorization"] = "Bearer a token of the tests"

    def activation() -> dict[str, Any]:
        document: dict[str, Any] = service.http.get("/api/v1/models/activation").json()
        return document

    service.http.post("/api/v1/models/activation", json={"model": "broken"}).raise_for_status()
    wait_until(lambda: activation()["error"], message="the broken model is dropped")
    assert "damaged" in activation()["error"]
    assert service.http.post("/analyze", json={"text": GOOD}).json()["label"] == "positive"
    service.http.post("/api/v1/models/activation", json={"model": "contrary"}).raise_for_status()
    wait_until(lambda: activation()["active"], message="the model is active")
    assert service.http.post("/analyze", json={"text": GOOD}).json()["label"] == "negative"


def test_each_text_is_answered_by_the_model_of_its_language(started: Callable[..., Embedded], tmp_path: Path) -> None:
    make_multilingual(tmp_path / "models", "tri")
    service = started(SENTIQ_MODEL_ROOT=str(tmp_path / "models"), SENTIQ_ROUTES=f"zh={BUNDLED},*=tri")
    items = [{"text": GOOD}, {"text": "とても良い商品です"}, {"text": BAD, "language": "en"}, {"text": "👍👍"}]
    job = service.wait_ended(service.http.post("/api/v1/jobs", json={"items": items}).json()["id"])
    table = "text,lang\n" + f"{GOOD},zh-CN\nthe food was great,\n" * 1_000
    answer = service.http.post("/api/v1/jobs", files={"file": ("a.csv", table.encode(), "text/csv")})
    bulk = service.wait_ended(answer.json()["id"])

    def answered(job: dict[str, Any], **query: str) -> list[tuple[str | None, str]]:
        rows = service.rows(job["id"], **query)
        return [(row.get("language"), row["model"].partition("@")[0]) for row in rows]

    assert answered(job) == [("zh", BUNDLED), ("ja", "tri"), ("en", "tri"), (None, BUNDLED)]
    assert answered(job, language="ja") == [("ja", "tri")]
    assert (bulk["lane"], bulk["counts"]["completed"]) == ("bulk", 2_000)
    assert answered(bulk) == [("zh", BUNDLED), ("en", "tri")] * 1_000


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.full)])
def test_a_signal_ends_it_and_its_jobs_are_gone_at_the_next_start(
    started: Callable[..., Embedded], number: signal.Signals
) -> None:
    service = started()
    job = service.submit([GOOD])
    os.kill(service.process.popen.pid, number)
    assert service.process.wait() == 0
    again = started()
    assert again.http.get(f"/api/v1/jobs/{job}").status_code == 404


def test_a_full_store_refuses_new_work_until_jobs_are_erased(started: Callable[..., Embedded]) -> None:
    service = started("--store-mb", "1")
    jobs: list[str] = []

    def fill() -> httpx.Response:
        response = service.http.post("/api/v1/jobs", json={"texts": [os.urandom(2_500).hex() for _ in range(10)]})
        if response.status_code == 202:
            jobs.append(response.json()["id"])
        return response

    wait_until(lambda: fill().status_code == 503, message="the store is full")
    for job in jobs:
        service.http.delete(f"/api/v1/jobs/{job}").raise_for_status()
    wait_until(lambda: fill().status_code == 202, message="there is room again")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"SENTIQ_REDIS_URL": "redis://127.0.0.1:6379/0"}, "SENTIQ_REDIS_URL: jobs are kept in this process"),
        pytest.param({"SENTIQ_AUTH": "keys"}, "SENTIQ_AUTH: keys are kept in Redis", marks=pytest.mark.full),
        pytest.param(
            {"SENTIQ_API_PROCESSES": "4"}, "SENTIQ_API_PROCESSES: there is one process", marks=pytest.mark.full
        ),
        ({"SENTIQ_MODEL": "no-such-model"}, "no model 'no-such-model'"),
        ({"SENTIQ_HOST": "0.0.0.0"}, "SENTIQ_AUTH: off works on the loopback only"),
        ({"SENTIQ_ROUTES": f"zh={BUNDLED},*=nowhere"}, "SENTIQ_ROUTES: *=nowhere: no model 'nowhere'"),
        pytest.param(
            {"SENTIQ_ROUTES": f"zh={BUNDLED}"},
            "SENTIQ_ROUTES: no model answers other languages than zh: add *=MODEL",
            marks=pytest.mark.full,
        ),
    ],
    ids=["Redis", "keys", "processes", "model", "host", "model of a language", "no model of others"],
)
def test_what_cannot_be_is_refused_with_a_reason(settings: dict[str, str], reason: str) -> None:
    code, words = refused("--port", str(free_port()), **settings)
    assert (code, reason in words) == (78, True), words


def test_a_taken_port_is_named(embedded: Embedded) -> None:
    code, words = refused("--port", str(embedded.port))
    assert (code, words.count("\n")) == (1, 1)
    assert f"cannot listen on 127.0.0.1:{embedded.port}" in words


def test_without_embedded_it_says_what_starts_the_whole_service() -> None:
    done = sentiq_process("http://unused", "serve")
    assert (done.returncode, b"make run" in done.stderr) == (2, True)
