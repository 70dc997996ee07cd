"""Each odd file is read right or refused with a clear reason, and the server stays small throughout."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sentiq.jobs.store import JobStore
from tests.integration.odd_files import Odd, odd_files
from tests.support.cluster import Cluster
from tests.support.jobs import stored_input

FILES = {odd.name: odd for odd in odd_files()}
MEMORY_BOUND_MB = 100  #: over what the server has before the first file


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    directory = tmp_path_factory.mktemp("api")
    with Cluster(directory, SENTIQ_MAX_TEXT_CHARS="1000", SENTIQ_MAX_INFLATED_BYTES="20000000") as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


def post(api: Cluster, odd: Odd, *, form: bool) -> httpx.Response:
    if form:
        return api.http.post("/api/v1/jobs", data=odd.query, files={"file": (odd.name, odd.content)})
    query = odd.query | {"filename": odd.name}
    headers = {"Content-Type": "application/octet-stream"}
    return api.http.post("/api/v1/jobs", params=query, content=odd.content, headers=headers)


def rows_of(api: Cluster, job: dict[str, object]) -> list[str]:
    """What the store has: the text of a row, or the code of its error."""
    store = JobStore(api.redis, api.settings)
    found: list[str] = []
    for number in range(store.get(str(job["id"])).chunks):
        chunk = stored_input(api.redis, str(job["id"]), number)
        found += [chunk.errors[i].code if i in chunk.errors else text for i, text in enumerate(chunk.texts)]
    return found


def ways() -> list[Any]:
    """Each file in one of the two ways, turn about; with --full in both."""
    both = [(at, name, form) for at, name in enumerate(FILES) for form in (False, True)]
    return [
        pytest.param(
            *(name, form),
            id=f"{name}-{'form' if form else 'body'}",
            marks=() if form == bool(at % 2) else pytest.mark.full,
        )
        for at, name, form in both
    ]


@pytest.mark.parametrize(("name", "form"), ways())
def test_an_odd_file_is_read_right_or_refused_with_its_reason(api: Cluster, name: str, form: bool) -> None:
    odd = FILES[name]
    answer = post(api, odd, form=form)
    document = answer.json()
    if odd.refused:
        assert 400 <= answer.status_code < 500, document
        assert odd.refused in (document["code"], *(e["code"] for e in document["errors"])), document
        assert len(document["detail"]) > 20
        return
    assert answer.status_code == 202, document
    rows = rows_of(api, document)
    if odd.rows[-1] == "*":
        assert rows[0] == odd.rows[0]
        assert len(rows) > 1
    else:
        assert tuple(rows) == odd.rows
    if odd.encoding:
        assert api.job(document["id"])["file"]["encoding"] == odd.encoding
    api.http.delete(f"/api/v1/jobs/{document['id']}").raise_for_status()


def test_the_server_stays_small_and_leaves_no_file(api: Cluster) -> None:
    """All files, twice, in another order: the second time needs no more than the first."""
    server = api.processes[-1]

    def memory_mb() -> float:
        return float(sum(p.memory_info().rss for p in (server.ps, *server.children()))) / 1e6

    before = memory_mb()
    order = list(FILES.values()) * 2
    random.Random(3).shuffle(order)
    for odd in order:
        answer = post(api, odd, form=False)
        assert answer.status_code < 500
        if answer.status_code == 202:
            api.http.delete(f"/api/v1/jobs/{answer.json()['id']}")
    assert memory_mb() - before < MEMORY_BOUND_MB
    deleted = [f for p in (server.ps, *server.children()) for f in Path(f"/proc/{p.pid}/fd").iterdir()]
    links = {str(f.readlink()) for f in deleted}
    assert not {link for link in links if "(deleted)" in link and "wgunicorn" not in link}, "temporary files are closed"
