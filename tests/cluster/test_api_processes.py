"""Several API processes of one service: each answers for all of them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.processes import wait_until

pytestmark = pytest.mark.cluster


def test_health_is_that_of_all_api_processes_and_of_none_that_has_ended(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(Cluster(tmp_path))
        one.redis_server.start()
        (tmp_path / "other").mkdir()
        other = stack.enter_context(Cluster(tmp_path / "other", one.redis_server))
        second = other.start_api()
        one.start_api()

        def health(cluster: Cluster) -> dict[str, Any]:
            document: dict[str, Any] = cluster.http.get("/health").json()
            return document

        for cluster, requests in ((one, 3), (other, 4)):
            for _ in range(requests):
                assert cluster.http.get("/api/v1/jobs").is_success
        for cluster in (one, other):
            wait_until(lambda: health(cluster)["total_requests"] == 7, message="each counts for both")  # noqa: B023
            assert 0 < health(cluster)["avg_response_time_ms"] < 1_000
        resident = [p.memory_info().rss / 2**20 for part in (one, other) for p in part.processes[-1].children()]
        assert health(one)["memory_usage_mb"] == pytest.approx(sum(resident), rel=0.1)
        second.stop()
        assert health(one)["total_requests"] == 3
