"""One cluster over several hosts for all tests here; skipped where hosts cannot be made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from tests.hosts import recovery
from tests.hosts.cluster import SERVERS, HostedCluster
from tests.hosts.load import Load
from tests.hosts.network import Network, NoHosts


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostedCluster]:
    """All parts run on their hosts."""
    try:
        network = Network(*SERVERS)
    except NoHosts as reason:
        pytest.skip(f"no hosts here: {reason}")
    try:
        running = HostedCluster(tmp_path_factory.mktemp("hosts"), network)
        try:
            running.start_all()
            yield running
        finally:
            running.close()
    finally:
        network.close()


@pytest.fixture(scope="package")
def engine(cluster: HostedCluster) -> Engine:
    """The same model in the tests' own process, as the reference."""
    return Engine.load(find_model(cluster.settings.model_roots, cluster.settings.model).directory)


@pytest.fixture
def load(cluster: HostedCluster) -> Iterator[Load]:
    """Users at work, on a network that is healthy before and after the test."""
    cluster.wait_all_serve()
    running = Load(cluster)
    try:
        yield running
    finally:
        cluster.network.heal()
        running.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := recovery.table():
        terminalreporter.section("recovery")
        for line in lines:
            terminalreporter.write_line(line)
