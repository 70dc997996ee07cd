"""What gunicorn's threaded worker does for each request, with fewer locks and system calls."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

ONE_EVENT = select.EPOLLIN | select.EPOLLONESHOT


class Threads:
    """Runs requests in threads, which it starts as they are needed.

    The pool of the standard library makes a lock and a condition for each request.
    """

    def __init__(self, most: int) -> None:
        self._most, self._started = most, 0
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle: SimpleQueue[None] = SimpleQueue()  # as many entries as there are idle threads

    def submit(self, request: Callable[[], None]) -> None:
        """Run a request as soon as a thread is free. Only one thread calls this."""
        try:
            self._idle.get_nowait()
        except Empty:
            if self._started < self._most:
                self._started += 1
                threading.Thread(target=self._run, name=f"request-{self._started}", daemon=True).start()
        self._waiting.put(request)

    def shutdown(self, wait: bool) -> None:
        """Do nothing: gunicorn has waited for requests already, and daemon threads end with the process."""

    def _run(self) -> None:
        while True:
            try:
                request = self._waiting.get_nowait()
            except Empty:
                self._idle.put(None)
                request = self._waiting.get()
            request()


class Resting:
    """Connections between two requests. Each thread puts back its own, by one system call.

    gunicorn wakes the accepting thread for each answer, lets it register the socket and, at the next request, take it
    out again, looking for it among all others.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Any] = {}  # gunicorn's, by file descriptor

    def fileno(self) -> int:
        """Return the descriptor that is readable when there are connections to `wake`."""
        return self._epoll.fileno()

    def add(self, connection: Any) -> None:
        """Take a connection until its client sends something."""
        fd = connection.sock.fileno()
        self._connections[fd] = connection
        if connection.has_rested:
            self._epoll.modify(fd, ONE_EVENT)
        else:
            connection.has_rested = True
            self._epoll.register(fd, ONE_EVENT)  # until it is closed; after an event the kernel looks no more at it

    def wake(self) -> list[Any]:
        """Return the connections whose clients have sent something, or have gone, and forget them."""
        return [self._connections.pop(fd) for fd, _ in self._epoll.poll(0) if fd in self._connections]

    def overdue(self, now_s: float) -> list[Any]:
        """Return the connections whose time is over, and forget them."""
        overdue = [fd for fd, connection in list(self._connections.items()) if connection.timeout <= now_s]
        return [self._connections.pop(fd) for fd in overdue]

    def hasten(self, deadline_s: float) -> None:
        """Let no connection rest longer than until then (monotonic seconds)."""
        for connection in list(self._connections.values()):
            connection.timeout = min(connection.timeout, deadline_s)
