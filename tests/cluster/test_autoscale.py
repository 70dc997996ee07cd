"""A worker with --autoscale grows with the load and shrinks after it, and no row is lost or repeated meanwhile."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from celery import Celery

from tests.support.admin import admin
from tests.support.cluster import Cluster, check_all_answered
from tests.support.models import copy_model
from tests.support.processes import Process, wait_until
from tests.support.programs import BROKEN
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

KEEPALIVE_S = 2.0
CHUNK_TEXTS = 25  #: half a second of the slow model, on whatever machine: a load lasts until a worker has grown
LOST = "released the work of a lost task"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Redis and an API. Workers have more children than this machine has cores, and quiet times are short."""
    directory = tmp_path_factory.mktemp("api")
    for model in ("slow", "slow-too"):
        copy_model(directory / "models", model)
    with Cluster(
        directory,
        SENTIQ_MODEL_ROOT=str(directory / "models"),
        SENTIQ_MODEL="slow",
        SENTIQ_CHUNK_TEXTS=str(CHUNK_TEXTS),
        SENTIQ_SCALE_KEEPALIVE_S=str(KEEPALIVE_S),
        SENTIQ_SCALE_CPU_SHARE="1",
    ) as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


@pytest.fixture
def empty_cluster(api: Cluster) -> Iterator[Cluster]:
    """No worker is started yet, and nothing is stored."""
    yield api
    while len(api.processes) > 1:
        worker = api.processes.pop()
        worker.kill()
        worker.log.unlink()
    api.redis.flushall()


def start(cluster: Cluster, lane: str, autoscale: str, **options: Any) -> Process:
    return cluster.start_worker(lane, autoscale=autoscale, app=BROKEN, **options)


def lasting_texts(answered: Path, count: int, seed: int = 0) -> list[str]:
    """Texts of which each chunk stays at work until there is a file `answered`, however slowly a worker grows."""
    texts = sentences(count, seed)
    texts[::CHUNK_TEXTS] = [f"【等待】{answered}"] * len(texts[::CHUNK_TEXTS])
    return texts


def grown(worker: Process, count: int) -> None:
    wait_until(lambda: len(worker.children()) == count, message=f"{count} children")


@contextmanager
def small_jobs(cluster: Cluster) -> Iterator[list[str]]:
    """Clients that each have one small job waiting at a time, in all some five batches; gives the ids of the jobs."""
    ids: list[str] = []
    done = threading.Event()
    seeds = itertools.count()

    def post() -> None:
        with httpx.Client(base_url=cluster.url, timeout=100) as http:
            while not done.is_set():
                body = {"texts": sentences(CHUNK_TEXTS, next(seeds))}
                ids.append(http.post("/api/v1/jobs", json=body, headers={"Prefer": "wait=20"}).json()["id"])

    clients = [threading.Thread(target=post) for _ in range(16)]
    for client in clients:
        client.start()
    try:
        yield ids
    finally:
        done.set()
        for client in clients:
            client.join()


def test_a_bulk_worker_grows_with_a_job_and_shrinks_after_it(empty_cluster: Cluster, tmp_path: Path) -> None:
    worker = start(empty_cluster, "bulk", "4,1")
    assert len(worker.children()) == 1

    answered = tmp_path / "answered"
    job_id = empty_cluster.submit(lasting_texts(answered, 400))
    grown(worker, 4)
    answered.touch()

    check_all_answered(empty_cluster, job_id, 400)
    grown(worker, 1)
    assert LOST not in worker.log.read_text()


def test_an_interactive_worker_grows_from_one_child(empty_cluster: Cluster) -> None:
    worker = start(empty_cluster, "interactive", "3,1")
    with small_jobs(empty_cluster) as ids:
        grown(worker, 3)
        wait_until(lambda: any(w.busy == 3 for w in empty_cluster.live()), message="each child has work")
    for job_id in ids:
        check_all_answered(empty_cluster, job_id, CHUNK_TEXTS)
    grown(worker, 1)
    assert LOST not in worker.log.read_text()


def test_a_chunk_that_runs_while_its_worker_shrinks_is_not_lost(empty_cluster: Cluster, tmp_path: Path) -> None:
    worker = start(empty_cluster, "bulk", "4,1")
    answered = tmp_path / "answered"
    slow_id = empty_cluster.submit([f"【等待】{answered}", *sentences(100)], priority="high")
    grown_by = tmp_path / "grown"
    job_id = empty_cluster.submit(lasting_texts(grown_by, 600, seed=1))
    grown(worker, 4)
    grown_by.touch()

    empty_cluster.wait_ended(job_id)
    grown(worker, 1)

    assert empty_cluster.job(slow_id)["ended_at"] is None, "its child is the one that is left"
    answered.touch()
    check_all_answered(empty_cluster, slow_id, 101)
    assert LOST not in worker.log.read_text()


