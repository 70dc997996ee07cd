"""Uploads through a real gunicorn: what breaks on the way leaves a job that says so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster
from tests.support.processes import READY_S, wait_until

LINE = '"味道不错，下次还来"\n'.encode()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Redis and the API, no workers."""
    directory = tmp_path_factory.mktemp("api")
    with Cluster(directory, SENTIQ_CHUNK_TEXTS="100", SENTIQ_UPLOAD_TIMEOUT_S="60") as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


def upload(api: Cluster, framing: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=READY_S)
    head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-ndjson\r\n{framing}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def newest(api: Cluster) -> dict[str, Any]:
    jobs = api.http.get("/api/v1/jobs", params={"limit": 1}).json()["data"]
    return jobs[0] if jobs else {}


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_connection_that_breaks_leaves_a_failed_job_with_its_rows(api: Cluster, framing: str) -> None:
    before = newest(api).get("id")
    data = LINE * 1_000
    with upload(api, framing) as connection:
        connection.sendall(data if "Length" in framing else f"{len(data):x}\r\n".encode() + data + b"\r\n")
        wait_until(lambda: newest(api).get("id") != before and newest(api)["counts"]["total"] >= 200)
        assert newest(api)["state"] == "receiving"

    wait_until(lambda: newest(api)["state"] == "failed", message="the broken upload is noticed")
    job = newest(api)
    assert job["error"]["code"] == "upload_interrupted"
    assert 200 <= job["counts"]["total"] < 1_000


def test_a_body_with_broken_chunks_is_refused_and_its_job_failed(api: Cluster) -> None:
    before = newest(api).get("id")
    data = LINE * 1_000
    with upload(api, "Transfer-Encoding: chunked") as connection:
        connection.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\nno chunk size\r\n")
        status_line = connection.makefile("rb").readline()

    assert status_line.split()[1] == b"400"
    assert newest(api)["id"] != before
    assert (newest(api)["state"], newest(api)["error"]["code"]) == ("failed", "upload_interrupted")


def test_a_client_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    api = Cluster(tmp_path, SENTIQ_CHUNK_TEXTS="100", SENTIQ_UPLOAD_TIMEOUT_S="0.5")
    try:
        api.redis_server.start()
        api.start_api()
        with upload(api, "Content-Length: 1000000") as connection:
            connection.sendall(LINE * 1_000)
            status_line = connection.makefile("rb").readline()
        assert status_line.split()[1] == b"400"
        assert newest(api)["error"]["code"] == "upload_interrupted"
    finally:
        api.close()


def test_a_chunked_upload_without_a_length_is_taken(api: Cluster) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(1_000):
            yield LINE

    response = api.http.post("/api/v1/jobs", content=body(), headers={"Content-Type": "application/x-ndjson"})

    assert (response.status_code, response.json()["counts"]["total"]) == (202, 1_000)


def test_a_bad_setting_stops_the_api_with_its_name(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, SENTIQ_PROT="80")
    try:
        process = cluster.start_api(wait=False)
        assert process.wait() == 78
        assert "SENTIQ_PROT: no such setting. Did you mean SENTIQ_PORT?" in process.log.read_text()
    finally:
        cluster.close()
