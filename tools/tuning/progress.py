"""Tells how far a tuning has come and how long it still takes."""

from __future__ import annotations

import sys
import time

EVERY_S = {True: 1.0, False: 30.0}  #: between two lines, by whether somebody watches


class Meter:
    """Counts what is computed, of a total known beforehand.

    The first line comes as soon as the time left is known, or of a patient meter only if the work takes long.
    """

    def __init__(self, total: int, *, is_patient: bool = False) -> None:
        self._left = total
        self._done = 0  # in this process, since the first step: what comes before it is another kind of work
        self._started: float | None = None
        self._said = time.monotonic() if is_patient else 0.0
        self._live = sys.stdout.isatty()

    def skip(self, amount: int) -> None:
        """Leave out what an earlier run has computed, or what need not be computed any more."""
        self._left -= amount

    def advance(self, amount: int, what: str) -> None:
        """Count what was just computed, and print a line from time to time."""
        self._left -= amount
        now = time.monotonic()
        if self._started is None:
            self._started = now
            return
        self._done += amount
        if now - self._said >= EVERY_S[self._live]:
            self._said = now
            line = f"  {what}; {self._time_left(now - self._started)} left"
            print(f"\r\x1b[K{line}" if self._live else line, end="" if self._live else "\n", flush=True)

    def say(self, line: str) -> None:
        print(f"\r\x1b[K  {line}" if self._live else f"  {line}", flush=True)

    def _time_left(self, spent_s: float) -> str:
        seconds = max(0, self._left) / self._done * spent_s
        return f"{seconds / 60 + 0.5:.0f} min" if seconds > 90 else f"{seconds:.0f} s"
