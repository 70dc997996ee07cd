"""Fixtures of the tests that fetch from the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.torch.hub_server import BASE, FILES, HubServer, serving


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No waiting, no proxy, no home."""
    monkeypatch.setattr("tools.prepare.transfer.DELAY_S", 0.0)
    monkeypatch.setattr("modelscope_hub._legacy_api.REPO_TREE_PAGE_RETRY_MAX_DELAY_SECONDS", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MODELSCOPE_API_TOKEN", raising=False)


@pytest.fixture
def hub(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(HubServer(BASE, dict(FILES))) as server:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", server.url)
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "store" / ".downloads"
