"""One running project for all tests of containers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.containers.compose import Project, missing


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    if reason := missing():
        pytest.skip(reason)
    running = Project(tmp_path_factory.mktemp("containers"))
    try:
        running.up()
        yield running
    finally:
        running.down()
