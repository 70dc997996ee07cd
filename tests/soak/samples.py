"""What each process holds, second by second, and whether it grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import linear_regression, median

import psutil

INTERVAL_S = 1.0
GROWTH_MB = 3.0  #: from the first to the last third of the time, up to which memory is flat
GROWTH_HANDLES = 2  #: likewise, open files, connections and threads
PAIRS_OF = 120  #: samples whose pairs make the robust slope


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    memory_mb: float  # that no other process shares; of Redis: what its data take
    files: int
    connections: int
    threads: int


@dataclass(frozen=True, slots=True)
class Trend:
    """One process from the first to the last third of the time."""

    name: str
    first_mb: float
    last_mb: float
    slope_mb_h: float  # least squares, per hour of the ordinary days that the load stands for
    robust_mb_h: float  # the median slope of all pairs (Theil-Sen)
    grown: tuple[str, ...]  # what else became more

    @property
    def flat(self) -> bool:
        return self.last_mb - self.first_mb < GROWTH_MB and not self.grown


class Sampler:
    """Looks at processes in a thread of its own until `stop`. `find` gives them by name, anew each time."""

    def __init__(self, find: Callable[[], dict[str, psutil.Process]], redis_mb: Callable[[], float]) -> None:
        self.samples: dict[str, list[Sample]] = {}
        self._find, self._redis_mb = find, redis_mb
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def trends(self, faster: float) -> list[Trend]:
        """Of all processes that were there to the end. `faster`: hours of ordinary days in one of ours."""
        end = max(samples[-1].at_s for samples in self.samples.values())
        return [
            _trend(name, samples, faster)
            for name, samples in self.samples.items()
            if samples[-1].at_s > end - 5 and len(samples) >= 9
        ]

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL_S):
            now = time.monotonic()
            for name, process in self._find().items():
                try:
                    sample = self._look(name, process, now)
                except psutil.NoSuchProcess:
                    continue
                self.samples.setdefault(name, []).append(sample)

    def _look(self, name: str, process: psutil.Process, now: float) -> Sample:
        with process.oneshot():
            return Sample(
                now,
                self._redis_mb() if name == "redis" else process.memory_full_info().uss / 2**20,
                len(process.open_files()),
                len(process.net_connections("all")),
                process.num_threads(),
            )


def _trend(name: str, samples: Sequence[Sample], faster: float) -> Trend:
    third = len(samples) // 3
    first, last = samples[:third], samples[-third:]
    hours = [(sample.at_s - samples[0].at_s) / 3_600 * faster for sample in samples]
    memory = [sample.memory_mb for sample in samples]
    some = list(zip(hours, memory, strict=True))[:: max(1, len(samples) // PAIRS_OF)]
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(some, 2)]
    grown = [
        f"{what} {before:.0f} → {after:.0f}"
        for what in ("files", "connections", "threads")
        if (after := median(getattr(s, what) for s in last))
        > (before := median(getattr(s, what) for s in first)) + GROWTH_HANDLES
    ]
    return Trend(
        name,
        median(s.memory_mb for s in first),
        median(s.memory_mb for s in last),
        linear_regression(hours, memory).slope,
        median(slopes),
        tuple(grown),
    )
