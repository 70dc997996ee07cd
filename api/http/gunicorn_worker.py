"""Extends gunicorn's threaded worker for clients that are slow or idle on purpose.

A thread is given to a connection only when something has arrived, and is taken back from one that keeps it waiting:
with the original, a few dozen clients that send half a request would stop the API. No thread waits for a client to
close its end: with the original, the accepting thread does, and all other clients wait with it.
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from api.http.gunicorn_request import take_typed_addresses
from api.http.gunicorn_threads import Resting, Threads

ACCEPTED_AT_ONCE = 64  #: connections
HEADERS_WITHIN_S = 10.0  #: a request's first byte to the end of its headers
LINGER_S = 5.0  #: a closed connection waits so long for the client's end
STOPPING_S = 2.0  #: the same while the worker stops
LINGERING = 1_000  #: connections that wait for it; beyond them, the oldest waits no longer
LOOK_EVERY_S = 1.0  #: for connections that have rested too long
PIECE_BYTES = 65_536  #: of what a client still sends, thrown away at once

_deadlines: dict[socket.socket, float] = {}  # of the connections that threads wait for; monotonic seconds


def _leave_open(_: socket.socket) -> None:
    """Replaces gunicorn's function, which closes in a waiting thread if an answer breaks off."""


util.close_graceful = _leave_open  # type: ignore[assignment]  # without the limits, which are the poller's


def expect(connection: socket.socket | None, within_s: float) -> None:
    """Set how long the thread of this connection waits for data; None: the server is not gunicorn."""
    if connection is not None:
        _deadlines[connection] = time.monotonic() + within_s


def arrived(connection: socket.socket | None) -> None:
    """End the wait that `expect` began: the data have arrived."""
    if connection is not None:
        _deadlines.pop(connection, None)


def _tell_of_the_close(app: Callable[..., Any]) -> Callable[..., Any]:
    """Close a connection whose request has a body that was not read and has not arrived, and let the answer say so.

    gunicorn would wait up to 5 s for the rest. A client that is not told sends its next request on the connection, and
    gets no answer.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body, connection = environ["wsgi.input"], environ["gunicorn.socket"]

        def start(*status_and_headers: Any) -> Any:
            if not _is_read(body, connection):
                start_response.__self__.force_close()  # gunicorn's Response
            return start_response(*status_and_headers)

        return app(environ, start)

    return answer


def _is_at_end(body: Body) -> bool:
    """Tell, without a system call, whether all of a body of known length has been taken from its connection."""
    return isinstance(body.reader, LengthReader) and body.reader.length == 0


def _is_read(body: Body, connection: socket.socket) -> bool:
    """Take what has arrived of a body, up to PIECE_BYTES, without waiting; return whether that was all of it."""
    if _is_at_end(body):
        return True
    timeout_s = connection.gettimeout()
    connection.setblocking(False)
    try:
        return len(body.read(PIECE_BYTES)) < PIECE_BYTES
    except (OSError, ParseException):  # more is to come, or the client is gone or has sent nonsense
        return False
    finally:
        connection.settimeout(timeout_s)


class _Connection(TConn):
    """Takes addresses as they are typed, and leaves a graceful close to the poller."""

    has_rested = False

    def __init__(self, linger: Callable[[socket.socket], None], *of_gunicorn: Any) -> None:
        super().__init__(*of_gunicorn)
        self._linger = linger

    def init(self) -> None:
        super().init()
        take_typed_addresses(self.parser)

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._linger(self.sock)
        else:
            super().close()


class _Socket(socket.socket):
    """Makes no system call to become what it is: gunicorn sets it to blocking for each request."""

    def setblocking(self, flag: bool) -> None:
        if flag != self.getblocking():
            super().setblocking(flag)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a request: the part of a Future that gunicorn asks for."""

    keeps_connection: Any  # or gunicorn's mark that nothing has arrived

    def cancelled(self) -> bool:
        return False

    def result(self) -> Any:
        return self.keeps_connection


