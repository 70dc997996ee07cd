"""Flower as operators meet it: who gets in, what it tells of tasks, what it keeps, and what it never shows."""

from __future__ import annotations

import re
import shelve
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentiq.core import redis_keys
from sentiq.core.redis import text
from sentiq.core.redis_keys import LaneKeys
from sentiq.jobs.types import ChunkRef, Lane
from tests.support.cluster import Cluster
from tests.support.flower import LOGIN, Flower
from tests.support.paths import REPOSITORY
from tests.support.processes import free_port, wait_until
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster

SECRET = "机密七三一"


@pytest.fixture(scope="module")
def flower(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flower]:
    """One for all tests that do not stop it."""
    with Flower(cluster, tmp_path_factory.mktemp("flower")) as running:
        wait_until(lambda: _listens(cluster, running), message="Flower has seen a task")
        yield running


@pytest.fixture
def own_flower(cluster: Cluster, tmp_path: Path) -> Iterator[Flower]:
    with Flower(cluster, tmp_path) as running:
        wait_until(lambda: _listens(cluster, running), message="Flower has seen a task")
        yield running


def _listens(cluster: Cluster, flower: Flower) -> bool:
    """Events from before it listened are gone, so tasks are sent until it has seen one."""
    cluster.wait_ended(cluster.submit(["听见了吗"]))
    return bool(flower.ended("sentiq.drain"))


def _submit_small(cluster: Cluster, *texts: str) -> str:
    """Post a job that needs a task of its own, since no `drain` lingers for one."""
    wait_until(lambda: not cluster.redis.exists(redis_keys.WAKEUPS))
    return cluster.submit(list(texts))


@pytest.mark.parametrize("auth", [None, ("operator", "wrong"), ("somebody", LOGIN[1]), ("", "")])
def test_nobody_gets_in_without_the_login(flower: Flower, auth: tuple[str, str] | None) -> None:
    with httpx.Client(base_url=flower.http.base_url, auth=auth) as stranger:
        for path in ("/", "/workers", "/tasks", "/broker", "/api/tasks", "/api/workers", "/api/queues/length"):
            assert stranger.get(path).status_code == 401, path
        assert "Basic" in stranger.get("/").headers["WWW-Authenticate"]
        assert stranger.post("/api/worker/shutdown/interactive@somewhere").status_code == 401
    assert flower.http.get("/workers").status_code == 200
    assert LOGIN[1] not in flower.log


def test_an_operator_sees_which_chunk_of_which_job_ran_where(cluster: Cluster, flower: Flower) -> None:
    small, large = _submit_small(cluster, "味道不错", "太慢了"), cluster.submit(sentences(1_500))
    for job_id in (small, large):
        cluster.wait_ended(job_id)
    wait_until(lambda: any(small in task["args"] for task in flower.ended("sentiq.drain")))
    wait_until(lambda: sum(large in task["args"] for task in flower.ended("sentiq.classify_chunk")) >= 3)

    (wakeup,) = [task for task in flower.ended("sentiq.drain") if small in task["args"]]
    assert wakeup["args"] == f"rows=2 job={small}"
    assert "rows=2 chunks=1 batches=1" in wakeup["result"]
    assert wakeup["worker"].startswith("interactive@")
    chunks = {task["args"]: task for task in flower.ended("sentiq.classify_chunk") if large in task["args"]}
    rows = [512, 512, 476]
    assert set(chunks) == {f"chunk={number} rows={count} job={large}" for number, count in enumerate(rows)}
    for task in chunks.values():
        assert "attempt=1" in task["result"]
        assert task["worker"].startswith("bulk@")


def taken(cluster: Cluster) -> dict[int, str]:
    """The tasks that have a chunk of the only bulk job, by the chunk's number."""
    owners = cluster.redis.hgetall(LaneKeys.of(Lane.BULK).owners)
    return {ChunkRef.parse(text(chunk)).chunk_no: text(uuid) for chunk, uuid in owners.items()}


