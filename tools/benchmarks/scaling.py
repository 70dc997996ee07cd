"""What each part costs, and from that how far a cluster goes: docs/scaling.md.

    python -m tools.benchmarks.scaling costs [--rows 400000]         one worker of each lane, its engine answers at once
    python -m tools.benchmarks.scaling workers [--workers 1 10 100 1000]  what workers cost Redis by being there
    python -m tools.benchmarks.scaling simulate [--workers 50 400]   so many claim and record from one Redis
    python -m tools.benchmarks.scaling curve [--workers 1 8]         small jobs of ever more clients: what is full
    python -m tools.benchmarks.scaling table COSTS.json              docs/scaling.md's table of what `costs` printed

Costs are processor time, of Redis by its own account, so a busy machine distorts them little; what one core can do is
their inverse. Simulated workers are threads that fetch messages by kombu and speak to the job store as workers do.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from celery import Celery
from kombu.exceptions import OperationalError
from redis import Redis
from rich.console import Console
from rich.table import Table

from sentiq.core.redis import connect
from sentiq.core.settings import Settings
from sentiq.jobs.lanes import BulkLane, Clock
from sentiq.jobs.messages import new_task_id, publish
from sentiq.jobs.store import JobStore
from sentiq.jobs.types import ChunkRef, InputChunk, Lane, NewJob, Outcome, OutputChunk, StoredModel, new_job_id
from sentiq.jobs.workers import Heartbeat, beat, count_children, live_workers
from tests.support.cluster import Cluster
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tools.benchmarks.load import drive, post

CHUNK_TEXTS = 512
TEXT = "房间很干净，前台的服务也很热情，下次还会再来住，推荐给朋友们。" * 2
IDLE_S = 10.0
REQUESTS = 500
THREADS = 50  #: simulated workers of one process

TEXTS_PER_CORE = {"BERT base": 78, "bundled": 5_500}  #: tools/benchmarks/README.md
SERVICE_OVER_ENGINE = 0.96  #: likewise
CHILDREN = 16  #: of one worker
REDIS_SHARE = 0.5  #: of its core; the other half is for bursts, rewrites of its file and people who poll
MAX_CLIENTS = 10_000  #: Redis's default

_ANSWER = Outcome((0.25, 0.75))


@dataclass
class Spent:
    """Since the measurement began; seconds are of processor time, `took_s` of the clock."""

    took_s: float = 0.0
    redis_s: float = 0.0
    commands: int = 0
    network_bytes: int = 0
    processes_s: tuple[float, ...] = ()


@contextmanager
def metered(redis: Redis, *processes: psutil.Process) -> Iterator[Spent]:
    def now() -> tuple[float, float, int, int, list[float]]:
        info: dict[str, Any] = redis.info()
        used = [sum(process.cpu_times()[:2]) for process in processes]
        network = info["total_net_input_bytes"] + info["total_net_output_bytes"]
        commands, redis_s = info["total_commands_processed"], info["used_cpu_user"] + info["used_cpu_sys"]
        return time.perf_counter(), redis_s, commands, network, used

    spent, before = Spent(), now()
    yield spent
    after = now()
    spent.took_s, spent.redis_s = after[0] - before[0], after[1] - before[1]
    spent.commands, spent.network_bytes = after[2] - before[2], after[3] - before[3]
    spent.processes_s = tuple(b - a for a, b in zip(before[4], after[4], strict=True))


def costs(rows: int) -> dict[str, float]:
    """Of one of each, in microseconds of processor time, commands and bytes."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory, Cluster(Path(directory), SENTIQ_CACHE_ENTRIES="0") as cluster:
        cluster.redis_server.start()
        worker = cluster.start_worker("bulk", 2, app="tools.benchmarks.noop_worker")
        time.sleep(2)
        with metered(cluster.redis, worker.ps) as idle:
            time.sleep(IDLE_S)
        found["idle_worker_commands_per_s"] = idle.commands / idle.took_s
        found["idle_worker_redis_us_per_s"] = idle.redis_s / idle.took_s * 1e6
        found["idle_parent_us_per_s"] = idle.processes_s[0] / idle.took_s * 1e6

        api = cluster.start_api()
        [serving] = api.children()
        lines = json.dumps({"text": TEXT}, ensure_ascii=False) + "\n"
        with metered(cluster.redis, worker.ps, serving) as bulk:
            made = cluster.http.post(
                "/api/v1/jobs", content=(lines * rows).encode(), headers={"Content-Type": "application/x-ndjson"}
            )
            job_id = made.json()["id"]
            wait_until(lambda: cluster.job(job_id)["ended_at"], timeout_s=600)
        chunks = rows / CHUNK_TEXTS
        of_parent = connections(cluster, worker.ps)
        found["parent_connections"] = len(of_parent)
        # Children inherit some of their parent's.
        found["child_connections"] = max(len(connections(cluster, child) - of_parent) for child in worker.children())
        found["texts_per_s"] = rows / bulk.took_s
        found["redis_us_per_chunk"] = bulk.redis_s / chunks * 1e6
        found["commands_per_chunk"] = bulk.commands / chunks
        found["network_bytes_per_chunk"] = bulk.network_bytes / chunks
        found["parent_us_per_chunk"] = bulk.processes_s[0] / chunks * 1e6
        found["api_us_per_text"] = bulk.processes_s[1] / rows * 1e6

        cluster.start_worker("interactive", 1, app="tools.benchmarks.noop_worker")
        with metered(cluster.redis, serving) as small:
            for _ in range(REQUESTS):
                answer = cluster.http.post("/api/v1/jobs", json={"texts": [TEXT]}, headers={"Prefer": "wait=20"})
                assert answer.json()["state"] == "completed", answer.text
        found["redis_us_per_small_job"] = small.redis_s / REQUESTS * 1e6
        found["commands_per_small_job"] = small.commands / REQUESTS
        found["api_us_per_small_job"] = small.processes_s[0] / REQUESTS * 1e6
    return found