class Worker(ThreadWorker):
    def __init__(self, *of_gunicorn: Any, **more: Any) -> None:
        super().__init__(*of_gunicorn, **more)
        self._next_look = 0.0  # monotonic seconds
        self._lingering: dict[socket.socket, float] = {}  # their deadlines, the first one first; monotonic seconds

    def accept(self, listener: socket.socket) -> None:
        """Accept what waits: with one a turn, new clients of a busy process wait for seconds while others are answered.

        Beside other processes it is one a turn, so that each of them gets its share of the clients.
        """
        room = self.worker_connections - self.nr_conns
        for _ in range(min(room, ACCEPTED_AT_ONCE) if self.cfg.workers == 1 else 1):
            if not self._accept_one(listener):
                break

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            client, address = listener.accept()
        except OSError:
            return False  # nothing waits, it went away, or another process was quicker
        self.nr_conns += 1
        client = _Socket(client.family, client.type, client.proto, fileno=client.detach())
        connection = _Connection(self._linger, self.cfg, client, address, listener.getsockname())
        connection.set_timeout()
        self.pending_conns.append(connection)
        self.poller.register(client, EVENT_READ, partial(self.on_pending_socket_readable, connection))
        return True

    def get_thread_pool(self) -> Any:
        return Threads(self.cfg.threads)

    def enqueue_req(self, connection: Any) -> None:
        self.tpool.submit(partial(self._serve, connection))

    def run(self) -> None:
        self._resting = Resting()  # not before the fork: processes would share it
        self.poller.register(self._resting, EVENT_READ, self._wake)
        super().run()

    def _serve(self, connection: Any) -> None:
        keeps_connection: Any = False
        try:
            keeps_connection = self.handle(connection)
        except BaseException:  # the thread lives on
            self.log.exception("a request ended in an error")
        if keeps_connection is True and not self._is_stopping() and not connection.parser.unreader.buf.getvalue():
            connection.set_timeout()
            self._resting.add(connection)
            if self._is_stopping():  # since a moment ago: `_cap_keepalive` may have missed this connection
                connection.timeout = time.monotonic() + STOPPING_S
        else:
            self.method_queue.defer(self.finish_request, connection, _Outcome(keeps_connection))

    def _is_stopping(self) -> bool:
        return not self.alive

    def _wake(self, _: object) -> None:
        for connection in self._resting.wake():
            self.enqueue_req(connection)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close connections that have rested for too long; gunicorn calls this after each event."""
        super().murder_keepalived(force)  # type: ignore[call-arg]  # as below
        now = time.monotonic()
        if now >= self._next_look or not self.alive:
            self._next_look = now + LOOK_EVERY_S
            for connection in self._resting.overdue(math.inf if force else now):
                self.nr_conns -= 1
                connection.close()

    def _keepalive_after(self, connection: Any, keeps_connection: bool) -> bool:
        """Tell whether another request may come on this connection; gunicorn reads the rest of the body before it."""
        if keeps_connection and _is_at_end(connection.parser.mesg.body):
            connection.parser.mesg = None  # nothing is left to read: gunicorn would set time limits, four system calls
            return True
        return bool(super()._keepalive_after(connection, keeps_connection))  # type: ignore[misc]  # as below

    def handle(self, connection: Any) -> Any:
        expect(connection.sock, HEADERS_WITHIN_S)
        try:
            return super().handle(connection)
        finally:
            arrived(connection.sock)

    def handle_request(self, request: Any, connection: Any) -> Any:
        arrived(connection.sock)
        return super().handle_request(request, connection)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        app: Any = self.wsgi
        assert isinstance(app, Flask)
        app.wsgi_app = _tell_of_the_close(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation tells

    def murder_pending(self) -> None:
        """End connections whose deadline has passed; gunicorn calls this at least once a second."""
        super().murder_pending()
        now = time.monotonic()
        for connection, deadline in list(_deadlines.items()):
            if deadline < now:
                _deadlines.pop(connection, None)
                try:
                    connection.shutdown(socket.SHUT_RD)  # its thread finds the end of the request
                except OSError:
                    pass  # it is gone already
        while self._lingering:
            connection, deadline = next(iter(self._lingering.items()))
            if deadline > now:
                break
            self._end(connection)

    def _cap_keepalive(self, deadline: float) -> None:
        """Do not let clients that send nothing or keep their end open delay the stop; gunicorn calls this then."""
        super()._cap_keepalive(deadline)  # type: ignore[misc]  # the stubs are those of an older gunicorn
        self._resting.hasten(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout or deadline, deadline)
        self._lingering = {connection: min(end, deadline) for connection, end in self._lingering.items()}

    def _linger(self, connection: socket.socket) -> None:
        """Close as RFC 9112 (9.6) asks: tell the end, take what still comes until the client has closed its end.

        A close that leaves something unread resets the connection, and the client may lose the answer.
        """
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            self.poller.register(connection, EVENT_READ, self._discard)
        except OSError:
            util.close(connection)  # it is gone already
            return
        self.nr_conns += 1  # gunicorn has counted it off
        self._lingering[connection] = time.monotonic() + (LINGER_S if self.alive else STOPPING_S)
        if len(self._lingering) > LINGERING:
            self._end(next(iter(self._lingering)))

    def _discard(self, connection: socket.socket) -> None:
        try:
            if connection.recv(PIECE_BYTES):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # reset
        self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        if self._lingering.pop(connection, None) is not None:
            self.poller.unregister(connection)
            util.close(connection)
            self.nr_conns -= 1
