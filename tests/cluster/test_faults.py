"""Whatever dies, every accepted row is answered exactly once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from celery import Celery

from sentiq.core import redis_keys
from sentiq.jobs.lanes import BulkLane
from sentiq.jobs.store import ISSUE_LEASE_MS
from sentiq.jobs.types import Lane
from tests.support.cluster import LASTING_ROWS, Cluster, check_all_answered, waiting_cluster
from tests.support.jobs import let_leases_pass, send_in_vain
from tests.support.processes import Process, wait_until
from tests.support.programs import BROKEN, HANGING, SLOW_CHILDREN
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("breaking"), SENTIQ_TASK_TIME_LIMIT_S="5") as cluster:
        cluster.app = BROKEN
        cluster.start()
        yield cluster


@pytest.fixture
def broken_cluster(breaking: Cluster) -> Cluster:
    """A cluster whose engine breaks on marked texts, without the jobs and the cached answers of other tests."""
    breaking.clear()
    breaking.redis.delete(redis_keys.CACHE_CURRENT, redis_keys.CACHE_PREVIOUS)
    return breaking


def moved_on(cluster: Cluster, job_id: str, done: int) -> bool:
    completed: int = cluster.job(job_id)["counts"]["completed"]
    return completed > done


def supervised_progress(cluster: Cluster, job_id: str, done: int) -> bool:
    cluster.restart_dead_workers()
    return moved_on(cluster, job_id, done)


def replaced(worker: Process, before: list[psutil.Process]) -> Callable[[], bool]:
    """A condition: the worker has as many children as before, and not the same."""
    pids = {child.pid for child in before}
    return lambda: len(now := {child.pid for child in worker.children()}) == len(pids) and now != pids


def test_a_worker_started_before_redis_serves_once_redis_is_there(empty_cluster: Cluster) -> None:
    workers = [empty_cluster.start_worker(lane, wait=False) for lane in ("interactive", "bulk")]
    wait_until(lambda: all("Cannot connect" in w.log.read_text() for w in workers))

    empty_cluster.redis_server.start()
    empty_cluster.start_api()
    empty_cluster.wait_workers(2)

    check_all_answered(empty_cluster, empty_cluster.submit(sentences(2_000)), 2_000)


def test_a_killed_child_is_replaced_and_its_chunk_answered(lasting_api: Cluster) -> None:
    lasting_api.start_workers(interactive=0, bulk=2)
    worker = lasting_api.processes[-1]
    job_id = lasting_api.submit(sentences(2 * LASTING_ROWS))
    wait_until(lambda: lasting_api.job(job_id)["counts"]["completed"] > 0)

    for _ in range(5):
        before = worker.children()
        wait_until(lambda: any(w.busy for w in lasting_api.live() if w.lane == "bulk"))
        before[0].kill()
        wait_until(replaced(worker, before))
        wait_until(lambda: any(w.children == 2 for w in lasting_api.live() if w.lane == "bulk"))

    check_all_answered(lasting_api, job_id, 2 * LASTING_ROWS)


def test_a_killed_worker_is_survived_by_another(lasting_api: Cluster) -> None:
    lasting_api.start_workers(interactive=1, bulk=1)
    doomed = [
        lasting_api.start_worker("bulk", name="doomed-bulk"),
        lasting_api.start_worker("interactive", name="doomed-interactive"),
    ]
    bulk_id = lasting_api.submit_lasting()
    wait_until(lambda: lasting_api.job(bulk_id)["counts"]["completed"] > 0)
    small_ids = [lasting_api.submit(sentences(6, seed)) for seed in range(20)]

    for worker in doomed:
        worker.kill()

    check_all_answered(lasting_api, bulk_id, LASTING_ROWS)
    for job_id in small_ids:
        check_all_answered(lasting_api, job_id, 6)


def test_redis_killed_and_restarted_under_load(tmp_path: Path) -> None:
    with waiting_cluster(tmp_path) as cluster:
        cluster.start()
        job_id = cluster.submit_lasting()
        for _ in range(2):
            done = cluster.job(job_id)["counts"]["completed"]
            wait_until(partial(supervised_progress, cluster, job_id, done))
            cluster.redis_server.stop(kill=True)
            response = cluster.http.get(f"/api/v1/jobs/{job_id}")
            assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
            cluster.redis_server.start()

        cluster.supervise(job_id)
        check_all_answered(cluster, job_id, LASTING_ROWS)
        assert cluster.http.post("/analyze", json={"text": "恢复了，很好"}).status_code == 200


def test_a_worker_with_one_child_at_work_and_one_idle_outlives_redis(tmp_path: Path) -> None:
    with waiting_cluster(tmp_path) as cluster:
        cluster.redis_server.start()
        cluster.start_api()
        worker = cluster.start_worker("interactive", 2)

        def is_waiting_beside_its_work() -> bool:
            is_asking = any(client["cmd"] == "brpop" for client in cluster.redis.client_list())
            return is_asking and any(live.busy for live in cluster.live())

        for times in (1, 2):  # the second time over a connection that replaced another
            answered = tmp_path / f"answered {times}"
            job_id = cluster.submit([f"【等待】{answered}"])
            wait_until(is_waiting_beside_its_work)
            cluster.redis_server.stop(kill=True)
            wait_until(lambda times=times: worker.log.read_text().count("Connection to broker lost") == times)  # type: ignore[misc]
            answered.touch()
            cluster.redis_server.start()
            check_all_answered(cluster, job_id, 1)

        assert worker.popen.poll() is None


def test_a_stopped_worker_ends_its_chunk_and_leaves_the_rest(lasting_api: Cluster) -> None:
    lasting_api.start_workers(interactive=0, bulk=2)
    first = lasting_api.processes[-1]
    job_id = lasting_api.submit_lasting()
    wait_until(lambda: lasting_api.job(job_id)["counts"]["completed"] > 0)

    assert first.stop() == 0

    assert lasting_api.live() == []
    left = lasting_api.job(job_id)
    assert left["state"] == "running"
    lasting_api.start_worker("bulk", name="second")
    check_all_answered(lasting_api, job_id, LASTING_ROWS)


def test_a_task_that_outlasts_the_grace_period_is_left_to_another_worker(api: Cluster) -> None:
    first = api.start_worker("interactive", app=BROKEN, SENTIQ_STOP_GRACE_S="1")
    job_id = api.submit(["好", "【挂起】", "坏"])
    wait_until(lambda: any(worker.busy for worker in api.live()))

    assert first.stop() == 0

    assert api.job(job_id)["state"] == "running"
    api.start_worker("interactive", name="second")  # its engine does not hang
    check_all_answered(api, job_id, 3)


def test_a_worker_that_fetches_nothing_while_messages_wait_ends_to_be_started_anew(api: Cluster) -> None:
    api.start_workers(interactive=0, bulk=2)
    worker = api.processes[-1]
    with Celery(broker=api.redis_server.url) as celery:
        assert celery.control.cancel_consumer("bulk", reply=True, limit=1, timeout=60)  # as if it had lost its consumer

    job_id = api.submit(sentences(2_000))

    assert worker.wait() == 75
    assert "starting anew" in worker.log.read_text()
    api.start_worker("bulk", name="second")
    check_all_answered(api, job_id, 2_000)


def test_a_worker_whose_children_load_for_long_is_not_started_anew_for_it(api: Cluster) -> None:
    job_id = api.submit(sentences(5_000))

    worker = api.start_worker("bulk", app=SLOW_CHILDREN, wait=False)

    check_all_answered(api, job_id, 5_000)
    assert worker.popen.poll() is None


def test_a_worker_whose_event_loop_hangs_says_where_and_ends(api: Cluster) -> None:
    worker = api.start_worker("bulk", app=HANGING, wait=False)

    assert worker.wait() == -signal.SIGALRM
    assert "in fire_timers" in worker.log.read_text()


def test_a_worker_that_hangs_while_it_ends_is_ended(api: Cluster) -> None:
    worker = api.start_worker("bulk", app=HANGING, HANG="end")

    worker.popen.terminate()

    assert worker.wait() == -signal.SIGALRM
    assert "hanging_loop.py" in worker.log.read_text(), "it says where"


def test_a_frozen_worker_goes_on_when_it_thaws(lasting_api: Cluster, tmp_path: Path) -> None:
    """It is frozen for no longer than the other needs: after 20 s without fetching it would rightly start anew."""
    frozen = lasting_api.start_worker("bulk", name="frozen")
    answered = tmp_path / "answered"
    job_id = lasting_api.submit([f"【等待】{answered}", *sentences(99)])
    wait_until(lambda: lasting_api.job(job_id)["counts"]["completed"] == 75, message="one chunk is in flight")
    other = lasting_api.start_worker("bulk", name="other")
    family = [frozen.ps, *frozen.children()]
    for process in family:
        process.suspend()

    wait_until(lambda: "gave out work again" in other.log.read_text(), message="what it held runs elsewhere")
    answered.touch()
    check_all_answered(lasting_api, job_id, 100)
    for process in family:
        process.resume()

    wait_until(lambda: len(lasting_api.live()) == 2)
    check_all_answered(lasting_api, lasting_api.submit(sentences(400, seed=1)), 400)
    check_all_answered(lasting_api, job_id, 100)


def test_messages_and_wakeups_that_vanish_are_sent_again(api: Cluster) -> None:
    bulk_id = api.submit(sentences(3_000))
    small_id = api.submit(sentences(3))
    assert api.redis.delete("bulk", "interactive") == 2
    api.redis.delete(redis_keys.WAKEUPS)

    api.start_worker("bulk", wait=False)
    api.start_worker("interactive", wait=False)

    check_all_answered(api, small_id, 3)
    check_all_answered(api, bulk_id, 3_000)


@pytest.mark.full
def test_the_last_of_many_messages_is_missed_though_the_next_is_far_away(api: Cluster) -> None:
    bulk_id = api.submit(sentences(3_000))
    send_in_vain(BulkLane(api.redis, api.settings), 9)
    let_leases_pass(api.redis, Lane.BULK, ISSUE_LEASE_MS)
    assert api.redis.delete("bulk") == 1

    api.start_worker("bulk", wait=False)

    check_all_answered(api, bulk_id, 3_000)


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_a_text_that_kills_its_child_fails_alone(broken_cluster: Cluster, lane: str) -> None:
    texts = sentences(40 if lane == "interactive" else 700)
    texts[17] = "这条文字【崩溃】"

    job = broken_cluster.wait_ended(broken_cluster.submit(texts))

    assert job["counts"] == {"total": len(texts), "completed": len(texts) - 1, "failed": 1, "without_text": 0}
    (failed,) = [row for row in broken_cluster.rows(job["id"]) if row["error"]]
    assert (failed["index"], failed["error"]["code"]) == (17, "killed_worker")
    assert broken_cluster.redis.hlen(redis_keys.CACHE_CURRENT) == len(texts) - 1  # the others need no second inference


def test_a_child_that_has_grown_is_replaced_after_its_task(api: Cluster) -> None:
    worker = api.start_worker("bulk", 1, app=BROKEN, SENTIQ_CHILD_MEMORY_MB="180")
    (child,) = worker.children()
    texts = sentences(3_000)
    check_all_answered(api, api.submit(texts), 3_000)
    assert worker.children() == [child]

    check_all_answered(api, api.submit([*texts, "【膨胀】"]), 3_001)

    while not replaced(worker, [child])():  # the test's time limit ends it
        check_all_answered(api, api.submit(sentences(100)), 100)
    assert "this child has grown" in worker.log.read_text()


def test_innocent_neighbours_in_a_batch_with_a_killer_succeed(broken_cluster: Cluster) -> None:
    ids = [broken_cluster.submit(["这条【崩溃】" if i == 5 else f"第{i}条，很好"]) for i in range(20)]

    failed = [broken_cluster.wait_ended(i)["counts"]["failed"] for i in ids]

    assert failed == [int(i == 5) for i in range(20)]


def test_a_text_that_raises_fails_alone(broken_cluster: Cluster) -> None:
    texts = sentences(300)
    texts[100] = "这条【异常】"

    job = broken_cluster.wait_ended(broken_cluster.submit(texts))

    assert job["counts"] == {"total": 300, "completed": 299, "failed": 1, "without_text": 0}
    (failed,) = [row for row in broken_cluster.rows(job["id"]) if row["error"]]
    assert (failed["index"], failed["error"]["code"]) == (100, "inference_failed")
    assert broken_cluster.redis.hlen(redis_keys.CACHE_CURRENT) == 299  # it may succeed another time


def test_a_text_that_hangs_is_given_up_after_the_time_limit(broken_cluster: Cluster) -> None:
    job = broken_cluster.wait_ended(broken_cluster.submit(["好", "【挂起】", "坏"]))

    assert [row["error"] and row["error"]["code"] for row in broken_cluster.rows(job["id"])] == [
        None,
        "killed_worker",
        None,
    ]


def test_a_model_that_cannot_be_used_stops_the_start_with_the_remedy(api: Cluster) -> None:
    worker = api.start_worker("bulk", wait=False, SENTIQ_MODEL="no-such-model")

    assert worker.wait() == 78
    assert "no-such-model" in worker.log.read_text()
    assert "prepare it" in worker.log.read_text()


def test_a_bad_setting_stops_the_start_with_its_name(empty_cluster: Cluster) -> None:
    worker = empty_cluster.start_worker("bulk", wait=False, SENTIQ_LEASE_S="-1")

    assert worker.wait() == 78
    assert "SENTIQ_LEASE_S" in worker.log.read_text()
