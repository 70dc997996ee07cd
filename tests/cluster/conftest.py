"""Real clusters for tests: one that is shared, and ones that a test may break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, waiting_cluster
from tests.support.embedded import Embedded
from tests.support.programs import BROKEN
from tests.support.receiver import Receiver
from tests.support.service import Service


@pytest.fixture(scope="package")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One running cluster for all modules that do not break it and need no other settings.

    A text `【等待】path` keeps the chunk it is in at work until there is a file at this path.
    """
    with Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8") as running:
        running.app = BROKEN
        running.start()
        yield running


@pytest.fixture(scope="module")
def cluster(shared_cluster: Cluster) -> Cluster:
    """The shared cluster, without the jobs and the webhooks of other modules; its counters go on."""
    shared_cluster.clear()
    return shared_cluster


@pytest.fixture(scope="package")
def shared_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """One process that serves without Redis, for all modules that do not end it."""
    running = Embedded(tmp_path_factory.mktemp("embedded"))
    yield running
    running.close()


@pytest.fixture(scope="module", params=["cluster", "embedded"])
def service(request: pytest.FixtureRequest) -> Service:
    """The shared cluster, and then the one process that promises the same, without the jobs of other modules."""
    running: Service = request.getfixturevalue(f"shared_{request.param}")
    running.clear()
    return running


@pytest.fixture(scope="package")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("api"), SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8") as running:
        running.start(interactive=0, bulk=0)
        yield running


@pytest.fixture
def api(shared_api: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """Redis, empty, and an API, for tests that break neither; the workers that they start are ended after them."""
    shared_api.directory = tmp_path
    yield shared_api
    shared_api.keep_api()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Takes webhooks."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Nothing is started yet: for tests about the order of starts and about faults."""
    with Cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture(scope="package")
def shared_lasting_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with waiting_cluster(tmp_path_factory.mktemp("lasting")) as running:
        running.start(interactive=0, bulk=0)
        yield running


@pytest.fixture
def lasting_api(shared_lasting_api: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """The same, and the model of its workers waits instead of computing: for faults that meet a job at work."""
    shared_lasting_api.directory = tmp_path
    yield shared_lasting_api
    shared_lasting_api.keep_api()
