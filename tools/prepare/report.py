"""What the command prints while it works."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done, and the seconds it took once it is."""
    started = time.perf_counter()
    live = sys.stdout.isatty()
    if live:
        print(f"  …        {what}", end="\r", flush=True)
    try:
        yield
    finally:
        if live:
            print("\r\x1b[K", end="", flush=True)  # back to an empty line
    say(f"  {time.perf_counter() - started:6.1f} s  {what}")


def table(rows: Sequence[Sequence[str]]) -> None:
    """Rows below a heading, the columns as wide as they must be; numbers are for the caller to align."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
