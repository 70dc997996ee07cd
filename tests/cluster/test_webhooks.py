"""The end of real jobs is told by the real deliverer, also when one dies in the middle."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.processes import Process, wait_until
from tests.support.receiver import Receiver, verified

pytestmark = pytest.mark.cluster


@pytest.fixture
def deliverer(cluster: Cluster, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    """Starts another process that delivers."""
    processes: list[Process] = []

    def start() -> Process:
        processes.append(Process("webhooks", [sys.executable, "-m", "sentiq.webhooks"], cluster.env, tmp_path))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()


def test_each_end_is_told_once_and_outlives_a_killed_deliverer(
    cluster: Cluster, deliverer: Callable[[], Process], receiver: Receiver, tmp_path: Path
) -> None:
    made = cluster.http.post("/api/v1/webhooks", json={"url": receiver.url}).json()
    first, second = deliverer(), deliverer()
    small = cluster.submit(["味道不错"], webhook=made["id"])
    large = cluster.submit([f"第{n}条，很好" for n in range(2_000)], webhook=made["id"])
    cancelled = cluster.submit(["很好"] * 100 + [f"【等待】{tmp_path / 'answered'}"], webhook=made["id"])
    cluster.http.post(f"/api/v1/jobs/{cancelled}/cancel").raise_for_status()
    (tmp_path / "answered").touch()
    wait_until(lambda: len(receiver.got) >= 3, message="three messages arrive")

    first.kill()
    second.kill()
    late = cluster.submit(["物流太慢"], webhook=made["id"])
    cluster.wait_ended(late)
    third = deliverer()
    wait_until(lambda: len(receiver.got) >= 4, message="the end that nobody could tell is told")
    assert third.stop() == 0

    told = {json.loads(body)["data"]["id"]: json.loads(body)["type"] for _, body in receiver.got}
    expected = {small: "completed", large: "completed", cancelled: "cancelled", late: "completed"}
    assert told == {job_id: f"job.{state}" for job_id, state in expected.items()}
    assert len(receiver.got) == 4
    assert all(verified(made["secret"], headers, body) for headers, body in receiver.got)
