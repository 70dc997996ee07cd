"""Clients that are slow, idle or greedy on purpose do not keep others from being served."""

from __future__ import annotations

import json
import resource
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from api.http.gunicorn_worker import LINGER_S, LINGERING
from tests.support.cluster import Cluster
from tests.support.processes import READY_S, WAIT_S, wait_until

pytestmark = pytest.mark.cluster

THREADS = 8


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Cluster]:
    """An API with few threads, and no worker."""
    with _started(tmp_path) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The same, for tests that leave nothing running in it."""
    with _started(tmp_path_factory.mktemp("shared")) as cluster:
        yield cluster


@contextmanager
def _started(directory: Path) -> Iterator[Cluster]:
    # By default gunicorn ends after 30 s also what it waits for, which would hide that it waits.
    settings = {"SENTIQ_API_THREADS": str(THREADS), "SENTIQ_UPLOAD_TIMEOUT_S": "2"}
    with Cluster(directory, None, **settings, GUNICORN_CMD_ARGS="--graceful-timeout=600") as cluster:
        cluster.start(interactive=0, bulk=0)
        yield cluster


def _connect(api: Cluster, stack: ExitStack, data: bytes = b"") -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", api.port), timeout=WAIT_S))
    connection.sendall(data)
    return connection


def _polls(api: Cluster) -> bool:
    """A stranger is answered while all that goes on."""
    with httpx.Client(base_url=api.url, timeout=10) as client:
        return client.get("/livez").status_code == 200


def test_connections_that_send_nothing_hold_no_thread(api: Cluster) -> None:
    with ExitStack() as stack:
        for _ in range(THREADS * 10):
            _connect(api, stack)

        assert _polls(api)


def test_thousands_of_idle_pollers_keep_nobody_waiting(api: Cluster) -> None:
    request = b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n"
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, most))
        pollers = [_connect(api, stack, request) for _ in range(min(3_000, most - 500))]
        assert all(b"200 OK" in poller.recv(4_096) for poller in pollers)

        assert _polls(api)
        pollers[0].sendall(request)
        assert b"200 OK" in pollers[0].recv(4_096), "its connection was kept"


@pytest.mark.full
def test_headers_that_never_end_give_their_thread_back(api: Cluster) -> None:
    with ExitStack() as stack:
        slow = [_connect(api, stack, b"GET /livez HTTP/1.1\r\nHost: he") for _ in range(THREADS)]

        wait_until(lambda: _is_served(api))
        for connection in slow:
            assert connection.recv(4_096)[:12] in (b"", b"HTTP/1.1 400")


def test_a_body_that_drips_gives_its_thread_back(api: Cluster) -> None:
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n"
    stop = threading.Event()
    with ExitStack() as stack:
        slow = [_connect(api, stack, head) for _ in range(THREADS)]
        stack.callback(stop.set)

        def drip() -> None:
            while not stop.wait(0.2):
                for connection in slow:
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        pass  # it was given up, as it should be

        threading.Thread(target=drip, daemon=True).start()

        wait_until(lambda: _is_served(api))


def test_those_who_wait_for_results_leave_threads_for_others(api: Cluster) -> None:
    with ExitStack() as stack:
        body = json.dumps({"texts": ["好"]}).encode()
        head = (
            "POST /api/v1/jobs HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nPrefer: wait=30\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        waiting = [_connect(api, stack, head + body) for _ in range(THREADS * 3)]

        assert _polls(api)
        told = THREADS * 3 - THREADS  # for the others there is room to wait, for 30 s
        wait_until(lambda: len(_answered(waiting)) >= told, timeout_s=25, message="they are told to poll")
        for connection in _answered(waiting):
            assert b"202 ACCEPTED" in connection.recv(65_536)


@pytest.mark.parametrize(
    ("request_", "finished"),
    [
        (b"GET /livez HTTP/1.0\r\n\r\n", False),
        (b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", False),
        (b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n", True),
        (b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nthe beginning", False),
        (b"\x00\x01\x02 garbage \r\n\r\n", False),
        (b"GET /livez HTTP/1.1\r\nHost: h\r\nX-Many: 1\r\nno header\r\n\r\nunread", True),
    ],
    ids=["HTTP/1.0", "asked to close", "half-closed", "unread body", "garbage", "half-closed, unread"],
)
def test_clients_that_do_not_close_their_end_keep_nobody_waiting(
    shared_api: Cluster, request_: bytes, finished: bool
) -> None:
    with ExitStack() as stack:
        holding = [_connect(shared_api, stack, request_) for _ in range(50)]
        if finished:
            for connection in holding:
                connection.shutdown(socket.SHUT_WR)
        for connection in holding[:THREADS]:
            assert connection.recv(65_536).startswith(b"HTTP/1.")

        assert _polls(shared_api)
        assert all(_whole(connection).startswith(b"HTTP/1.") for connection in holding[THREADS:])
        assert _polls(shared_api)


def test_answers_that_break_off_hold_no_thread(tmp_path: Path) -> None:
    with Cluster(tmp_path, SENTIQ_API_THREADS=str(THREADS)) as cluster, ExitStack() as stack:
        options = ["-m", "gunicorn", "-c", "api/gunicorn.conf.py", "tests.support.programs.breaking_app:app"]
        cluster.redis_server.start()
        cluster._start("broken", [sys.executable, *options])
        wait_until(lambda: _is_served(cluster), timeout_s=READY_S)
        holding = [_connect(cluster, stack, b"GET /breaks HTTP/1.1\r\nHost: h\r\n\r\n") for _ in range(THREADS * 6)]

        assert _polls(cluster)
        for connection in holding:
            answer = _whole(connection)
            assert b"a piece" in answer
            assert not answer.endswith(b"0\r\n\r\n"), "the client can tell that it is not all"


def test_an_early_answer_reaches_a_client_that_still_sends(shared_api: Cluster) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n"
    with ExitStack() as stack:
        connection = _connect(shared_api, stack, head)
        connection.sendall(bytes(20_000_000))  # a reset would end it, and with it the answer

        assert _whole(connection).startswith(b"HTTP/1.1 404 ")


def test_an_answer_says_whether_its_connection_is_kept(shared_api: Cluster) -> None:
    """A client that sends its body in a second packet must not send its next request on a connection that closes."""
    head = b"POST /nowhere HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\n"
    with ExitStack() as stack:
        early = _connect(shared_api, stack, head)
        assert b"\r\nConnection: close\r\n" in _whole(early)

        kept = _connect(shared_api, stack, head + b"body")
        for _ in range(2):
            answer = HTTPResponse(kept)
            answer.begin()
            assert (answer.version, answer.status) == (11, 404)
            assert answer.headers["Connection"] == "keep-alive"
            answer.read()  # its headers and its body may come apart
            kept.sendall(head + b"body")


def test_who_holds_a_closed_connection_is_given_up(shared_api: Cluster) -> None:
    with ExitStack() as stack:
        holding = [_connect(shared_api, stack, b"GET /livez HTTP/1.0\r\n\r\n") for _ in range(LINGERING + 200)]
        assert all(_whole(connection).startswith(b"HTTP/1.0 200 ") for connection in holding)

        wait_until(lambda: _held(shared_api) < LINGERING + 50, timeout_s=LINGER_S, message="there is a bound in number")
        wait_until(lambda: _held(shared_api) < 50, message="and one in time")


def test_who_holds_a_connection_does_not_delay_the_stop(api: Cluster) -> None:
    with ExitStack() as stack:
        silent = _connect(api, stack)
        holding = [_connect(api, stack, b"GET /livez HTTP/1.0\r\n\r\n") for _ in range(50)]
        assert _polls(api)
        [process] = api.processes

        process.stop()

        assert all(_whole(connection).startswith(b"HTTP/1.0 200 ") for connection in holding)
        assert silent.recv(1) == b""


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", (400, 414)),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX-Big: " + b"a" * 100_000 + b"\r\n\r\n", (400, 431)),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-Many: 1\r\n" * 5_000 + b"\r\n", (400, 431)),
        (b"\x00\x01\x02 garbage \r\n\r\n", (400,)),
        ("物流\r\n\r\n".encode(), (400,)),
        ("GET /\x7f物流 HTTP/1.1\r\nHost: h\r\n\r\n".encode(), (400,)),
        ("GET /物流 x HTTP/1.1\r\nHost: h\r\n\r\n".encode(), (400,)),
        (
            b"POST /api/v1/jobs HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 5\r\n\r\n0\r\n\r\n",
            (400,),
        ),
    ],
    ids=["long line", "big header", "many headers", "garbage", "no line", "control character", "blank", "two lengths"],
)
def test_what_is_no_reasonable_request_is_refused(shared_api: Cluster, head: bytes, status: tuple[int, ...]) -> None:
    with ExitStack() as stack:
        connection = _connect(shared_api, stack)
        try:
            connection.sendall(head)
        except OSError:
            pass  # refused before the end
        assert int(connection.recv(4_096).split()[1]) in status
    assert _polls(shared_api)


def test_an_address_with_characters_as_they_were_typed_is_understood(shared_api: Cluster) -> None:
    """Such as curl sends it; the words of the refusal show that they have arrived."""
    with ExitStack() as stack:
        request = "GET /api/v1/jobs?state=物流太慢 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        answer = _whole(_connect(shared_api, stack, request.encode()))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 422 "), head
    assert "物流太慢" in json.dumps(json.loads(body), ensure_ascii=False)


@pytest.mark.parametrize("body", ['{"texts":' + "[" * 100_000, '{"a":' * 50_000, "[" * 1_000_000])
def test_deep_json_is_refused(shared_api: Cluster, body: str) -> None:
    answer = shared_api.http.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def _answered(connections: list[socket.socket]) -> list[socket.socket]:
    """Those on which an answer has come."""
    return select.select(connections, [], [], 0)[0]


def _is_served(api: Cluster) -> bool:
    try:
        return _polls(api)
    except httpx.TransportError:
        return False


def _whole(connection: socket.socket) -> bytes:
    """All that comes until the server closes its end; the client's stays open."""
    return b"".join(iter(partial(connection.recv, 65_536), b""))


def _held(api: Cluster) -> int:
    """Connections that the API still has."""
    [process] = api.processes
    [worker] = process.children()
    return len(worker.net_connections("tcp")) - 1
