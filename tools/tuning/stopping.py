"""Stops between two steps when somebody asks for it: Ctrl-C, or SIGTERM of a system that goes down."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Stopping:
    """Notes the signal that asked to stop; a second one ends at once."""

    def __init__(self) -> None:
        self.signal = 0

    def __call__(self) -> bool:
        return bool(self.signal)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Note signals while the block runs, which must look from time to time whether there was one."""
        before = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
        print("\nstopping after this step", file=sys.stderr, flush=True)
