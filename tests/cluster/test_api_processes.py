"""Several API processes of one service: each answers for all of them."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.cluster import Cluster
from tests.support.processes import Process, wait_until

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


@contextlib.contextmanager
def only(api: Process, answering: psutil.Process) -> Iterator[None]:
    """Let only one of the processes answer new connections."""
    others = [process for process in api.children() if process != answering]
    for process in others:
        process.suspend()
    try:
        yield
    finally:
        for process in others:
            process.resume()


def get(cluster: Cluster, path: str) -> httpx.Response:
    """Get an answer on a new connection, which any process may accept."""
    response = httpx.get(f"{cluster.url}{path}", timeout=100)
    assert response.is_success, response.text
    return response


def counted(cluster: Cluster) -> float:
    """The number of times that the list of jobs was read, as `/metrics` tells it."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(get(cluster, "/metrics").text)
        for sample in family.samples
        if sample.name == "sentiq_requests_total" and sample.labels["endpoint"] == "/api/v1/jobs"
    )


def test_each_process_of_one_service_answers_and_counts_for_all(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with Cluster(tmp_path, SENTIQ_API_PROCESSES="2", TMPDIR=str(temporary)) as cluster:
        cluster.redis_server.start()
        api = cluster.start_api()
        wait_until(lambda: len(api.children()) == 2, message="there are two processes")

        for requests, process in enumerate(api.children(), 3):
            with only(api, process):
                for _ in range(requests):
                    get(cluster, "/api/v1/jobs")

        for process in api.children():
            with only(api, process):
                assert counted(cluster) == 7
        wait_until(lambda: get(cluster, "/health").json()["total_requests"] == 7, message="health counts both")

        first, second = api.children()
        first.send_signal(signal.SIGKILL)

        def others() -> list[psutil.Process]:
            return [process for process in api.children() if process not in (first, second)]

        wait_until(others, message="another process takes the place of the one that was killed")
        [third] = others()
        with only(api, third):
            get(cluster, "/api/v1/jobs")
            assert counted(cluster) == 8, "what the dead process has counted is not lost"

        assert api.stop() == 0
        assert not list(temporary.iterdir()), "nothing is left"
