"""A TCP proxy that breaks, delays and loses connections on demand."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one connection. Connections after the last fault work."""

    answer: bytes = b""  # instead of the server's
    cut_sent: int = 0  # break after so many bytes from the client
    cut_received: int = 0  # break after so many bytes to the client


def refusal(status: str, retry_after_s: int) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nRetry-After: {retry_after_s}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    )


class _Pair:
    """A connection from the client and the one to its server."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.mute = False  # bytes are dropped, and neither end learns that the other one is gone

    def cut(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class FaultyProxy:
    """Listens on a free port and passes bytes to the target, except where a fault says otherwise."""

    def __init__(self, target: int, *faults: Fault, receive_buffer: int = 0) -> None:
        """`receive_buffer`: bytes that the kernel may buffer before the proxy reads them; 0: its default, megabytes."""
        self.faults = deque(faults)
        self.connections = 0
        self.delay_s = 0.0  #: delay of each piece, in each direction
        self._target = target
        self._pairs: set[_Pair] = set()
        self._passing = threading.Event()
        self._passing.set()
        self._server = socket.create_server(("127.0.0.1", 0))
        if receive_buffer:
            self._server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def cut(self) -> None:
        """Break all open connections; new ones work."""
        for pair in tuple(self._pairs):
            pair.cut()

    def hold(self) -> None:
        """Pass nothing from now on, as in a network that is cut; connections stay open."""
        self._passing.clear()

    def release(self) -> None:
        """Pass what was held, and all that follows."""
        self._passing.set()

    def forget(self) -> None:
        """Drop all bytes of the open connections, as a firewall does that has forgotten them; new connections work."""
        for pair in tuple(self._pairs):
            pair.mute = True

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
            pair = _Pair(client, server)
            self._pairs.add(pair)
            back = threading.Thread(target=self._pump, args=(pair, server, client, fault.cut_received), daemon=True)
            back.start()
            self._pump(pair, client, server, fault.cut_sent)
            back.join()
            self._pairs.discard(pair)
        client.close()

    def _pump(self, pair: _Pair, source: socket.socket, sink: socket.socket, cut_after: int) -> None:
        passed = 0
        with suppress(OSError):
            while data := source.recv(16_384):
                self._passing.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                if pair.mute:
                    continue
                if cut_after and passed + len(data) > cut_after:
                    sink.sendall(data[: cut_after - passed])
                    pair.cut()
                    return
                sink.sendall(data)
                passed += len(data)
            self._passing.wait()
        with suppress(OSError):
            if not pair.mute or sink is pair.server:
                sink.shutdown(socket.SHUT_WR)
