"""Real clusters for tests: one that is shared, and ones that a test may break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, waiting_cluster


@pytest.fixture(scope="package")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One running cluster for all modules that do not break it and need no other settings."""
    with Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8") as running:
        running.start()
        yield running


@pytest.fixture(scope="module")
def cluster(shared_cluster: Cluster) -> Cluster:
    """The shared cluster, without the jobs and the webhooks of other modules; its counters go on."""
    shared_cluster.clear()
    return shared_cluster


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Nothing is started yet: for tests about the order of starts and about faults."""
    with Cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def lasting_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Nothing is started yet, and the model will wait instead of computing: for faults that meet a job at work."""
    with waiting_cluster(tmp_path) as cluster:
        yield cluster
