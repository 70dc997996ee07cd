"""A guarded service, and the environment that `make test-openapi-client` makes beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentiq.core.api_keys import KeyStore, Scope
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY

TOOLS = REPOSITORY / ".venv-openapi" / "bin"


@pytest.fixture(scope="session")
def tools() -> Path:
    if not TOOLS.exists():
        pytest.skip("there is no .venv-openapi; make test-openapi-client makes it")
    return TOOLS


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_AUTH="keys") as running:
        running.start(interactive=1, bulk=1)
        yield running


@pytest.fixture
def key(cluster: Cluster) -> str:
    return KeyStore(cluster.redis).create("a generated client", (Scope.SUBMIT, Scope.READ, Scope.METRICS))[1]


@pytest.fixture
def document(cluster: Cluster, tmp_path: Path) -> Path:
    """The description as the service gives it."""
    path = tmp_path / "openapi.json"
    path.write_bytes(cluster.http.get("/openapi/openapi.json").content)
    return path
