"""What gunicorn's threaded worker does for each request, with fewer locks and system calls."""

from __future__ import annotations

import select
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

ONE_EVENT = select.EPOLLIN | select.EPOLLONESHOT


class Threads:
    """Runs requests in threads, which it starts as they are needed.

    The pool of the standard library makes a lock and a condition for each request. Here each thread has a queue of its
    own, so that a request is given to a thread that is idle, and to no other.
    """

    def __init__(self, most: int) -> None:
        self._most, self._started = most, 0
        self._lock = threading.Lock()  # of the two lists
        self._idle: list[SimpleQueue[Callable[[], object]]] = []  # of each idle thread, the last one first
        self._late: deque[Callable[[], object]] = deque()  # requests for which there was no thread

    def submit(self, request: Callable[[], object]) -> None:
        """Run a request as soon as a thread is free. Only one thread calls this."""
        with self._lock:
            if self._idle:
                self._idle.pop().put(request)
            elif self._started < self._most:
                self._started += 1
                name = f"request-{self._started}"
                threading.Thread(target=self._run, args=(request,), name=name, daemon=True).start()
            else:
                self._late.append(request)

    def shutdown(self, wait: bool) -> None:
        """Do nothing: gunicorn has waited for requests already, and daemon threads end with the process."""

    def _run(self, request: Callable[[], object]) -> None:
        given = SimpleQueue[Callable[[], object]]()
        while True:
            request()
            with self._lock:
                is_late = bool(self._late)
                if is_late:
                    request = self._late.popleft()
                else:
                    self._idle.append(given)
            if not is_late:
                request = given.get()


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
