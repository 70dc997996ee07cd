"""What a process tells of an unexpected error: where it was, not what its variables held, for texts are among them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sentiq.webhooks.store import TEST_EVENT, Delivery, WebhookStore
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, free_port, wait_until
from tests.support.programs import RAISING
from tests.support.programs.raising import TEXT, WORDS

pytestmark = pytest.mark.cluster

GUNICORN = ("gunicorn", "-c", "api/gunicorn.conf.py", "api.wsgi:app")
WORKER = ("worker", "-Q", "interactive", "-c", "1", "--without-gossip")
FLOWER = ("celery", "-A", "deploy.flower.app", "flower", "--conf=deploy/flower/flowerconfig.py")


def start(cluster: Cluster, name: str, place: str, *command: str, **env: str) -> Process:
    return cluster._start(name, [sys.executable, "-m", RAISING, *place.split(), "--", *command], env)


def told(process: Process) -> bool:
    return WORDS in process.log.read_text()


@pytest.mark.parametrize("log_format", ["json", pytest.param("text", marks=pytest.mark.full)])
def test_no_process_logs_its_variables(tmp_path: Path, log_format: str) -> None:
    own = {"PYTHONPATH": str(REPOSITORY / "client/src")}
    flower_port, front_port = free_port(), str(free_port())
    with Cluster(tmp_path, SENTIQ_METRICS_PORT="0", SENTIQ_LOG_FORMAT=log_format, SENTIQ_LOG_LEVEL="DEBUG") as cluster:
        cluster.redis_server.start()
        webhooks = WebhookStore(cluster.redis)
        hook = webhooks.create("http://127.0.0.1:1/", "", (TEST_EVENT,))
        webhooks.enqueue(Delivery("msg_1", hook.id, TEST_EVENT, "{}", 0))
        api = start(cluster, "api", "sentiq.jobs.results:Results.pace", *GUNICORN)
        worker = start(
            cluster, "worker", "sentiq.jobs.lanes:InteractiveLane.take worker.parent.sweeper:sweep_schedule", *WORKER
        )
        flower_env = {"SENTIQ_FLOWER_PORT": str(flower_port)}
        flower = start(cluster, "flower", "flower.views.workers:WorkersView.get", *FLOWER, **flower_env)
        front = start(
            cluster, "front", "api.http.gunicorn_worker:Worker.handle_request", *GUNICORN, SENTIQ_PORT=front_port
        )
        others = [
            start(cluster, "deliverer", "sentiq.webhooks.deliverer:Deliverer.step", "sentiq.webhooks"),
            start(cluster, "delivery", "sentiq.webhooks.deliverer:Deliverer._deliver", "sentiq.webhooks"),
            start(
                cluster,
                "scaler",
                "worker.host_resources:Host.__init__",
                "deploy.compose.scaler",
                "--max=2",
                "--compose=no",
            ),
            start(cluster, "admin", "sentiq.jobs.workers:live_workers", "sentiq.admin", "models"),
            start(cluster, "run", "sentiq.core.settings:current", "deploy.local.run"),
            start(cluster, "client", "sentiq_client.client:Client.__init__", "sentiq_client", "analyze", TEXT, **own),
            start(
                cluster,
                "metrics",
                "worker.host_resources:Host.__init__",
                "worker.parent.metrics_server",
                *metrics_arguments(tmp_path),
            ),
        ]

        wait_until(lambda: answers(cluster, "/livez") and cluster.live())
        job_id = cluster.submit([TEXT])
        assert answers(cluster, f"/api/v1/jobs/{job_id}/throughput") == 500
        wait_until(lambda: answers(cluster, f"http://127.0.0.1:{flower_port}/workers") == 500)
        wait_until(lambda: answers(cluster, f"http://127.0.0.1:{front_port}/livez") == 500)
        for process in (api, worker, flower, front, *others):
            wait_until(lambda process=process: told(process), message=process.name)  # type: ignore[misc]
        wait_until(lambda: "in _sweep_jobs" in worker.log.read_text(), message="the parent raises")
        wait_until(lambda: "in drain" in worker.log.read_text(), message="the child raises")
        logs = {process.name: process.log.read_text() for process in cluster.processes}

    assert [name for name, log in logs.items() if TEXT in log or repr(TEXT.encode())[2:-1] in log] == []


def metrics_arguments(directory: Path) -> list[str]:
    return [str(os.getpid()), str(directory), "0", "127.0.0.1", "0"]


def answers(cluster: Cluster, url: str) -> int:
    return cluster._get_status(url)
