"""What a worker counts and times, for Prometheus.

Parent and children each write files of their own in one directory; metrics_server.py adds them up. The files of a child
are named after its place in the pool, not after its process: a child that replaces another goes on counting where that
one ended. So nothing is lost when a child dies, and the number of files does not grow.
"""

from __future__ import annotations

import atexit
import os
import shutil
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

from sentiq.core import living_directory
from sentiq.jobs.types import FAILED, WITHOUT_TEXT

if TYPE_CHECKING:  # importing the engine loads OpenVINO, which Flower does not need
    from sentiq.engine import Timings

PREFIX = "sentiq-metrics-"
FILE_BYTES = 2**16  #: initial size of each file, set by prometheus_client
PARENT = "parent"  #: what the files of the parent are named after
FILE_KINDS = ("counter", "histogram", "gauge_mostrecent")  #: one file of each for each process

#: Why work was given out again: its child died, it took too long, its task raised, its worker stopped renewing leases.
RECOVERY_REASONS = ("child_lost", "time_limit", "error", "lease")

#: Who answers rows of a pair, in the order of `Outcome.given_by`, from 1.
PARTS = ("student", "teacher")

#: Bounds of buckets, in seconds: waits may be hours, one pass of the network is milliseconds.
WAIT_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200)
TOKENISE_S = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
INFERENCE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5)
BATCH_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
BATCH_TOKENS = (16, 32, 64, 128, 192, 256, 384, 512, 1_024, 2_048, 8_192)


class Metrics:
    """All metrics that the processes of a worker write. docs/observability.md explains each."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.texts = Counter("sentiq_texts", "rows answered", ["lane", "outcome"], registry=r)
        self.chunks = Counter("sentiq_chunks", "chunks answered", ["lane"], registry=r)
        self.queue_wait = Histogram(
            "sentiq_queue_wait_seconds", "from ready to taken by a child", ["lane"], buckets=WAIT_S, registry=r
        )
        self.tokenise = Histogram(
            "sentiq_tokenise_seconds", "tokenising the texts of one pass", buckets=TOKENISE_S, registry=r
        )
        self.inference = Histogram(
            "sentiq_inference_seconds", "one batch in the network", ["model"], buckets=INFERENCE_S, registry=r
        )
        self.batch_texts = Histogram("sentiq_batch_texts", "texts of one batch", buckets=BATCH_TEXTS, registry=r)
        self.batch_tokens = Histogram(
            "sentiq_batch_tokens", "tokens of one batch, padding included", buckets=BATCH_TOKENS, registry=r
        )
        self.recoveries = Counter("sentiq_recoveries", "chunks given out again", ["lane", "reason"], registry=r)
        self.poison_rows = Counter("sentiq_poison_rows", "rows given up as they kill their child", ["lane"], registry=r)
        self.degraded_texts = Counter("sentiq_degraded_texts", "rows that a smaller model answered", registry=r)
        self.cascade_texts = Counter(
            "sentiq_cascade_texts", "rows that a pair answered", ["lane", "answered_by"], registry=r
        )
        self.model_texts = Counter(
            "sentiq_model_texts", "rows answered, by the model that did", ["lane", "model"], registry=r
        )
        self.children_started = Counter("sentiq_children_started", "children that became warm", ["lane"], registry=r)
        self.scale = Gauge(
            "sentiq_autoscale_children",
            "children that --autoscale allows, and wants now",
            ["bound"],
            multiprocess_mode="mostrecent",
            registry=r,
        )
        self.scalings = Counter("sentiq_autoscale_decisions", "changes of their number", ["direction"], registry=r)

    def begin(self, lane: str) -> None:
        """Show 0 for what has not happened yet: from an absent metric Prometheus computes no rate of a first event."""
        for outcome in ("completed", FAILED, WITHOUT_TEXT):
            self.texts.labels(lane, outcome)
        for reason in RECOVERY_REASONS:
            self.recoveries.labels(lane, reason)
        for direction in ("up", "down"):
            self.scalings.labels(direction)
        for part in PARTS:
            self.cascade_texts.labels(lane, part)
        for metric in (self.chunks, self.queue_wait, self.poison_rows, self.children_started):
            metric.labels(lane)


@cache
def metrics() -> Metrics:
    """Return the metrics of this process and of those it forks. Without `share` no other process sees the counts."""
    return Metrics()


def observe(timings: Timings) -> None:
    """Count one pass of an engine."""
    counted = metrics()
    counted.tokenise.observe(timings.tokenise_s)
    observe_all(counted.inference.labels(timings.model), [batch.inference_s for batch in timings.batches])
    observe_all(counted.batch_texts, [batch.texts for batch in timings.batches])
    observe_all(counted.batch_tokens, [batch.tokens for batch in timings.batches])


def observe_all(histogram: Histogram, amounts: Sequence[float]) -> None:
    """Do what `observe` of each amount does, with one write a bucket: a pass has a hundred batches, most alike."""
    histogram._sum.inc(sum(amounts))
    for bucket, count in Tally(bisect_left(histogram._upper_bounds, amount) for amount in amounts).items():
        histogram._buckets[bucket].inc(count)


def share() -> Path:
    """Make the directory in which all processes of this worker count, and return it.

    To be called in the parent before it forks and before anything is counted. The directory is removed when this
    process ends; those of workers that were killed are removed here. Raises OSError when the disk is full.
    """
    directory = living_directory.make(PREFIX)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)  # children end without it
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    values.ValueClass = values.MultiProcessValue(_slot)  # type: ignore[no-untyped-call]
    reserve(directory, [PARENT])
    return directory


def reserve(directory: Path, slots: Iterable[str]) -> None:
    """Allocate the files of these processes now: on a disk that is full later, a write would end its process.

    Raises OSError when there is no room.
    """
    for slot in slots:
        for kind in FILE_KINDS:
            with (directory / f"{kind}_{slot}.db").open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_BYTES)


def _slot() -> str:
    """Return what the files of this process are named after: a child's place in the pool, which is unique at a time."""
    from billiard.process import current_process  # a process that serves both lanes has no pool

    return str(getattr(current_process(), "index", PARENT))
