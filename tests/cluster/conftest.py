"""A real cluster for tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One running cluster for the tests of a module."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        running.start()
        yield running


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Nothing is started yet: for tests about the order of starts and about faults."""
    with Cluster(tmp_path) as cluster:
        yield cluster