@pytest.mark.full
def test_load_that_comes_and_goes_costs_no_row(empty_cluster: Cluster, tmp_path: Path) -> None:
    worker = start(empty_cluster, "bulk", "4,1", SENTIQ_SCALE_KEEPALIVE_S="1")
    for seed in range(3):  # texts that were asked before need no child
        answered = tmp_path / f"answered-{seed}"
        job_id = empty_cluster.submit(lasting_texts(answered, 400, seed))
        wait_until(lambda: len(worker.children()) > 1)
        answered.touch()
        check_all_answered(empty_cluster, job_id, 400)
        grown(worker, 1)
    assert LOST not in worker.log.read_text()


def test_children_killed_during_growth_are_replaced(empty_cluster: Cluster, tmp_path: Path) -> None:
    worker = start(empty_cluster, "bulk", "4,1")
    (first,) = worker.children()
    answered = tmp_path / "answered"
    job_id = empty_cluster.submit(lasting_texts(answered, 800))

    killed: set[psutil.Process] = set()
    while len(killed) < 3:
        wait_until(lambda: set(worker.children()) - {first} - killed, message="another child")
        child = (set(worker.children()) - {first} - killed).pop()
        child.kill()
        killed.add(child)

    grown(worker, 4)
    answered.touch()
    check_all_answered(empty_cluster, job_id, 800)
    grown(worker, 1)


def test_a_worker_is_stopped_while_it_grows(empty_cluster: Cluster) -> None:
    worker = start(empty_cluster, "bulk", "4,1")
    job_id = empty_cluster.submit(sentences(800))
    wait_until(lambda: len(worker.children()) > 1)

    assert worker.stop() == 0

    start(empty_cluster, "bulk", "2,2", name="second")
    check_all_answered(empty_cluster, job_id, 800)


def test_two_workers_share_what_a_lane_asks_for(empty_cluster: Cluster, tmp_path: Path) -> None:
    workers = [start(empty_cluster, "bulk", "3,1", name=name) for name in ("one", "two")]
    answered = tmp_path / "answered"
    job_id = empty_cluster.submit(lasting_texts(answered, 800))
    for worker in workers:
        grown(worker, 3)
    answered.touch()
    check_all_answered(empty_cluster, job_id, 800)
    for worker in workers:
        grown(worker, 1)


def test_a_reserve_that_is_not_there_stops_growth_alone(empty_cluster: Cluster) -> None:
    reserve_mb = int(psutil.virtual_memory().total / 2**20 * 0.99)
    worker = start(empty_cluster, "bulk", "4,1", SENTIQ_SCALE_RESERVE_MB=str(reserve_mb))
    (child,) = worker.children()

    check_all_answered(empty_cluster, empty_cluster.submit(sentences(200)), 200)

    assert worker.children() == [child]


@pytest.mark.full
def test_a_model_is_switched_while_a_worker_scales(empty_cluster: Cluster) -> None:
    worker = start(empty_cluster, "bulk", "4,1")
    job_id = empty_cluster.submit(sentences(1_500))
    wait_until(lambda: len(worker.children()) > 1)

    switched = admin(empty_cluster, "activate", "slow-too")

    assert switched.returncode == 0, switched.stdout + switched.stderr
    check_all_answered(empty_cluster, job_id, 1_500)
    wait_until(lambda: [w.model for w in empty_cluster.live()] == ["slow-too"])
    grown(worker, 1)
    after_id = empty_cluster.submit(sentences(500, seed=1))
    wait_until(lambda: len(worker.children()) > 1, message="it goes on scaling")
    check_all_answered(empty_cluster, after_id, 500)
    assert {row["model"] for row in empty_cluster.rows(after_id, limit=100)} == {"slow-too@c0ffee"}
    assert LOST not in worker.log.read_text()


def test_bounds_are_changed_while_a_worker_runs(empty_cluster: Cluster, tmp_path: Path) -> None:
    worker = start(empty_cluster, "bulk", "2,1")
    with Celery(broker=empty_cluster.redis_server.url) as celery:
        assert celery.control.autoscale(3, 3, reply=True, limit=1, timeout=60)
        grown(worker, 3)
        answered = tmp_path / "answered"
        job_id = empty_cluster.submit(lasting_texts(answered, 400))
        wait_until(lambda: any(w.busy == 3 for w in empty_cluster.live()), message="all of them have work")
        answered.touch()
        check_all_answered(empty_cluster, job_id, 400)
        (refused,) = celery.control.autoscale(1, 2, reply=True, limit=1, timeout=60)
        assert "MIN <= MAX" in str(refused)
        assert celery.control.autoscale(1, 1, reply=True, limit=1, timeout=60)
        grown(worker, 1)


@pytest.mark.parametrize(
    ("autoscale", "reserve_mb", "told"),
    [("4", "512", "Write --autoscale=4,1"), ("4,1", str(2**30), "SENTIQ_SCALE_RESERVE_MB is")],
)
def test_bounds_that_cannot_work_stop_the_start(
    empty_cluster: Cluster, autoscale: str, reserve_mb: str, told: str
) -> None:
    worker = empty_cluster.start_worker("bulk", autoscale=autoscale, wait=False, SENTIQ_SCALE_RESERVE_MB=reserve_mb)
    assert worker.wait() == 78
    assert told in worker.log.read_text()
