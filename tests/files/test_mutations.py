"""Damaged files are read as far as they go, or refused: nothing breaks, hangs, grows or tells what was in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.files.mutations import mutated
from tests.files.written import written_cases
from tests.support.cluster import Cluster

SEED = 16
FULL, USUAL = 20_000, 300
HANGS_S = 60.0  #: no file of some kilobytes takes so long
GROWTH_MB = 60


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Cluster]:
    """Redis and the API, no workers."""
    with Cluster(tmp_path, SENTIQ_MAX_TEXT_CHARS="10000") as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


@pytest.mark.more
@pytest.mark.timeout(7200)
def test_damaged_files_do_no_harm(api: Cluster, pytestconfig: pytest.Config, tell: Callable[[str], None]) -> None:
    cases = list(written_cases())
    count = FULL if pytestconfig.getoption("--full") else USUAL
    server = api.processes[-1]

    def memory_mb() -> float:
        return float(sum(process.memory_info().rss for process in (server.ps, *server.children()))) / 1e6

    before = 0.0
    accepted = 0
    for number, case in enumerate(mutated(cases, count, SEED)):
        answer = api.http.post("/api/v1/jobs", files={"file": (case.name, case.content)}, timeout=HANGS_S)
        assert answer.status_code < 500, (case.name, answer.text)
        if answer.status_code == 202:
            accepted += 1
            api.http.delete(f"/api/v1/jobs/{answer.json()['id']}").raise_for_status()
        if number == max(60, count // 10):
            before = memory_mb()  # every reader has been used
    grown = memory_mb() - before
    tell(f"{count:,} damaged files: {accepted:,} read, the API grew by {grown:.0f} MB")
    assert grown < GROWTH_MB
    log = server.log.read_text(encoding="utf-8")
    assert not [text for case in cases for text in case.texts or () if len(text) > 4 and text[:5] in log]
