"""deploy/nginx/nginx.conf: a real nginx before the API, as in docker-compose's profile `proxy`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sentiq_client import Client
from tests.support import nginx
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import WAIT_S, free_port, wait_until
from tests.support.proxy import Fault, FaultyProxy

pytestmark = [pytest.mark.cluster, nginx.needed]


@dataclass(frozen=True)
class Front:
    """The API behind nginx, with the file of a finished job: larger than what nginx leaves unpacked."""

    cluster: Cluster
    port: int
    job_id: str

    def get(self, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"http://127.0.0.1:{self.port}/api/v1/jobs/{self.job_id}/results.csv", headers=named)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    directory, port = tmp_path_factory.mktemp("nginx"), free_port()
    with Cluster(directory, SENTIQ_LOG_ONE_IN="1") as cluster:
        cluster.start(interactive=0, bulk=1)
        configuration = (REPOSITORY / "deploy/nginx/nginx.conf").read_text()
        for written, here in (
            ("listen 8080", f"listen 127.0.0.1:{port}"),
            ("http://api:8000", cluster.url),
            ("/tmp/", f"{directory}/"),  # noqa: S108 -- so it stands there
        ):
            assert written in configuration
            configuration = configuration.replace(written, here)
        process = nginx.start(directory, configuration)
        try:
            wait_until(lambda: answers(port), message="nginx answers")
            job_id = cluster.submit([f"第{n}条，味道不错" for n in range(5_000)])
            cluster.wait_ended(job_id)
            yield Front(cluster, port, job_id)
        finally:
            process.terminate()
            process.wait(WAIT_S)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_a_file_that_was_packed_is_not_sent_again(front: Front) -> None:
    packed = front.get(Accept_Encoding="gzip")
    tag = packed.headers["ETag"]
    assert (packed.headers["Content-Encoding"], tag[:2]) == ("gzip", "W/"), "nginx packs, and makes the tag weak"

    again = front.get(Accept_Encoding="gzip", If_None_Match=tag)

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_plain_download_goes_on_where_it_broke(front: Front, encoding: str) -> None:
    whole = front.get(Accept_Encoding="identity")
    tag = whole.headers["ETag"]
    assert (whole.headers["Accept-Ranges"], tag[:1]) == ("bytes", '"')

    rest = front.get(Accept_Encoding=encoding, Range="bytes=1000-", If_Range=tag)

    assert (rest.status_code, "Content-Encoding" in rest.headers) == (206, False)
    assert rest.content == whole.content[1_000:]
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(whole.content) - 1}/{len(whole.content)}"


def test_a_packed_download_begins_again(front: Front) -> None:
    packed = front.get(Accept_Encoding="gzip")
    assert "Accept-Ranges" not in packed.headers, "nobody is told that parts of it can be had"

    again = front.get(Accept_Encoding="gzip", Range="bytes=1000-", If_Range=packed.headers["ETag"])

    assert (again.status_code, again.content) == (200, packed.content)


def test_the_client_goes_on_through_nginx(front: Front, tmp_path: Path) -> None:
    whole = front.get(Accept_Encoding="identity").content
    proxy = FaultyProxy(front.port, Fault(cut_received=len(whole) // 2))
    try:
        with Client(proxy.url) as client:
            file = client.job(front.job_id).download(tmp_path / "results.csv")
        assert file.read_bytes() == whole
        assert proxy.connections == 2
    finally:
        proxy.close()

    def told() -> bool:  # the API writes its line after the last byte
        return any("results.csv" in line and '"status": 206' in line for line in logged(front))

    wait_until(told, message="the second part was one")


def logged(front: Front) -> list[str]:
    return next(p for p in front.cluster.processes if p.name == "api").log.read_text().splitlines()
