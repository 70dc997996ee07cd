"""What docs/runbook.md says is seen is seen, its checks tell what it says, and its remedies help."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from sentiq.core.api_keys import KeyStore, Scope
from sentiq.core.redis import connect
from sentiq.core.redis_keys import JobKeys
from tests.support.cluster import Cluster, check_all_answered
from tests.support.models import copy_model
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, free_port, wait_until
from tests.support.programs import BROKEN, UNPROVEN
from tests.support.receiver import Receiver
from tests.support.redis_server import RedisServer, has_tls
from tests.support.runbook import quoted
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

TOKEN = "a-token-for-prometheus"


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    words = list(map(str, command))
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is missing")
    return subprocess.run(
        words, cwd=REPOSITORY, env=os.environ | env, capture_output=True, text=True, check=False, timeout=300
    )


def redis_cli(server: RedisServer, *command: str) -> str:
    done = run("redis-cli", "-p", str(server.port), *command)
    return done.stdout + done.stderr


def admin(server: RedisServer, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "sentiq.admin", *arguments, SENTIQ_REDIS_URL=server.url)


def lane(cluster: Cluster, name: str) -> dict[str, Any]:
    (found,) = [lane for lane in cluster.http.get("/api/v1/cluster").json()["lanes"] if lane["lane"] == name]
    return dict(found)


def said(process: Process, words: str) -> None:
    wait_until(lambda: words in process.log.read_text(), message=f"{process.name} says {words!r}")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Redis and an API that asks for keys."""
    with Cluster(tmp_path_factory.mktemp("locked"), SENTIQ_AUTH="keys", SENTIQ_METRICS_TOKEN=TOKEN) as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


def test_an_api_that_is_gone(empty_cluster: Cluster) -> None:
    livez = f"{empty_cluster.url}/livez"
    assert quoted("The API does not answer", "curl: (7) Failed to connect") in run("curl", "-sS", livez).stderr

    empty_cluster.redis_server.start()
    empty_cluster.start_api()

    assert quoted("The API does not answer", '{"status":"ok"}') in run("curl", "-sS", livez).stdout


def test_a_token_that_prometheus_should_not_send(locked: Cluster) -> None:
    answers = [
        locked.http.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code
        for token in (TOKEN, "another-token-for-it")
    ]

    assert answers == [200, int(quoted("An instance does not answer Prometheus", "401"))]


