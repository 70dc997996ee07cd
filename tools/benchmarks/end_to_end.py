"""What the service costs on top of its engine: ratios measured in one run, the two sides in turn.

    python -m tools.benchmarks.end_to_end --model-root DIR --model ID --texts FILE [--json FILE]

Needs two idle cores. Each figure is a median over interleaved repeats; absolute times are for orientation only.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from sentiq.jobs.store import JobStore
from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tools.benchmarks.texts import read_texts

CHILDREN = 2
LATENCY_POSTS = 200  #: single texts per latency figure
LOAD_TEXTS = 5000  #: texts of one bulk job that runs beside interactive texts
KILLS = 20


class BareEngines:
    """Two processes that do nothing but classify half of the texts each, all lengths sorted: the best one can do."""

    def __init__(self, model_dir: Path, texts: Sequence[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._start = context.Barrier(CHILDREN + 1)
        self._end = context.Barrier(CHILDREN + 1)
        self._processes = [
            context.Process(target=_bare, args=(model_dir, texts[n::CHILDREN], self._start, self._end), daemon=True)
            for n in range(CHILDREN)
        ]
        for process in self._processes:
            process.start()

    def run(self) -> float:
        """Seconds for all texts."""
        self._start.wait()
        started = time.perf_counter()
        self._end.wait()
        return time.perf_counter() - started

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
            process.join()


def _bare(model_dir: Path, texts: Sequence[str], start: Any, end: Any) -> None:
    engine = Engine.load(model_dir)
    engine.warm()
    while True:
        start.wait()
        engine.classify(texts)
        end.wait()


def bulk_ratio(cluster: Cluster, model_dir: Path, texts: Sequence[str], repeats: int) -> dict[str, float]:
    """Texts per second of a bulk job, POST to completed, over that of the bare engines."""
    bare = BareEngines(model_dir, texts)
    store = JobStore(
        cluster.redis, cluster.settings
    )  # waiting costs nothing there; a tight poll would cost a core's share
    pairs = []
    try:
        for _ in range(repeats):
            bare_s = bare.run()
            started = time.perf_counter()
            job_id = cluster.submit(list(texts))
            while not store.wait_ended(job_id, 4.0):
                pass
            pairs.append((bare_s, time.perf_counter() - started))
    finally:
        bare.close()
    return {
        "bulk_texts_per_s": statistics.median(len(texts) / job_s for _, job_s in pairs),
        "bare_texts_per_s": statistics.median(len(texts) / bare_s for bare_s, _ in pairs),
        "bulk_over_bare": statistics.median(bare_s / job_s for bare_s, job_s in pairs),
    }


def latencies(cluster: Cluster, texts: Sequence[str]) -> list[float]:
    """Seconds from POST to result of single texts, one after the other."""
    times = []
    with httpx.Client(base_url=cluster.url, timeout=60) as client:
        for text in texts:
            started = time.perf_counter()
            response = client.post("/api/v1/jobs", json={"text": text}, headers={"Prefer": "wait=30"})
            assert response.status_code == 200, response.text
            times.append(time.perf_counter() - started)
    return times


def engine_latencies(engine: Engine, texts: Sequence[str]) -> list[float]:
    """Seconds of the same texts in a warm engine, one after the other."""
    times = []
    for text in texts:
        started = time.perf_counter()
        engine.classify([text])
        times.append(time.perf_counter() - started)
    return times


@contextmanager
def bulk_load(cluster: Cluster, texts: Sequence[str]) -> Iterator[None]:
    """Keep bulk jobs running."""
    stop = threading.Event()

    def feed() -> None:
        with httpx.Client(base_url=cluster.url, timeout=60) as client:
            while not stop.is_set():
                job_id = client.post("/api/v1/jobs", json={"texts": list(texts)}).json()["id"]
                while not stop.wait(0.5) and not client.get(f"/api/v1/jobs/{job_id}").json()["ended_at"]:
                    pass
                client.delete(f"/api/v1/jobs/{job_id}")

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        wait_until(lambda: any(w.busy for w in cluster.live() if w.lane == "bulk"), timeout_s=60)
        yield
    finally:
        stop.set()
        thread.join()


def latency_figures(cluster: Cluster, model_dir: Path, texts: Sequence[str], repeats: int) -> dict[str, float]:
    """Idle and loaded latency of the interactive lane, in turn with the bare engine."""
    engine = Engine.load(model_dir)
    engine.warm()
    singles = [t for t in texts if len(t) <= 64][:LATENCY_POSTS]
    rounds = []
    for _ in range(repeats):
        bare = engine_latencies(engine, singles)
        idle = latencies(cluster, singles)
        with bulk_load(cluster, texts[:LOAD_TEXTS]):
            loaded = latencies(cluster, singles)
        wait_until(lambda: not any(w.busy for w in cluster.live()), timeout_s=60)
        rounds.append((bare, idle, loaded))

    def median_of(figure: Callable[[list[float], list[float], list[float]], float]) -> float:
        return statistics.median(figure(*r) for r in rounds)

    return {
        "engine_p50_ms": 1e3 * median_of(lambda bare, idle, loaded: p(bare, 50)),
        "idle_p50_ms": 1e3 * median_of(lambda bare, idle, loaded: p(idle, 50)),
        "idle_p95_ms": 1e3 * median_of(lambda bare, idle, loaded: p(idle, 95)),
        "loaded_p95_ms": 1e3 * median_of(lambda bare, idle, loaded: p(loaded, 95)),
        "idle_overhead_p50_ms": 1e3 * median_of(lambda bare, idle, loaded: p(idle, 50) - p(bare, 50)),
        "loaded_over_idle_p95": median_of(lambda bare, idle, loaded: p(loaded, 95) / p(idle, 95)),
    }


def p(values: Sequence[float], percentile: int) -> float:
    return statistics.quantiles(values, n=100)[percentile - 1]


def recovery_s(cluster: Cluster, texts: Sequence[str]) -> float:
    """Median seconds from `kill -9` of a busy child to a warm replacement."""
    worker = next(process for process in cluster.processes if process.name == "bulk")
    times = []
    with bulk_load(cluster, texts[:LOAD_TEXTS]):
        for _ in range(KILLS):
            wait_until(lambda: any(w.busy for w in cluster.live() if w.lane == "bulk"), timeout_s=60)
            before = {child.pid for child in worker.children()}
            log_size = worker.log.stat().st_size
            started = time.perf_counter()
            worker.children()[0].kill()
            wait_until(partial(_proven_since, worker.log, log_size), timeout_s=30, message="a child proves itself")
            times.append(time.perf_counter() - started)
            assert {child.pid for child in worker.children()} != before
    return statistics.median(times)


def _proven_since(log: Path, size: int) -> bool:
    with log.open("rb") as file:
        file.seek(size)
        return b"child warm" in file.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-root", type=Path, required=True, help="folder of prepared models")
    parser.add_argument("--model", required=True, help="id of the model to serve")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or .gz")
    parser.add_argument("--count", type=int, default=12000, help="texts of the bulk job (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats (default %(default)s)")
    parser.add_argument(
        "--json", type=Path, default=Path("tools/benchmarks/results/end_to_end.json"), help="where to write"
    )
    args = parser.parse_args()
    texts = read_texts(args.texts, args.count)
    model_dir = find_model([args.model_root], args.model).directory

    with tempfile.TemporaryDirectory() as directory:
        env = {"SENTIQ_MODEL_ROOT": str(args.model_root.resolve()), "SENTIQ_MODEL": args.model, "SENTIQ_LEASE_S": "10"}
        env["SENTIQ_CACHE_ENTRIES"] = "0"  # the same texts come again and again
        cluster = Cluster(Path(directory), **env)
        try:
            cluster.start(bulk=CHILDREN)
            figures = bulk_ratio(cluster, model_dir, texts, args.repeats)
            figures |= latency_figures(cluster, model_dir, texts, args.repeats)
            figures["child_recovery_median_s"] = recovery_s(cluster, texts)
        finally:
            cluster.close()

    table = Table("figure", "value", title=f"{args.model}, {len(texts)} texts, {CHILDREN} bulk children")
    for name, value in figures.items():
        table.add_row(name, f"{value:.3f}")
    Console().print(table)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
