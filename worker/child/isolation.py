"""Finds the rows of a chunk that kill the process which classifies them, by bisection.

The state is saved before each attempt, with a mark on the range about to run. After a crash, the next execution finds
the mark and one more crash than before: it halves that range or, where it is one row, convicts the row. A mark without
a new crash means that the whole worker was lost, and the range runs again. A chunk of n rows with one killer needs
about log2(n) + 1 crashes; every other row is classified.
"""

from __future__ import annotations

from collections.abc import Callable

import msgpack

from sentiq.jobs.types import RowError

#: After one crash a chunk is tried again whole: it may not have been the cause.
CRASHES_BEFORE_ISOLATION = 2

KILLED = RowError(
    "killed_worker",
    "Each attempt to classify this text ended its process (crash, out of memory, or time limit); it was given up.",
)


def isolate(
    rows: int, state: bytes | None, crashes: int, run: Callable[[int, int], object], save: Callable[[bytes], None]
) -> list[int]:
    """Return the offsets of the rows that kill the process, after every other row has run without harm.

    `run(start, end)` classifies a range, and may never return. `state` is what the last execution passed to `save`;
    `crashes` is the number of crashes of the chunk so far.
    """
    convicted: list[int]
    ranges: list[tuple[int, int]]  # still to run; the first one is marked where a state was saved
    if state is None:
        convicted, ranges = [], [(0, rows)]
    else:
        convicted, ranges, crashes_before = msgpack.unpackb(state, use_list=True)[:3]  # a newer version may add to it
        if ranges and crashes > crashes_before:
            start, end = ranges.pop(0)
            middle = (start + end) // 2
            if end - start == 1:
                convicted.append(start)
            else:
                ranges[:0] = [(start, middle), (middle, end)]
    while ranges:
        save(msgpack.packb((convicted, ranges, crashes)))
        run(*ranges[0])
        ranges.pop(0)
    save(msgpack.packb((convicted, [], crashes)))
    return convicted
