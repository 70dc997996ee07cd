"""`sentiq serve --embedded` against the whole service: start, memory, and texts a second.

    python -m tools.benchmarks.embedded [--rows 20000] [--requests 300] [--starts 5]

The embedded process first, then a cluster with one child a lane: each classifies a file of --rows different texts, then
--requests single texts, one after another (`POST /analyze`). The result cache is off. Memory is in MB: resident, which
counts pages of files that the kernel may drop, and anonymous, which it may not; "at rest" some seconds after the last
text. Of a cluster it is the sum of PSS over all processes and Redis.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from embedded.upkeep import REST_S
from tests.support.cluster import Cluster
from tests.support.embedded import Embedded
from tests.support.service import Service
from tests.support.texts import sentences

NO_CACHE = {"SENTIQ_CACHE_ENTRIES": "0", "SENTIQ_LOG_LEVEL": "WARNING"}
STOP_S = 30.0


def embedded(rows: int, requests: int, starts: int) -> dict[str, object]:
    """Measure the one process."""
    started_s = []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as directory:
            began = time.perf_counter()
            service = Embedded(Path(directory), **NO_CACHE)
            started_s.append(time.perf_counter() - began)
            service.process.stop(STOP_S)
            service.close()
    with tempfile.TemporaryDirectory() as directory:
        service = Embedded(Path(directory), **NO_CACHE)
        try:
            at_start = _held(service.process.ps)
            speeds = _speeds(service, rows, requests)
            after = _held(service.process.ps)
            time.sleep(REST_S + 3)
            rested = _held(service.process.ps)
        finally:
            service.close()
    return {
        "start_s": round(statistics.median(started_s), 2),
        "at start": at_start,
        **speeds,
        "after": after,
        "at rest": rested,
    }


def cluster(rows: int, requests: int) -> dict[str, object]:
    """Measure the whole service with one child a lane."""
    with tempfile.TemporaryDirectory() as directory, Cluster(Path(directory), None, **NO_CACHE) as running:
        began = time.perf_counter()
        running.start(interactive=1, bulk=1)
        started_s = time.perf_counter() - began
        speeds = _speeds(running, rows, requests)
        assert running.redis_server.process is not None
        parents = [running.redis_server.process.pid, *(process.popen.pid for process in running.processes)]
        found = [psutil.Process(pid) for pid in parents]
        family = [*found, *(child for parent in found for child in parent.children(recursive=True))]
        pss_mb = sum(one.memory_full_info().pss for one in family) / 1e6
    return {"start_s": round(started_s, 2), **speeds, "after": {"pss_mb": round(pss_mb)}}


def _speeds(service: Service, rows: int, requests: int) -> dict[str, float]:
    texts = sentences(rows + requests + 1)
    bulk, single = texts[:rows], texts[rows:]
    table = "text\n" + "\n".join(bulk) + "\n"

    def file() -> None:
        posted = service.http.post("/api/v1/jobs", files={"file": ("texts.csv", table.encode(), "text/csv")})
        job = service.wait_ended(posted.json()["id"], timeout_s=3_600)
        assert job["counts"]["completed"] == rows, job

    def one_by_one() -> None:
        for text in single[1:]:
            service.http.post("/analyze", json={"text": text}).raise_for_status()

    service.http.post("/analyze", json={"text": single[0]}).raise_for_status()
    return {
        "texts of a file a second": round(rows / _seconds(file)),
        "single texts a second": round(requests / _seconds(one_by_one)),
    }


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _held(process: psutil.Process) -> dict[str, int]:
    memory = process.memory_info()
    return {"resident_mb": round(memory.rss / 1e6), "anonymous_mb": round((memory.rss - memory.shared) / 1e6)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--starts", type=int, default=5)
    asked = parser.parse_args()
    measured = {
        "embedded": embedded(asked.rows, asked.requests, asked.starts),
        "cluster": cluster(asked.rows, asked.requests),
    }
    print(json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