def connections(cluster: Cluster, process: psutil.Process) -> set[int]:
    """Those to Redis, by our port."""
    redis_port = cluster.redis_server.port
    return {c.laddr.port for c in process.net_connections() if c.raddr and c.raddr.port == redis_port}


def curve(workers: int, numbers_of_clients: list[int], seconds: float) -> Iterator[dict[str, float]]:
    """Small jobs of more and more clients, answered at once by so many interactive workers of one child each.

    Processor time is in cores: what comes near 1 is full, but for the workers, which are many processes.
    """
    request = post("/analyze", json.dumps({"text": TEXT}).encode())
    with tempfile.TemporaryDirectory() as directory, Cluster(Path(directory), SENTIQ_CACHE_ENTRIES="0") as cluster:
        cluster.redis_server.start()
        api = cluster.start_api()
        started = [
            cluster.start_worker("interactive", 1, app="tools.benchmarks.noop_worker", name=f"worker-{n}", wait=False)
            for n in range(workers)
        ]
        cluster.wait_workers(workers)
        [serving] = api.children()
        families = [process for worker in started for process in (worker.ps, *worker.children())]
        for clients in numbers_of_clients:
            with metered(cluster.redis, serving, *families) as spent:
                load = drive(cluster.port, [request], clients=clients, count=sys.maxsize, seconds=seconds)
            wrong = [answer for answer in load.answers if answer.status != 200]
            assert not wrong, wrong[0]
            took = sorted(answer.took_s for answer in load.answers)
            yield {
                "workers": workers,
                "clients": clients,
                "requests_per_s": len(took) / load.elapsed_s,
                "p50_ms": 1e3 * took[len(took) // 2],
                "p95_ms": 1e3 * took[len(took) * 95 // 100],
                "api_cores": spent.processes_s[0] / spent.took_s,
                "redis_cores": spent.redis_s / spent.took_s,
                "workers_cores": sum(spent.processes_s[1:]) / spent.took_s,
                "load_cores": load.cpu_s / spent.took_s,
            }


def heartbeat(number: int) -> Heartbeat:
    stored = tuple(StoredModel(f"model-{n}", "1", ("negative", "positive"), 512, "int8", "a test") for n in range(2))
    return Heartbeat(f"bulk@host-{number:05d}", Lane.BULK, 16, 16, "model-0", "1", stored, 0.0, 0.0)


def presence(workers: list[int]) -> list[dict[str, float]]:
    """One second of so many workers, as Redis feels it; with how it was when each read all others."""
    found = []
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory))
        server.start()
        try:
            with connect(server.settings.redis_address) as redis:
                for number in workers:
                    redis.flushdb()
                    found.append({"workers": float(number)} | _second(redis, server.settings, number))
        finally:
            server.stop(kill=True)
    return found


