"""Whatever happens to the network or to a host, every accepted text is answered once, and soon."""

from __future__ import annotations

import os
import time
from functools import partial
from itertools import combinations, product

import pytest

from sentiq.engine import Engine
from sentiq.jobs.types import ChunkRef, Lane
from tests.hosts.cluster import LEASE_S, SERVERS, WORKER_HOSTS, HostedCluster
from tests.hosts.load import PATIENCE_S, Load
from tests.hosts.network import CUT, Fault
from tests.hosts.recovery import REPEATS, note
from tests.support.processes import wait_until

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.timeout(900),
    pytest.mark.parametrize("repeat", range(REPEATS)),
]

#: Whether no other tests run beside (`make hosts`). Beside others all is answered in time, but nobody promises when.
ALONE = "PYTEST_XDIST_WORKER" not in os.environ

PROMISED_S = LEASE_S + 2.0  #: the longest wait of a text on a machine that keeps nobody waiting
SLOWER = 3  #: so many healthy waits may come on top, since a busy machine delays each step of a recovery
REFUSED_S = 4.0  #: the API says within this time that it does not reach Redis


def elapsed(since_s: float, seconds: float) -> bool:
    return time.monotonic() - since_s >= seconds


def check_bulk_recovers(cluster: HostedCluster, name: str, fault_s: float, held: list[ChunkRef]) -> None:
    """The chunks in flight at the fault are recorded in time by whoever is left."""
    wait_until(partial(cluster.recorded, held), timeout_s=PATIENCE_S, message="the chunks in flight are recorded")
    note(name, "bulk: chunks in flight recorded", time.monotonic() - fault_s)


def allowed_s(load: Load, promised_s: float, fault_s: float) -> float:
    """Returns the longest wait that keeps a promise, on a machine as busy as it was before the fault."""
    return promised_s + SLOWER * load.longest_healthy_wait_s(fault_s) if ALONE else PATIENCE_S


def note_texts(load: Load, name: str, fault_s: float) -> float:
    """Returns the longest wait of any text that waited at the fault or was asked later."""
    first_s, longest_s = load.first_answer_s(fault_s), load.longest_wait_s(fault_s)
    assert first_s is not None
    note(name, "interactive: first answer", first_s)
    note(name, "interactive: longest wait", longest_s)
    return longest_s


def check_serves(cluster: HostedCluster, host: str, name: str, healed_s: float) -> None:
    """Both workers of the host run tasks again, and nobody has restarted them by hand."""

    def answers() -> bool:
        return cluster.executed(worker) is not None

    def runs() -> bool:
        return cluster.executed(worker) not in (None, 0, before)

    for lane in Lane:
        worker = f"{lane}@{host}"
        wait_until(answers, message=f"{worker} answers; exits: {cluster.exits}")
        before = cluster.executed(worker)
        wait_until(runs, message=f"{worker} runs tasks; exits: {cluster.exits}")
        note(name, f"{lane}: serves again after the heal", time.monotonic() - healed_s)


@pytest.mark.parametrize("cut_s", [5, pytest.param(20, marks=pytest.mark.slow)])
def test_a_worker_host_cut_off_from_redis(
    cluster: HostedCluster, load: Load, engine: Engine, cut_s: int, repeat: int
) -> None:
    name = f"worker host cut off for {cut_s} s"
    held = load.wait_steady()
    fault_s = time.monotonic()
    cluster.network.isolate("worker1")

    check_bulk_recovers(cluster, name, fault_s, held)
    wait_until(lambda: elapsed(fault_s, cut_s))
    cluster.network.heal()
    healed_s = time.monotonic()

    check_serves(cluster, "worker1", name, healed_s)
    load.check(engine)
    assert note_texts(load, name, fault_s) <= allowed_s(load, PROMISED_S, fault_s)


@pytest.mark.parametrize(
    ("name", "fault", "rows"),
    [
        pytest.param("20 % of packets lost", Fault(loss=0.2), 150, marks=pytest.mark.slow),
        ("workers 100 ms from Redis", Fault(delay_s=0.05), 150),
        pytest.param("workers 500 ms from Redis", Fault(delay_s=0.25), 50, marks=pytest.mark.slow),
    ],
)
def test_a_bad_network_is_slow_and_loses_nothing(
    cluster: HostedCluster,
    load: Load,
    engine: Engine,
    name: str,
    fault: Fault,
    rows: int,
    repeat: int,
) -> None:
    held = load.wait_steady()
    fault_s = time.monotonic()
    pairs = combinations(SERVERS, 2) if fault.loss else product(WORKER_HOSTS, ["redis"])
    for pair in pairs:
        cluster.network.impair(fault, *pair)

    check_bulk_recovers(cluster, name, fault_s, held)
    note(name, f"bulk: a job of {rows:,} rows beside others", load.wait_job(rows))
    cluster.network.heal()

    load.check(engine)
    note_texts(load, name, fault_s)


def test_a_worker_host_is_lost_and_replaced(cluster: HostedCluster, load: Load, engine: Engine, repeat: int) -> None:
    name = "worker host lost"
    held = load.wait_steady()
    fault_s = time.monotonic()
    cluster.lose("worker1")

    check_bulk_recovers(cluster, name, fault_s, held)
    cluster.network.heal()
    cluster.network.boot("worker1")
    cluster.boot("worker1")
    healed_s = time.monotonic()

    check_serves(cluster, "worker1", name, healed_s)
    load.check(engine)
    assert note_texts(load, name, fault_s) <= allowed_s(load, PROMISED_S, fault_s)


def test_the_api_cut_off_from_redis_says_so(cluster: HostedCluster, load: Load, engine: Engine, repeat: int) -> None:
    name = "API cut off from Redis"
    load.wait_steady()
    limit_s = allowed_s(load, REFUSED_S, time.monotonic())
    cluster.network.impair(CUT, "api", "redis")
    with cluster.user() as user:
        for method, path, body in (
            ("POST", "/api/v1/jobs", {"texts": ["还在吗"]}),
            ("GET", "/api/v1/jobs", None),
            ("POST", "/analyze", {"text": "还在吗"}),
            ("POST", "/api/v1/jobs", {"texts": ["还在吗"] * 1_000}),
        ):
            asked_s = time.monotonic()
            answer = user.request(method, path, json=body)
            seconds = time.monotonic() - asked_s
            note(name, f"503 to {method} {path}", seconds)
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            assert seconds <= limit_s
        assert user.get("/livez").status_code == 200
        assert user.get("/readyz").json()["missing"] == ["redis"]
        cluster.network.heal()
        healed_s = time.monotonic()
        wait_until(lambda: user.get("/readyz").status_code == 200)
        assert user.post("/analyze", json={"text": "恢复了，很好"}).status_code == 200
        note(name, "first answer after the heal", time.monotonic() - healed_s)

    load.check(engine)