def test_two_workers_with_one_port_for_metrics(api: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        worker = api.start_worker("bulk", wait=False, SENTIQ_METRICS_PORT=str(port))

        assert worker.wait() == 78
    assert quoted("A port is taken", "metrics cannot be shown") in worker.log.read_text()


def test_redis_is_away_and_comes_back(empty_cluster: Cluster) -> None:
    entry, server = "Redis is away", empty_cluster.redis_server
    empty_cluster.start(interactive=0, bulk=1)
    job_id = empty_cluster.submit(sentences(2_000))

    server.stop(kill=True)
    answer = empty_cluster.http.get(f"/api/v1/jobs/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, quoted(entry, "store_unavailable"))
    assert quoted(entry, '"missing":["redis"]') in empty_cluster.http.get("/readyz").text
    said(empty_cluster.processes[-1], quoted(entry, "Cannot connect to Redis"))
    said(empty_cluster.processes[0], "Redis is away")
    assert quoted(entry, "Could not connect to Redis") in redis_cli(server, "ping")

    server.start()
    assert quoted(entry, "PONG") in redis_cli(server, "ping")
    assert "loading:0" in redis_cli(server, "info", "persistence")
    empty_cluster.supervise(job_id)
    check_all_answered(empty_cluster, job_id, 2_000)


def test_a_wrong_password_of_redis(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, {"--requirepass": "correct-horse"})
    server.reached_by = {"redis_url": f"redis://:correct-horse@127.0.0.1:{server.port}/0"}
    with Cluster(tmp_path, server) as cluster:
        server.start()
        wrong = server.url.replace("//", "//:wrong@")
        for name, url, words in (
            ("without", server.url, "Authentication required"),
            ("wrong", wrong, "invalid username-password pair"),
        ):
            worker = cluster.start_worker("bulk", 1, name=name, wait=False, SENTIQ_REDIS_URL=url)
            said(worker, quoted("Redis is away", words))


def test_a_lane_without_a_worker(api: Cluster) -> None:
    entry = "A lane has no warm worker"
    job_id = api.submit(sentences(2_000))

    assert api.http.get("/readyz").status_code == 503
    missing = api.http.get("/readyz").text
    assert all(quoted(entry, f"{lane} worker") in missing for lane in ("interactive", "bulk"))
    assert api.job(job_id)["state"] == quoted(entry, "queued")
    assert lane(api, "bulk")["waiting"] > 0
    assert int(redis_cli(api.redis_server, "llen", "bulk")) > 0

    worker = api.start_worker("bulk", 1)
    check_all_answered(api, job_id, 2_000)
    assert all(quoted(entry, words) in worker.log.read_text() for words in ("model warm", "child warm"))
    assert int(redis_cli(api.redis_server, "llen", "bulk")) == 0


def test_a_lane_that_is_busy_shows_it(api: Cluster) -> None:
    api.start_worker("interactive", 1, app=BROKEN)
    api.submit(["【挂起】"])
    wait_until(lambda: lane(api, "interactive")["busy"] == 1)

    api.submit(["好"])

    seen = lane(api, "interactive")
    assert (seen["busy"], seen["children"], seen["waiting"]) == (1, 1, 1)


def test_children_that_cannot_use_the_model(api: Cluster) -> None:
    worker = api.start_worker("bulk", 1, app=UNPROVEN, wait=False)

    assert worker.wait() in (70, 1)  # Celery may notice first
    assert quoted("A model cannot be used", "this child cannot use the model") in worker.log.read_text()


def test_an_unexpected_error_is_found_by_its_request_id(api: Cluster) -> None:
    job_id = api.submit(["好"])
    api.redis.hset(JobKeys.of(job_id).job, "state", "odd")

    answer = api.http.get(f"/api/v1/jobs/{job_id}")

    assert (answer.status_code, answer.json()["code"]) == (500, quoted("Many requests fail", "internal_error"))
    lines = [json.loads(line) for line in api.processes[0].log.read_text().splitlines() if line.startswith("{")]
    told = {line["event"]: line for line in lines if line.get("request_id") == answer.json()["request_id"]}
    assert "Traceback" in told[quoted("Many requests fail", "unexpected error")]["exception"]
    api.redis.hset(JobKeys.of(job_id).job, "state", "queued")


def test_keys_that_redis_forgot(locked: Cluster) -> None:
    entry = "Every request gets 401"
    _, token = KeyStore(locked.redis).create("a client", [Scope.READ])
    headers = {"Authorization": f"Bearer {token}"}
    assert locked.http.get("/api/v1/jobs", headers=headers).status_code == 200

    locked.redis.flushall()

    assert quoted(entry, "The API key is missing") in locked.http.get("/api/v1/jobs").json()["detail"]
    refused = locked.http.get("/api/v1/jobs", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, quoted(entry, "not_authorised"))
    assert quoted(entry, "is not valid; it may have been revoked") in refused.json()["detail"]
    assert admin(locked.redis_server, "keys", "list").stdout == ""
    made = admin(locked.redis_server, "keys", "create", "a client").stdout.strip()
    assert locked.http.get("/api/v1/jobs", headers={"Authorization": f"Bearer {made}"}).status_code == 200


def test_a_child_that_is_killed(api: Cluster) -> None:
    port = free_port()
    worker = api.start_worker("bulk", 1, app=BROKEN, SENTIQ_METRICS_PORT=str(port))
    job = api.wait_ended(api.submit([*sentences(100), "这条【崩溃】"]))

    assert job["counts"] == {"total": 101, "completed": 100, "failed": 1, "without_text": 0}
    log = worker.log.read_text()
    assert quoted("Work is lost and done again", "released the work of a lost task") in log
    assert quoted("Memory runs out", "exited with 'signal 9 (SIGKILL)'") in log
    assert f'"job_id": "{job["id"]}"' in next(
        line
        for line in log.splitlines()
        if quoted("A text kills its child", "looking for the text that kills its child") in line
    )
    failed = api.http.get(f"/api/v1/jobs/{job['id']}/results?only=failed&include=text").json()["data"]
    assert [(row["text"], row["error"]["code"]) for row in failed] == [
        ("这条【崩溃】", quoted("A text kills its child", "killed_worker"))
    ]

    def metrics_told() -> str:
        return run("curl", "-sS", f"http://127.0.0.1:{port}/metrics").stdout

    wait_until(lambda: 'sentiq_poison_rows_total{lane="bulk"} 1.0' in metrics_told())
    metrics = metrics_told()
    assert 'sentiq_recoveries_total{lane="bulk",reason="child_lost"}' in metrics
    for name in ("worker_memory_bytes", "child_unique_bytes_max", "host_memory_available_bytes"):
        assert f"\nsentiq_{name} " in metrics


def test_what_redis_tells_of_its_memory(api: Cluster) -> None:
    job_id = api.submit(["好"])

    told = redis_cli(api.redis_server, "info", "memory")
    assert all(f"{name}:" in told for name in ("used_memory_human", "maxmemory_human", "total_system_memory_human"))
    before = int(redis_cli(api.redis_server, "zcard", "sentiq:jobs"))
    assert f"sentiq:{{{job_id}}}" in redis_cli(api.redis_server, "--scan")
    assert api.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    assert int(redis_cli(api.redis_server, "zcard", "sentiq:jobs")) == before - 1


@pytest.mark.parametrize("module", ["celery", "gunicorn"])
def test_packages_are_missing(module: str) -> None:
    without_packages = run(sys.executable, "-S", "-m", module)

    assert without_packages.returncode == 1
    assert quoted("Packages are missing", f"No module named {module}") in without_packages.stderr


def test_a_python_that_is_too_old(tmp_path: Path) -> None:
    stamp = tmp_path / "venv" / ".installed"

    made = run("make", f"VENV={stamp.parent}", "PYTHON=false", stamp)

    assert made.returncode == 2
    assert quoted("Packages are missing", "sentiq needs Python 3.11 or newer") in made.stderr


def test_an_inference_library_that_cannot_be_imported(empty_cluster: Cluster) -> None:
    (empty_cluster.directory / "openvino.py").write_text("raise ImportError('libopenvino.so: cannot open it')")
    path = os.pathsep.join([str(empty_cluster.directory), str(REPOSITORY)])

    worker = empty_cluster.start_worker("bulk", wait=False, PYTHONPATH=path)

    assert worker.wait() == 78
    assert quoted("Packages are missing", "its library cannot be imported") in worker.log.read_text()


def test_a_port_that_is_taken(empty_cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", empty_cluster.port)):
        second = empty_cluster.start_api(wait=False)
        assert second.wait() == 1

    in_use = quoted("A port is taken", "Connection in use: ('127.0.0.1', 8000)")
    assert second.log.read_text().count(in_use.replace("8000", str(empty_cluster.port))) == 5


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({"SENTIQ_MODEL": "no-such-model"}, "no model '…'", marks=pytest.mark.full),
        ({"SENTIQ_MODEL": "damaged"}, "is damaged (its checksum is not the manifest's)"),
        pytest.param({"SENTIQ_MODEL": "incomplete"}, "no readable", marks=pytest.mark.full),
        pytest.param({"SENTIQ_BACKEND": "onnx"}, "has no files for", marks=pytest.mark.full),
    ],
)
def test_models_that_cannot_be_used(empty_cluster: Cluster, settings: dict[str, str], reason: str) -> None:
    (copy_model(empty_cluster.directory, "damaged") / "model.bin").write_bytes(b"cut")
    (copy_model(empty_cluster.directory, "incomplete") / "model.bin").unlink()
    settings |= {"SENTIQ_MODEL_ROOT": str(empty_cluster.directory)}

    empty_cluster.env |= settings

    worker = empty_cluster.start_worker("bulk", wait=False)

    assert worker.wait() == 78
    assert quoted("A model cannot be used", "the model cannot be used") in worker.log.read_text()
    assert quoted("A model cannot be used", reason).replace("…", "no-such-model") in worker.log.read_text()


def test_settings_that_are_wrong(tmp_path: Path) -> None:
    for command in (
        ["-m", "sentiq.admin", "models"],
        ["-m", "sentiq.webhooks"],
        ["-m", "celery", "-A", "worker.app", "report"],
    ):
        ended = run(sys.executable, *command, SENTIQ_PROT="1")
        assert ended.returncode == 78
        told = ended.stderr + ended.stdout
        assert quoted("A setting is wrong", "the settings are wrong") in told
        assert quoted("A setting is wrong", "no such setting") in told


def test_a_redis_that_forgets(tmp_path: Path) -> None:
    entry = "Redis forgets"
    with Cluster(tmp_path, RedisServer(tmp_path, {"--appendonly": "no"})) as cluster:
        cluster.start(interactive=0, bulk=0)
        server, job_id = cluster.redis_server, cluster.submit(["好"])
        assert "no" in redis_cli(server, "config", "get", "appendonly").split()

        server.stop()
        server.start()
        assert cluster.job(job_id)["code"] == quoted(entry, "job_not_found")

        job_id = cluster.submit(["好"])
        assert "OK" in redis_cli(server, *quoted(entry, "config set appendonly yes").split())
        wait_until(lambda: "aof_rewrite_in_progress:0" in redis_cli(server, "info", "persistence"))
        assert quoted(entry, "aof_last_write_status:ok") in redis_cli(server, "info", "persistence")
        server.stop(kill=True)

    mended = RedisServer(tmp_path)
    mended.start()
    try:
        assert quoted(entry, "noeviction") in redis_cli(mended, "config", "get", "maxmemory-policy")
        with connect(mended.settings.redis_address) as redis:
            assert redis.exists(JobKeys.of(job_id).job), "what came after the setting was changed is there"
    finally:
        mended.stop()


@pytest.mark.skipif(not has_tls(), reason="this redis-server was built without TLS")
def test_a_certificate_that_is_refused(tmp_path: Path) -> None:
    ca, another = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    another.cert_pem.write_to_path(tmp_path / "another.pem")
    certificate = ca.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "redis.pem")
    options = {
        "--tls-cert-file": str(tmp_path / "redis.pem"),
        "--tls-key-file": str(tmp_path / "redis.pem"),
        "--tls-auth-clients": "no",
    }
    server = RedisServer(tmp_path, options, tls=True)
    url = f"rediss://127.0.0.1:{server.port}/0"
    server.reached_by = {"redis_url": url, "redis_ca_file": str(tmp_path / "ca.pem")}
    with Cluster(tmp_path, server) as cluster:
        server.start()
        worker = cluster.start_worker(
            "bulk", 1, wait=False, SENTIQ_REDIS_CA_FILE=str(tmp_path / "another.pem"), SENTIQ_REDIS_URL=url
        )
        said(worker, quoted("The certificate of Redis is refused", "certificate verify failed"))


