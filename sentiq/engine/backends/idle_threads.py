"""Lets forked children load networks of OpenVINO, also after their parent has dropped some.

OpenVINO (2026.4.1) compiles a network in a thread that belongs to it, and when the network is gone keeps the thread for
the next one with the same settings. A fork inherits the list of such threads, but none of the threads: a child that
loads a network would wait for one of them for good. So before each fork trivial networks take those that are idle, and
no child ever drops a network of its parent.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any


class IdleThreads:
    """The threads of this process's networks. `occupy` compiles a trivial network, with the settings of all."""

    def __init__(self, occupy: Callable[[], object]) -> None:
        self._occupy = occupy
        self._networks: weakref.WeakSet[Any] = weakref.WeakSet()
        self._occupying: list[object] = []
        self._inherited: list[object] = []
        self._threads = 0
        os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)

    def expect(self) -> None:
        """A network is about to be compiled: give it an idle thread, if there is one."""
        if self._occupying:
            self._occupying.pop()
        self._threads = max(self._threads, self._used() + 1)

    def add(self, network: object) -> None:
        """Count a network for as long as it is referred to."""
        self._networks.add(network)
        self._threads = max(self._threads, self._used())  # more, if there was a fork while it was compiled

    def _used(self) -> int:
        return len(self._networks) + len(self._occupying)

    def _before_fork(self) -> None:
        while self._used() < self._threads:
            self._occupying.append(self._occupy())

    def _after_fork(self) -> None:
        self._inherited += [*self._networks, *self._occupying]
        self._networks.clear()
        self._occupying.clear()
        self._threads = 0