def _second(redis: Redis, settings: Settings, workers: int) -> dict[str, float]:
    beats, clock = [heartbeat(number) for number in range(workers)], Clock(redis, 60_000)
    with metered(redis, psutil.Process()) as now:
        for each in beats:
            beat(redis, each, 60)
            clock.take_turn()
        count_children(redis, 60)
    some = min(workers, 50)
    with metered(redis) as before:
        for _ in range(some):
            live_workers(redis)
    read_by_all_s = before.redis_s / some * workers
    return {
        "redis_ms": now.redis_s * 1e3,
        "commands": now.commands,
        "network_kb": now.network_bytes / 1e3,
        "redis_ms_each_reading_all": now.redis_s * 1e3 + read_by_all_s * 1e3,
        "network_mb_each_reading_all": before.network_bytes / some * workers / 1e6,
    }


def simulate(workers: int, chunks: int, chunk_texts: int) -> dict[str, float]:
    """So many workers empty the queue of one Redis."""
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(Path(directory))
        server.start()
        try:
            with connect(server.settings.redis_address) as redis:
                submit(redis, server.settings, chunks, chunk_texts, window=2 * workers)
                groups = [min(THREADS, workers - first) for first in range(0, workers, THREADS)]
                context = multiprocessing.get_context("spawn")
                ready = context.Barrier(len(groups) + 1)
                processes = [
                    context.Process(target=work, args=(server.url, threads, chunk_texts, ready), daemon=True)
                    for threads in groups
                ]
                for process in processes:
                    process.start()
                ready.wait(60)
                recorded = lambda: sum(redis.hlen(key) for key in redis.keys("sentiq:*:out"))  # noqa: E731
                with metered(redis) as spent:
                    wait_until(lambda: recorded() >= chunks, timeout_s=600)
                clients = redis.info("clients")["connected_clients"]
                for process in processes:
                    process.kill()
                    process.join()
        finally:
            server.stop(kill=True)
    return {
        "workers": workers,
        "chunk_texts": chunk_texts,
        "chunks_per_s": chunks / spent.took_s,
        "redis_share_of_core": spent.redis_s / spent.took_s,
        "redis_us_per_chunk": spent.redis_s / chunks * 1e6,
        "commands_per_s": spent.commands / spent.took_s,
        "connections": clients,
    }


