"""An overload of the interactive lane, without and with degraded mode.

    python -m tools.benchmarks.overload --model-root DIR --model ID --texts FILE [--seconds 60] [--times 5] [--limit 1]

First what the lane can do with the model is measured; then jobs come for a minute at five times that pace, whatever
becomes of those before. Latency is from the creation of a job to its end, both by the clock of Redis.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from sentiq.core import redis_keys
from sentiq.jobs.census import texts_per_second
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import Lane
from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tools.benchmarks.texts import read_texts

CHILDREN = 2
TEXTS = 16  #: of one job
SETTLE_JOBS = 150  #: that come at once, to see what the lane can do
CALM = 0.3  #: of what the lane can do: the load after the overload
POSTING_THREADS = 8


@contextmanager
def running(options: argparse.Namespace, limit_s: float) -> Iterator[Cluster]:
    with (
        tempfile.TemporaryDirectory() as directory,
        Cluster(
            Path(directory),
            SENTIQ_MODEL_ROOT=str(options.model_root),
            SENTIQ_MODEL=options.model,
            SENTIQ_CACHE_ENTRIES="0",
            SENTIQ_DEGRADE_ABOVE_S=str(limit_s),
        ) as cluster,
    ):
        cluster.start(interactive=CHILDREN, bulk=0)
        yield cluster


class Load:
    """Jobs at a steady pace; none waits for another."""

    def __init__(self, cluster: Cluster, texts: list[str]) -> None:
        self._cluster, self._texts = cluster, texts
        self._http = httpx.Client(base_url=cluster.url, timeout=60)
        self._posted = 0
        self.jobs: list[str] = []
        self.refused = 0

    def run(self, texts_per_s: float, seconds: float) -> list[str]:
        """The ids of the jobs that were accepted in this time."""
        first, began, pause_s = len(self.jobs), time.monotonic(), TEXTS / texts_per_s
        with ThreadPoolExecutor(POSTING_THREADS) as threads:
            for number in range(int(seconds / pause_s)):
                time.sleep(max(0.0, began + number * pause_s - time.monotonic()))
                threads.submit(self._post, number)
        return self.jobs[first:]

    def _post(self, number: int) -> None:
        start = number * TEXTS % (len(self._texts) - TEXTS)
        answer = self._http.post("/api/v1/jobs", json={"texts": self._texts[start : start + TEXTS]})
        if answer.status_code == httpx.codes.ACCEPTED:
            self.jobs.append(answer.json()["id"])
        else:
            self.refused += 1


def capacity(cluster: Cluster, texts: list[str]) -> float:
    """Texts a second that the lane answers while more wait."""
    jobs = Load(cluster, texts).run(1e6, SETTLE_JOBS * TEXTS / 1e6)
    store = JobStore(cluster.redis, cluster.settings)
    wait_until(lambda: store.get(jobs[-1]).ended_at_ms, timeout_s=600)
    ended = [store.get(job_id) for job_id in jobs]
    began_ms = min(job.started_at_ms or 0 for job in ended)
    return len(jobs) * TEXTS / (max(job.ended_at_ms or 0 for job in ended) - began_ms) * 1000


def measure(cluster: Cluster, jobs: list[str]) -> dict[str, Any]:
    """Latencies of the jobs that have ended, seconds; and what became of all."""
    store = JobStore(cluster.redis, cluster.settings)
    found = [store.get(job_id) for job_id in jobs]
    took_s = sorted(((job.ended_at_ms or job.now_ms) - job.created_at_ms) / 1000 for job in found)
    bundled = sum((job.answered_by or "").startswith("sentiq-small-zh@") for job in found)
    return {
        "jobs": len(jobs),
        "unanswered_at_the_end": sum(job.ended_at_ms is None for job in found),
        "p50_s": statistics.median(took_s),
        "p95_s": took_s[len(took_s) * 95 // 100],
        "max_s": took_s[-1],
        "degraded_share": bundled / len(jobs),
        "failed_rows": sum(job.failed for job in found),
    }


def degraded(cluster: Cluster) -> bool:
    return any(worker.degraded for worker in cluster.live())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-root", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=float, default=5)
    parser.add_argument("--limit", type=float, default=1.0, help="SENTIQ_DEGRADE_ABOVE_S")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    texts = read_texts(options.texts, 20_000)
    results: dict[str, Any] = {"seconds": options.seconds, "times": options.times, "limit_s": options.limit}
    with running(options, 0) as cluster:
        results["capacity_texts_per_s"] = can = capacity(cluster, texts)
        load = Load(cluster, texts)
        results["off"] = measure(cluster, load.run(can * options.times, options.seconds)) | {"refused": load.refused}
    with running(options, options.limit) as cluster:
        load = Load(cluster, texts)
        load.run(can * CALM, 5)
        jobs = load.run(can * options.times, options.seconds)
        ended = time.monotonic()
        wait_until(lambda: not cluster.redis.llen(redis_keys.PENDING), timeout_s=60)
        results["on"] = measure(cluster, jobs) | {"refused": load.refused, "degraded_at_the_end": degraded(cluster)}
        while degraded(cluster):
            after = load.run(can * CALM, 1)
        results["on"]["recovered_after_s"] = time.monotonic() - ended
        after = load.run(can * CALM, 10)
        results["after"] = measure(cluster, after)
        results["capacity_seen_by_the_policy"] = texts_per_second(cluster.redis, Lane.INTERACTIVE)
    print(json.dumps(results, indent=2))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
