"""A real cluster for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One running cluster for the tests of a module."""
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        running.start()
        yield running
    finally:
        running.close()


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Nothing is started yet: for tests about the order of starts and about faults."""
    cluster = Cluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.close()
