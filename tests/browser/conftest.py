"""A real browser on a real cluster: each test has a page of its own, in every language and width it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import files, shops
from tests.browser.visits import ADMIN_TOKEN, EVERY_LOOK, WAIT_MS, Look, Visit, clear, visiting
from tests.support import chromium
from tests.support.cluster import Cluster

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if chromium.find() is None:
        pytest.skip(f"there is no chromium on this machine (Debian: apt-get install {chromium.PACKAGE})")
    with chromium.chromium() as running:
        yield running


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Cluster]:
    """One cluster for all tests of the page that do not break it."""
    with Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_ADMIN_TOKEN=ADMIN_TOKEN) as running:
        running.start()
        yield running


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave details of the page to their first look, but for --full."""
    if config.getoption("--full"):
        return
    first: set[str] = set()
    left_out: list[pytest.Item] = []
    for item in items:
        if isinstance(item, pytest.Function) and "look" in item.fixturenames and item.get_closest_marker("more"):
            test = f"{item.path}::{item.originalname}"
            if test in first:
                left_out.append(item)
            first.add(test)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(params=EVERY_LOOK)
def look(request: pytest.FixtureRequest) -> Look:
    """Both languages and both widths; a test for which fewer are enough is marked as `tests.browser.steps` has it."""
    chosen: Look = request.param
    return chosen


@pytest.fixture
def visit(browser: Browser, cluster: Cluster, look: Look) -> Iterator[Visit]:
    with visiting(browser, cluster, look) as visit:
        yield visit


@pytest.fixture(scope="module")
def shared_jobs() -> set[str]:
    """The ids of jobs that tests of the module read and none changes: what stays until the module's last test."""
    return set()


@pytest.fixture(autouse=True)
def empty(cluster: Cluster, shared_jobs: set[str]) -> None:
    """No test sees the jobs of another, but for those that are shared."""
    clear(cluster, shared_jobs)


@pytest.fixture(scope="module")
def reviews_job(cluster: Cluster, shared_jobs: set[str]) -> str:
    """The job of the shops' reviews, ended. Which phrases it has is looked for once for all tests that ask the same."""
    job_id = files.submit(cluster, shops.reviews(), aspects="shop")
    cluster.wait_ended(job_id)
    shared_jobs.add(job_id)
    return job_id
