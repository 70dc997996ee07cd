"""A worker leaves to others what it does not need: memory while it has no work, cores while it has bulk work."""

from __future__ import annotations

import pytest

from tests.support.cluster import Cluster
from tests.support.processes import wait_until

pytestmark = pytest.mark.cluster


def test_an_idle_worker_unloads_its_model_and_takes_it_up_again(api: Cluster) -> None:
    worker = api.start_worker("interactive", SENTIQ_IDLE_UNLOAD_S="1", SENTIQ_CACHE_ENTRIES="0")

    def of_idle_parent() -> int:
        return worker.log.read_text().rpartition("unloaded the model")[2].count("child warm")

    for times in (1, 2):
        wait_until(lambda: worker.log.read_text().count("unloaded the model") == times, message="it is unloaded")  # noqa: B023
        wait_until(lambda: of_idle_parent() == 2, message="no child is left that has the model")
        job = api.wait_ended(api.submit(["味道不错，下次还来"]))
        assert job["counts"]["completed"] == 1
        wait_until(lambda: worker.log.read_text().count("model warm") == 1 + times, message="it is loaded again")  # noqa: B023
    assert "time limit" not in worker.log.read_text()


def test_children_of_the_bulk_lane_give_way_to_other_processes(api: Cluster) -> None:
    worker = api.start_worker("bulk", 1, SENTIQ_BULK_NICE="19")
    (child,) = worker.children()
    assert child.nice() == 19
    assert worker.ps.nice() < 19, "the parent renews leases in time"
