"""Real clusters for tests: one that is shared, and ones that a test may break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, waiting_cluster
from tests.support.embedded import Embedded
from tests.support.programs import BROKEN
from tests.support.receiver import Receiver
from tests.support.service import Service

NEXT = pytest.StashKey[pytest.Item | None]()


class SharedCluster:
    """A cluster that starts for the first module that takes it, and ends when the next one does not.

    An idle cluster takes 3 % of a core, and each process of pytest-xdist has one.
    """

    def __init__(self, make_directory: Callable[[], Path]) -> None:
        self._make_directory = make_directory
        self._running: Cluster | None = None

    def get(self) -> Cluster:
        """Return the cluster without jobs and webhooks; start it where there is none."""
        if self._running is None:
            self._running = Cluster(self._make_directory(), SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8")
            self._running.app = BROKEN
            self._running.start()
        self._running.clear()
        return self._running

    def end_unless_next(self, request: pytest.FixtureRequest) -> None:
        """End the cluster unless the next test needs it, too."""
        following = request.session.stash[NEXT]
        if following is None or not shares_cluster(following):
            self.end()

    def end(self) -> None:
        if self._running is not None:
            self._running.close()
            self._running = None


def shares_cluster(item: pytest.Item) -> bool:
    """Tell whether a test needs the shared cluster."""
    return bool({"shared_cluster", "service"} & set(getattr(item, "fixturenames", ())))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put this folder first, and of its modules those that share a cluster, so that it ends early.

    A module that takes minutes and begins last ends the run alone while cores idle.
    """
    folder = Path(__file__).parent
    sharing = {item.path for item in items if shares_cluster(item)}
    items.sort(key=lambda item: 2 if not item.path.is_relative_to(folder) else item.path not in sharing)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Let fixtures that end know which test is next."""
    item.session.stash[NEXT] = nextitem


@pytest.fixture(scope="package")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedCluster]:
    shared = SharedCluster(lambda: tmp_path_factory.mktemp("cluster"))
    yield shared
    shared.end()


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest, shared_cluster: SharedCluster) -> Iterator[Cluster]:
    """The shared cluster, without the jobs and the webhooks of other modules; its counters go on.

    It is for all modules that do not break it and need no other settings. A text `【等待】path` keeps its chunk at work
    until there is a file at this path.
    """
    yield shared_cluster.get()
    shared_cluster.end_unless_next(request)


@pytest.fixture(scope="module")
def shared_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """One process that serves without Redis, for tests that do not end it."""
    running = Embedded(tmp_path_factory.mktemp("embedded"))
    yield running
    running.close()


@pytest.fixture(scope="module", params=["cluster", "embedded"])
def service(request: pytest.FixtureRequest) -> Service:
    """The shared cluster, and then the one process that promises the same, without the jobs of other modules."""
    if request.param == "embedded":
        embedded: Embedded = request.getfixturevalue("shared_embedded")
        return embedded
    running: Cluster = request.getfixturevalue("cluster")
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
