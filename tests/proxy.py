"""A TCP proxy that misbehaves on demand, for clients that should not mind."""

from __future__ import annotations

import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What one connection meets; the ones after the last fault work."""

    answer: bytes = b""  # instead of the server's
    cut_sent: int = 0  # break after so many bytes from the client
    cut_received: int = 0  # break after so many bytes to the client


def refusal(status: str, retry_after_s: int) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nRetry-After: {retry_after_s}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )


class FaultyProxy:
    """Listens on a port of its own and passes bytes to the target, but for the faults that are given."""

    def __init__(self, target: int, *faults: Fault) -> None:
        self.faults = deque(faults)
        self.connections = 0
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            fault = self.faults.popleft() if self.faults else Fault()
            threading.Thread(target=self._connect, args=(client, fault), daemon=True).start()

    def _connect(self, client: socket.socket, fault: Fault) -> None:
        if fault.answer:
            with client:
                client.recv(65_536)
                client.sendall(fault.answer)
            return
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=_pump, args=(server, client, fault.cut_received), daemon=True)
            back.start()
            _pump(client, server, fault.cut_sent)
            back.join()
        client.close()


def _pump(source: socket.socket, sink: socket.socket, cut_after: int) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(16_384):
            if cut_after and passed + len(data) > cut_after:
                sink.sendall(data[: cut_after - passed])
                for end in (source, sink):
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                return
            sink.sendall(data)
            passed += len(data)
        sink.shutdown(socket.SHUT_WR)
