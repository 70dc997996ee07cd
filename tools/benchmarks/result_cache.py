"""What the result cache costs for texts it does not know, and saves for those it does.

    python -m tools.benchmarks.result_cache --texts FILE

One process: it answers chunks of different texts without the cache, with it (every text unknown) and again with it
(every text known), in turn. Whole service: bulk jobs of different texts to a cluster without the cache and to one with
it, in turn, the latter then once more. Processor seconds beside those of the clock, since a busy machine disturbs them
less; those of Redis are told apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from sentiq.core import redis_keys
from sentiq.core.redis import connect
from sentiq.core.settings import Settings
from sentiq.engine import Engine
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.lanes import OpenChunk
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, InputChunk
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.redis_server import RedisServer
from tools.benchmarks.texts import iterate_texts
from worker.child.classify import answer

CACHE = (redis_keys.CACHE_CURRENT, redis_keys.CACHE_PREVIOUS, redis_keys.CACHE_STATS)

Figures = dict[str, list[float]]  # name of a side → one figure for each repeat


class NoIsolation:
    def isolate(self, ref: ChunkRef, state: bytes) -> None:
        raise AssertionError("no chunk crashed")


def processor_s(processes: Iterable[psutil.Process | None]) -> float:
    """Seconds of processor time that these processes and their children have had."""
    total = 0.0
    for process in filter(None, processes):
        for one in (process, *process.children(recursive=True)):
            times = one.cpu_times()
            total += times.user + times.system
    return total


def process_figures(texts: Sequence[str], size: int) -> dict[str, Figures]:
    """Milliseconds for each chunk of `size` texts: of the clock, and of processors, the process's own and Redis's."""
    engine = Engine.load(REPOSITORY / "models" / "sentiq-small-zh")
    engine.warm()
    clock: Figures = defaultdict(list)
    own: Figures = defaultdict(list)
    server_ms: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory))
        server.start()
        try:
            with connect(server.settings.redis_address) as redis:
                redis_process = psutil.Process(server.process.pid) if server.process else None
                settings = Settings(redis_url=server.url)
                on = ResultCache(redis, settings)
                off = ResultCache(redis, settings.model_copy(update={"cache_entries": 0}))
                for number, start in enumerate(range(0, len(texts), size)):
                    chunk = InputChunk(0, tuple(texts[start : start + size]))
                    opened = [OpenChunk(ChunkRef("job", number, size), chunk, 0, None, "")]
                    sides = [("off", off), ("unknown", on)][:: 1 if number % 2 else -1]
                    for name, cache in (*sides, ("known", on)):
                        before = processor_s([redis_process])
                        started, had = time.perf_counter(), time.process_time()
                        answer(engine, NoIsolation(), cache, opened)
                        own[name].append(1e3 * (time.process_time() - had))
                        clock[name].append(1e3 * (time.perf_counter() - started))
                        server_ms[name].append(1e3 * (processor_s([redis_process]) - before))
                entries = on.counts().entries
                own["bytes of Redis an entry"] = [sum(redis.memory_usage(key) or 0 for key in CACHE[:2]) / entries]
        finally:
            server.stop(kill=True)
    return {"clock": clock, "own": own, "redis": server_ms}


def service_figures(texts: Sequence[str], repeats: int) -> dict[str, Figures]:
    """Seconds of the clock, and of all processors, for a bulk job of all texts."""
    clock: Figures = defaultdict(list)
    processor: Figures = defaultdict(list)

    def run(name: str, cluster: Cluster) -> None:
        assert cluster.redis_server.process is not None
        parts = [p.ps for p in cluster.processes] + [psutil.Process(cluster.redis_server.process.pid)]
        store = JobStore(cluster.redis, cluster.settings)
        before, started = processor_s(parts), time.perf_counter()
        job_id = cluster.submit(list(texts))
        while not store.wait_ended(job_id, 4.0):
            pass
        clock[name].append(time.perf_counter() - started)
        processor[name].append(processor_s(parts) - before)
        store.erase(job_id)

    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        off, on = Cluster(Path(first), SENTIQ_CACHE_ENTRIES="0"), Cluster(Path(second))
        try:
            for cluster in (off, on):
                cluster.start(interactive=0, bulk=2)
                cluster.submit(list(texts[:1000]))
            for number in range(repeats):
                on.redis.delete(*CACHE)
                for name, cluster in [("off", off), ("unknown", on)][:: 1 if number % 2 else -1]:
                    run(name, cluster)
                run("known", on)
        finally:
            off.close()
            on.close()
    return {"clock": clock, "all processors": processor}


def print_table(title: str, unit: str, figures: dict[str, Figures]) -> None:
    table = Table("", "off", "unknown", "known", "unknown / off", "known / off", title=title)
    for name, sides in figures.items():
        # One chunk takes Redis less than a tick of the system's clock: only the mean says something.
        middle = statistics.mean if name == "redis" else statistics.median
        cells = [f"{middle(sides[side]):.2f} {unit}" for side in ("off", "unknown", "known")]
        for side in ("unknown", "known"):
            pairs = [a / b for a, b in zip(sides[side], sides["off"], strict=True) if b]
            cells.append(f"{statistics.median(pairs):.3f}" if name != "redis" else "")
        table.add_row(name, *cells)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or .gz")
    parser.add_argument("--count", type=int, default=40_000, help="different texts (default %(default)s)")
    parser.add_argument("--size", type=int, default=512, help="texts of a chunk (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=5, help="jobs of each side; 0: one process alone")
    args = parser.parse_args()
    texts = list(dict.fromkeys(islice(iterate_texts(args.texts), 2 * args.count)))[: args.count]

    process = process_figures(texts, args.size)
    entry_bytes = process["own"].pop("bytes of Redis an entry")[0]
    print_table(f"One process, a chunk of {args.size} different texts", "ms", process)
    print(f"{entry_bytes:.0f} bytes of Redis an entry")
    if args.repeats:
        service = service_figures(texts, args.repeats)
        print_table(f"Service, a bulk job of {len(texts):,} different texts", "s", service)


if __name__ == "__main__":
    main()
