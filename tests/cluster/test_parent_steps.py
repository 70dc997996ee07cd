"""The steps of a real parent, and its real children: private names of Celery and billiard mean what we take them for.

Those names are in worker/parent/children.py, written for billiard 4.3.
"""

from __future__ import annotations

import signal
from collections import defaultdict
from importlib.metadata import version
from typing import Any

import pytest
from celery import Celery

from tests.support.cluster import Cluster
from tests.support.processes import Process, free_port, wait_until
from tests.support.programs import INSPECTED
from worker.app import app

pytestmark = pytest.mark.cluster

STEPS = {step.__name__ for step in app.steps["worker"] | app.steps["consumer"]}
SLOW = [f"【迟缓】{n}" for n in range(2)]  #: 5 s each in the engine of the app


def start(cluster: Cluster, **env: Any) -> Process:
    return cluster.start_worker("interactive", app=INSPECTED, STEPS_LOG=str(cluster.directory / "steps"), **env)


def ask(cluster: Cluster, command: str, *, timeout_s: float = 60.0, **arguments: Any) -> Any:
    """The worker's answer, or None; by a new connection, as Redis may have been restarted."""
    with Celery(broker=cluster.redis_server.url) as celery, celery.connection_for_write() as connection:
        answers = celery.control.broadcast(
            command, arguments=arguments, reply=True, limit=1, timeout=timeout_s, connection=connection
        )
    return next((value for answer in answers for value in answer.values()), None)


def events(cluster: Cluster) -> dict[str, dict[str, list[float]]]:
    """When each step ticked and stopped."""
    found: dict[str, dict[str, list[float]]] = {"tick": defaultdict(list), "stop": defaultdict(list)}
    for line in (cluster.directory / "steps").read_text().splitlines():
        what, step, at_s = line.split()
        found[what][step].append(float(at_s))
    return found


def test_each_step_has_one_timer_also_after_a_reconnect(empty_cluster: Cluster) -> None:
    empty_cluster.start(interactive=0, bulk=0)
    worker = start(empty_cluster, SENTIQ_DEGRADE_ABOVE_S="60", SENTIQ_METRICS_PORT=str(free_port()))
    expected = dict.fromkeys(STEPS, 1)
    assert ask(empty_cluster, "live_timers") == expected

    for times in (1, 2):
        empty_cluster.redis_server.stop(kill=True)
        wait_until(lambda times=times: worker.log.read_text().count("Connection to broker lost") == times)  # type: ignore[misc]
        empty_cluster.redis_server.start()
        wait_until(lambda times=times: worker.log.read_text().count("Connected to redis") == times + 1)  # type: ignore[misc]
        wait_until(lambda: ask(empty_cluster, "live_timers", timeout_s=2), message="it listens again")
        assert ask(empty_cluster, "live_timers") == expected


@pytest.mark.parametrize(
    ("by", "status"),
    [(signal.SIGTERM, 0), (signal.SIGINT, 1)],
    ids=["by our stop", "by Celery's, which waits for tasks"],
)
def test_nothing_ticks_after_its_step_has_stopped(api: Cluster, by: signal.Signals, status: int) -> None:
    port = str(free_port())
    worker = start(api, SENTIQ_DEGRADE_ABOVE_S="60", SENTIQ_STOP_GRACE_S="1", SENTIQ_METRICS_PORT=port)
    wait_until(lambda: set(events(api)["tick"]) == STEPS, message="each step has ticked")
    api.submit(SLOW)
    wait_until(lambda: any(worker.busy for worker in api.live()))

    worker.popen.send_signal(by)  # while its pool drains, Celery fires the timers that are left
    assert worker.wait() == status

    seen = events(api)
    assert set(seen["stop"]) == STEPS
    for step, ticks in seen["tick"].items():
        assert ticks[-1] <= seen["stop"][step][0], f"{step} ticks after its stop"


def test_a_real_pool_answers_what_children_ask(api: Cluster) -> None:
    assert version("billiard").startswith("4.3."), "read worker/parent/children.py beside the new version"
    worker = start(api)
    before = ask(api, "pool_children")
    pids = sorted(child.pid for child in worker.children())
    assert before == {
        "count": 2, "wanted": 2, "warm": 2, "all_warm": True, "settled": True, "pids": pids, "idle": pids,
    }  # fmt: skip

    answered = api.directory / "answered"
    api.submit([f"【等待】{answered}"])
    wait_until(lambda: len(ask(api, "pool_children")["idle"]) == 1, message="one child has a task")
    (idle,) = ask(api, "pool_children")["idle"]

    retiring = ask(api, "pool_retire_one")
    assert (retiring["wanted"], retiring["idle"]) == (2, [])
    wait_until(lambda: idle not in ask(api, "pool_children")["pids"], message="it ends")
    wait_until(lambda: ask(api, "pool_children")["settled"], message="another takes its place")
    after = ask(api, "pool_children")
    assert len(set(after["pids"]) & set(pids)) == 1, "the busy one stays"

    grown = ask(api, "pool_grow_by", count=1)
    assert (grown["wanted"], grown["all_warm"], grown["settled"]) == (3, False, False)
    wait_until(lambda: ask(api, "pool_children")["all_warm"])
    assert ask(api, "pool_children")["count"] == 3

    shrunk = ask(api, "pool_shrink_idle", count=9)
    assert shrunk["wanted"] == 1, "the busy one stays"
    wait_until(lambda: ask(api, "pool_children")["settled"])
    assert set(ask(api, "pool_children")["pids"]) < set(pids)
    answered.touch()