def test_a_job_that_is_held(api: Cluster) -> None:
    entry = "A job does not move"
    bulk = [f"第{number}条，很好" for number in range(100)]
    paused = api.submit(bulk)
    api.http.post(f"/api/v1/jobs/{paused}/pause").raise_for_status()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    scheduled = api.submit(bulk, start_at=tomorrow.isoformat())
    queued = api.submit(bulk)

    states = [api.job(job_id)["state"] for job_id in (paused, scheduled, queued)]

    assert states == [quoted(entry, f"`{state}`").strip("`") for state in ("paused", "scheduled", "queued")]
    assert api.job(queued)[quoted(entry, "queue_position")] is not None
    api.http.post(f"/api/v1/jobs/{paused}/resume").raise_for_status()
    assert api.job(paused)["state"] == "queued"


def test_webhooks_without_a_deliverer(api: Cluster) -> None:
    due = quoted("Webhooks do not arrive", "zcard sentiq:webhooks:due").split()
    receiver = Receiver()
    try:
        heard = api.http.post("/api/v1/webhooks", json={"url": receiver.url}).json()["id"]
        nowhere = f"http://127.0.0.1:{free_port()}/"
        unheard = api.http.post("/api/v1/webhooks", json={"url": nowhere}).json()["id"]
        for webhook in (heard, unheard):
            job_id = api.submit(["好"], webhook=webhook)
            api.http.post(f"/api/v1/jobs/{job_id}/cancel").raise_for_status()
        assert int(redis_cli(api.redis_server, *due)) == 2

        api.processes.append(Process("webhooks", [sys.executable, "-m", "sentiq.webhooks"], api.env, api.directory))

        wait_until(lambda: int(redis_cli(api.redis_server, *due)) == 0, message="a deliverer sends what was missed")
        wait_until(lambda: len(receiver.got) == 1)
        tries = f"/api/v1/webhooks/{unheard}/deliveries"
        wait_until(lambda: api.http.get(tries).json()["data"])
        (tried,) = api.http.get(tries).json()["data"]
        assert tried["error"]
        assert tried["next_at"]
    finally:
        receiver.close()
