"""gunicorn's threaded worker, for clients that are slow or idle on purpose.

A thread is given to a connection only when something has arrived, and is taken back from one that keeps it waiting:
with the original, a few dozen clients that send half a request would stop the API.
"""

from __future__ import annotations

import socket
import time
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

HEADERS_WITHIN_S = 10.0  #: a request's first byte to the end of its headers

_deadlines: dict[socket.socket, float] = {}  # of the connections that threads wait for; monotonic seconds


def expect(connection: socket.socket | None, within_s: float) -> None:
    """The thread that serves this connection waits for it no longer than so; None: there is no gunicorn."""
    if connection is not None:
        _deadlines[connection] = time.monotonic() + within_s


def arrived(connection: socket.socket | None) -> None:
    """What was expected has come."""
    if connection is not None:
        _deadlines.pop(connection, None)


class Worker(ThreadWorker):
    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError:
            return  # it went away, or another process was quicker
        self.nr_conns += 1
        connection = TConn(self.cfg, client, address, listener.getsockname())
        connection.set_timeout()
        self.pending_conns.append(connection)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, connection))

    def handle(self, connection: Any) -> Any:
        expect(connection.sock, HEADERS_WITHIN_S)
        try:
            return super().handle(connection)
        finally:
            arrived(connection.sock)

    def handle_request(self, request: Any, connection: Any) -> Any:
        arrived(connection.sock)
        return super().handle_request(request, connection)

    def murder_pending(self) -> None:
        """gunicorn calls this once a second at least."""
        super().murder_pending()
        now = time.monotonic()
        for connection, deadline in list(_deadlines.items()):
            if deadline < now:
                _deadlines.pop(connection, None)
                try:
                    connection.shutdown(socket.SHUT_RD)  # its thread finds the end of the request
                except OSError:
                    pass  # it is gone already
