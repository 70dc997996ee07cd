"""How long the service took to recover from each fault, told at the end of the tests."""

from __future__ import annotations

import os
from collections import defaultdict
from statistics import median

#: How often each fault is repeated; for figures rather than for a verdict, `TEST_REPEATS=5`.
REPEATS = int(os.environ.get("TEST_REPEATS", "1"))

_seconds: dict[tuple[str, str], list[float]] = defaultdict(list)


def note(fault: str, what: str, seconds: float) -> None:
    _seconds[fault, what].append(seconds)


def table() -> list[str]:
    """Lines for people; none when nothing was measured."""
    if not _seconds:
        return []
    lines = [f"{'fault':<32} {'seconds':<46} {'median':>7} {'max':>7} {'n':>3}"]
    return lines + [
        f"{fault:<32} {what:<46} {median(values):>7.2f} {max(values):>7.2f} {len(values):>3}"
        for (fault, what), values in _seconds.items()
    ]
