"""A light load of HTTP requests on kept connections: what it costs is told, and is a few hundredths of a ms a request.

One thread, one epoll, requests that were written before, and answers that are looked at when the load is over.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

SILENCE_S = 400.0  #: without any answer; longer than any service waits
PIECE_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Answer:
    request: int  # position of the request among those given
    took_s: float  # first byte sent to last byte read
    status: int  # 0: the connection broke
    body: bytes


@dataclass(frozen=True, slots=True)
class Load:
    answers: list[Answer]
    elapsed_s: float  # first request to last answer
    cpu_s: float  # processor time of this process


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    request: int = 0
    sent_at: float = 0.0
    head: bytes = b""
    body_bytes: int = 0
    received: bytearray = field(default_factory=bytearray)


def post(path: str, body: bytes, *headers: str) -> bytes:
    """Return a request as it is sent."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def drive(port: int, requests: Sequence[bytes], *, clients: int, count: int, seconds: float) -> Load:
    """Send requests in turn from so many clients, each of which waits for its answer before it sends the next one.

    No request is sent after `count` of them, nor after this time; each client sends one at least. All that were sent
    are waited for. Raises TimeoutError if nothing is answered for long.
    """
    poll = select.epoll()
    connections: dict[int, _Connection] = {}
    answers: list[Answer] = []
    sent = 0
    gc.collect()
    gc.disable()  # it would look at all answers again and again
    cpu_s, began = time.process_time(), time.perf_counter()

    def send(connection: _Connection) -> None:
        nonlocal sent
        connection.request, connection.head, connection.body_bytes = sent % len(requests), b"", 0
        connection.received.clear()
        sent += 1
        connection.sent_at = time.perf_counter()
        connection.socket.sendall(requests[connection.request])

    def connect() -> None:
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[connection.socket.fileno()] = connection
        poll.register(connection.socket, select.EPOLLIN)
        send(connection)

    try:
        for _ in range(clients):
            connect()
        while connections:
            ready = poll.poll(SILENCE_S)
            if not ready:
                raise TimeoutError(f"{len(connections)} requests without an answer")
            for number, _ in ready:
                connection = connections[number]
                answer = _receive(connection)
                if answer is None:
                    continue
                answers.append(answer)
                is_over = sent >= count or time.perf_counter() - began > seconds
                if answer.status and not is_over:
                    send(connection)
                    continue
                del connections[number]
                connection.socket.close()
                if not is_over:
                    connect()
        return Load(answers, time.perf_counter() - began, time.process_time() - cpu_s)
    finally:
        gc.enable()
        for connection in connections.values():
            connection.socket.close()
        poll.close()


def _receive(connection: _Connection) -> Answer | None:
    """Read what has come; return the answer if it is complete, or if the connection is broken."""
    try:
        piece = connection.socket.recv(PIECE_BYTES)
    except ConnectionError:
        piece = b""
    if not piece:
        return Answer(connection.request, time.perf_counter() - connection.sent_at, 0, b"")
    received = connection.received
    received += piece
    if not connection.head:
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        connection.head = bytes(received[:end])
        del received[: end + 4]
        _, _, length = connection.head.lower().partition(b"\r\ncontent-length:")
        connection.body_bytes = int(length.partition(b"\r\n")[0])
    if len(received) < connection.body_bytes:
        return None
    took_s = time.perf_counter() - connection.sent_at
    return Answer(connection.request, took_s, int(connection.head[9:12]), bytes(received))