def test_a_crash_shows_as_another_attempt(cluster: Cluster, flower: Flower, tmp_path: Path) -> None:
    answered = tmp_path / "answered"
    job_id = cluster.submit([f"【等待】{answered}", *sentences(100)])
    wait_until(lambda: taken(cluster), message="a child is at work")
    worker = next(process for process in cluster.processes if process.name == "bulk")
    for child in worker.children():
        child.kill()
    answered.touch()
    cluster.wait_ended(job_id)

    wait_until(lambda: any("attempt=2" in task["result"] for task in flower.ended("sentiq.classify_chunk")))


def test_it_never_shows_a_text(cluster: Cluster, flower: Flower) -> None:
    jobs = [_submit_small(cluster, f"{SECRET}，很好"), cluster.submit([f"{SECRET}，第{i}条" for i in range(200)])]
    for job_id in jobs:
        cluster.wait_ended(job_id)
    wait_until(lambda: all(any(job_id in task["args"] for task in flower.tasks()) for job_id in jobs))

    pages = [flower.http.get(path).text for path in ("/tasks", "/workers", "/api/tasks", "/api/workers", "/metrics")]
    of_jobs = [task for task in flower.tasks() if any(job_id in task["args"] for job_id in jobs)]
    pages += [flower.http.get(f"/task/{task['uuid']}").text for task in of_jobs]
    columns = "&".join(f"columns[0][{part}]={value}" for part, value in (("data", "name"), ("name", "")))
    query = f"draw=1&start=0&length=1000&search[value]=&order[0][column]=0&order[0][dir]=desc&{columns}"
    pages.append(flower.http.get(f"/tasks/datatable?{query}").text)
    assert all(job_id in pages[-1] for job_id in jobs)
    for page in (*pages, flower.log):
        assert SECRET not in page
        assert SECRET.encode("unicode_escape").decode() not in page


def bulk_worker(cluster: Cluster) -> str:
    """Return the name of a live worker; on a busy machine one is not heard of for a moment."""
    names: list[str] = []

    def found() -> bool:
        names.extend(w.worker for w in cluster.live() if w.lane == "bulk")
        return bool(names)

    wait_until(found, message="a bulk worker is live")
    return names[0]


def test_it_only_looks_unless_asked(cluster: Cluster, flower: Flower, tmp_path: Path) -> None:
    worker = bulk_worker(cluster)
    grow = f"/api/worker/pool/grow/{worker}"
    assert flower.http.post(grow, params={"n": 1}).status_code == 403
    (tmp_path / "steering").mkdir()
    with Flower(cluster, tmp_path / "steering", flower_control="true") as steering:
        wait_until(lambda: worker in steering.http.get("/api/workers", params={"refresh": 1}).json())
        answer = steering.http.post("/api/task/timeout/sentiq.drain", params={"workername": "nobody", "hard": 1})
        assert answer.status_code == 404, "it was asked to do it, and there is no such worker"


def test_what_it_has_seen_survives_a_restart(cluster: Cluster, own_flower: Flower) -> None:
    job_id = _submit_small(cluster, "重启之后还在")
    cluster.wait_ended(job_id)
    wait_until(lambda: any(job_id in task["args"] for task in own_flower.ended("sentiq.drain")))

    own_flower.stop()
    own_flower.start()

    assert any(job_id in task["args"] for task in own_flower.ended("sentiq.drain"))


def test_it_ends_and_saves_what_it_knows_while_redis_is_away(empty_cluster: Cluster, tmp_path: Path) -> None:
    empty_cluster.start(interactive=1, bulk=0)
    with Flower(empty_cluster, tmp_path) as flower:
        wait_until(lambda: _listens(empty_cluster, flower))
        assert flower.http.get("/api/workers", params={"refresh": 1}).json(), "it keeps what it asked by"
        empty_cluster.redis_server.stop(kill=True)
        # By then it has tried to reach the workers by one of those, as it does every five seconds.
        wait_until(lambda: "trying again in 4 seconds" in flower.log, message="Flower has looked for Redis for a while")
        assert flower.process.stop() == 0
        empty_cluster.redis_server.start()
        flower.start()
        assert flower.ended("sentiq.drain")