def submit(redis: Redis, settings: Settings, chunks: int, chunk_texts: int, window: int) -> None:
    """Jobs of a hundred chunks, with the messages that workers of so many children would have been sent."""
    redis.set("sentiq:bulk:children", window)
    store, producer = JobStore(redis, settings), app(settings.redis_address.broker_url)
    texts = InputChunk(0, (TEXT,) * chunk_texts)
    for _ in range(chunks // 100):
        job = NewJob(new_job_id(), Lane.BULK, "")
        store.create(job)
        for number in range(100):
            publish(producer, store.append(job, number, texts))
        store.seal(job, new_task_id())


def app(url: str) -> Celery:
    made = Celery("scaling", broker=url)
    made.conf.task_ignore_result = True
    return made


def work(url: str, threads: int, chunk_texts: int, ready: Any) -> None:
    """Some simulated workers, until they are killed."""
    os.environ["SENTIQ_REDIS_URL"] = url
    settings = Settings()
    running = [threading.Thread(target=_claim_and_record, args=(url, settings, chunk_texts)) for _ in range(threads)]
    ready.wait(60)
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def _claim_and_record(url: str, settings: Settings, chunk_texts: int) -> None:
    with connect(settings.redis_address) as redis, app(url) as producer, producer.connection_for_read() as connection:
        lane, queue = BulkLane(redis, settings), connection.SimpleQueue("bulk")
        answered = OutputChunk(0, "noop@1", ("negative", "positive"), (_ANSWER,) * chunk_texts)
        while True:
            try:
                message = queue.get(timeout=5)
            except (queue.Empty, OperationalError):
                continue
            ref = ChunkRef(*message.payload[0])
            if lane.claim(ref, message.headers["id"]) is not None:
                publish(producer, lane.record([(ref, answered)], took_ms=1))
            message.ack()


def table(cost: dict[str, float]) -> None:
    """What a bulk load over so many cores takes of each part; 1 is all that one core, or one Redis, can do."""
    shown = Table(title="one bulk load over all cores")
    for heading in ("model", "cores", "texts/s", "chunks/s", "Redis", "shards", "API", "a parent", "connections"):
        shown.add_column(heading, justify="right")
    for model, texts_per_core in TEXTS_PER_CORE.items():
        for cores in (1, 4, 32, 256, 2_000):
            workers = max(1, cores // CHILDREN)
            texts_per_s = cores * texts_per_core * SERVICE_OVER_ENGINE
            chunks_per_s = texts_per_s / CHUNK_TEXTS
            redis = chunks_per_s * cost["redis_us_per_chunk"] + workers * cost["idle_worker_redis_us_per_s"]
            clients = workers * (cost["parent_connections"] + CHILDREN * cost["child_connections"])
            shards = math.ceil(max(redis / 1e6 / REDIS_SHARE, clients / MAX_CLIENTS))
            shown.add_row(
                *(
                    model,
                    f"{cores:,}",
                    f"{texts_per_s:,.0f}",
                    f"{chunks_per_s:,.1f}",
                    f"{redis / 1e6:.3f}",
                    str(shards),
                ),
                f"{texts_per_s * cost['api_us_per_text'] / 1e6:.2f}",
                f"{chunks_per_s / workers * cost['parent_us_per_chunk'] / 1e6:.3f}",
                f"{clients:,.0f}",
            )
    Console(width=120).print(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("costs").add_argument("--rows", type=int, default=400_000)
    commands.add_parser("workers").add_argument("--workers", type=int, nargs="+", default=[1, 10, 100, 1_000])
    simulated = commands.add_parser("simulate")
    simulated.add_argument("--workers", type=int, nargs="+", default=[50, 400])
    simulated.add_argument("--chunks", type=int, default=8_000)
    simulated.add_argument("--chunk-texts", type=int, default=CHUNK_TEXTS)
    small = commands.add_parser("curve")
    small.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    small.add_argument("--clients", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    small.add_argument("--seconds", type=float, default=5)
    commands.add_parser("table").add_argument("costs", type=Path)
    options = parser.parse_args()
    if options.command == "costs":
        print(json.dumps(costs(options.rows), indent=1))
    elif options.command == "workers":
        for measured in presence(options.workers):
            print(json.dumps(measured), flush=True)
    elif options.command == "simulate":
        for workers in options.workers:
            print(json.dumps(simulate(workers, options.chunks, options.chunk_texts)), flush=True)
    elif options.command == "curve":
        for workers in options.workers:
            for measured in curve(workers, options.clients, options.seconds):
                print(json.dumps(measured), flush=True)
    else:
        table(json.loads(options.costs.read_text()))


if __name__ == "__main__":
    main()
