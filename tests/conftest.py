"""Fixtures for all tests: an empty Redis of their own, and a place for figures worth telling."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis

from sentiq.core import memory_store
from sentiq.core.redis import connect
from sentiq.core.redis_address import IN_MEMORY
from sentiq.core.settings import Settings
from tests.support.redis_server import RedisServer

STORE_BYTES = 256 * 2**20  #: of a store in memory
FIGURES = pytest.StashKey[list[str]]()

gc.disable()  # until tests are collected: of what is imported and parametrised, nothing is garbage

# Children of the bulk lane that are as nice as users want them compute when no other test has work.
os.environ["SENTIQ_BULK_NICE"] = "0"

# Generated tests try the same examples at each run: a third of them, or all with --full. A search tries ten times as
# many, and others each time. None has a time to keep: on a busy machine an example may take seconds.
hypothesis_settings.register_profile(
    "third",
    max_examples=33,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
THIRD = hypothesis_settings.get_profile("third")
hypothesis_settings.register_profile("full", THIRD, max_examples=100)
hypothesis_settings.register_profile("search", THIRD, max_examples=1_000, derandomize=False, print_blob=True)
hypothesis_settings.load_profile("third")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="what is marked `full`; what is marked `more` whole, in every look of the page",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--full") and not config.getoption("--hypothesis-profile"):
        hypothesis_settings.load_profile("full")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what is marked `full` to --full."""
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if not item.get_closest_marker("full")]


def pytest_collection_finish() -> None:
    """Let the collector leave out what stays, thousands of tests and all they import, each time it looks."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Show a line at the end of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker of pytest-xdist hand its figures over."""
    if (handed := getattr(session.config, "workeroutput", None)) is not None:
        handed["figures"] = session.config.stash.get(FIGURES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker; one that has crashed has none."""
    handed = getattr(node, "workeroutput", {})
    node.config.stash.setdefault(FIGURES, []).extend(handed.get("figures", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests that only need an empty Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop(kill=True)


@pytest.fixture
def backing() -> str:
    """What keeps the jobs: "redis", or "memory", the store of one process, in tests that are marked so."""
    return "redis"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    stores = metafunc.definition.get_closest_marker("stores")
    if stores is not None and "backing" in metafunc.fixturenames:
        metafunc.parametrize("backing", stores.args)


@pytest.fixture
def settings(request: pytest.FixtureRequest, backing: str) -> Iterator[Settings]:
    """Settings with the test's Redis, or a store in memory, and short times."""
    if backing == "memory":
        memory_store.open_store(STORE_BYTES)
    url = IN_MEMORY if backing == "memory" else request.getfixturevalue("redis_server").url
    yield Settings(redis_url=url, lease_s=0.3, upload_timeout_s=0.5, log_format="json")
    memory_store.close_store()


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    """A client of an empty Redis."""
    with connect(settings.redis_address) as client:
        client.flushall()
        yield client