def test_after_a_restart_only_what_still_runs_is_shown_as_running(
    cluster: Cluster, own_flower: Flower, tmp_path: Path
) -> None:
    """What ended meanwhile ended unseen: events are for those who listen. What still runs is still found."""
    first, second = tmp_path / "first", tmp_path / "second"
    job_id = cluster.submit([f"【等待】{first}", *sentences(511), f"【等待】{second}", *sentences(99)])

    def running() -> list[dict[str, Any]]:
        unfinished = (task for task in own_flower.tasks() if task["state"] in ("RECEIVED", "STARTED"))
        return [task for task in unfinished if job_id in task["args"]]

    def state(uuid: str) -> str:
        return str(own_flower.http.get(f"/api/task/info/{uuid}").json()["state"])

    wait_until(lambda: len(taken(cluster)) == 2, message="both children are at work")
    ended, runs = taken(cluster)[0], taken(cluster)[1]
    wait_until(lambda: {ended, runs} <= {task["uuid"] for task in running()}, message="Flower has seen both")
    own_flower.stop()
    first.touch()
    wait_until(lambda: cluster.job(job_id)["counts"]["completed"] == 512, message="one of them ends")
    with shelve.open(str(tmp_path / "flower.db")) as saved:  # noqa: S301 -- of the Flower above
        saved_states = {uuid: saved["events"].tasks[uuid].state for uuid in (ended, runs)}
    assert set(saved_states.values()) <= {"RECEIVED", "STARTED"}, "both seem to run"
    own_flower.start()

    wait_until(lambda: [task["uuid"] for task in running()] == [runs])
    assert state(ended) == "UNKNOWN"
    second.touch()
    cluster.wait_ended(job_id)
    wait_until(lambda: state(runs) == "SUCCESS")


def test_the_queues_of_both_lanes_are_listed_whoever_is_there(empty_cluster: Cluster, tmp_path: Path) -> None:
    """Also before any worker has started; the messages of all priorities count."""
    empty_cluster.redis_server.start()
    for key, messages in (("interactive", 1), ("bulk", 1), ("bulk\x06\x163", 2), ("bulk\x06\x169", 4)):
        empty_cluster.redis.rpush(key, *["{}"] * messages)

    with Flower(empty_cluster, tmp_path) as flower:
        lengths = flower.http.get("/api/queues/length").json()["active_queues"]
        page = flower.http.get("/broker").text
        empty_cluster.redis.flushall()
        emptied = flower.http.get("/api/queues/length").json()["active_queues"]

    assert {queue["name"]: queue["messages"] for queue in lengths} == {"interactive": 1, "bulk": 7}
    shown = re.findall(r"<td[^>]*>\s*(.*?)\s*</td>", page, re.DOTALL)
    assert (shown[0::6], shown[3::6]) == (["interactive", "bulk"], ["1", "7"]), "name, and how many are ready"
    assert {queue["name"]: queue["messages"] for queue in emptied} == {"interactive": 0, "bulk": 0}


def test_it_keeps_no_more_tasks_than_it_may(cluster: Cluster, tmp_path: Path) -> None:
    with Flower(cluster, tmp_path, "--max-tasks=20") as flower:
        wait_until(lambda: _listens(cluster, flower))
        job_ids = []
        for _ in range(40):
            job_ids.append(_submit_small(cluster, "一条"))
            cluster.wait_ended(job_ids[-1])
        wait_until(lambda: any(job_ids[-1] in task["args"] for task in flower.tasks()))

        kept = flower.tasks()
        assert len(kept) == 20
        assert not any(job_ids[0] in task["args"] for task in kept)


def test_an_open_flower_off_the_loopback_does_not_start(cluster: Cluster) -> None:
    command = [sys.executable, "-m", "celery", "-A", "deploy.flower.app", "flower"]
    environment = cluster.env | {"SENTIQ_FLOWER_HOST": "0.0.0.0", "SENTIQ_FLOWER_PORT": str(free_port())}
    ended = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (ended.returncode, "SENTIQ_FLOWER_LOGIN" in ended.stderr) == (78, True)
