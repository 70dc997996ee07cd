"""`python -m tests.soak`: exit status 0 when no process grows and Redis is empty after the last job, else 1."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.redis import text
from sentiq.core.redis_keys import LaneKeys
from sentiq.jobs.types import Lane
from tests.soak.load import DAY_REQUESTS, DAY_ROWS, FASTER, Load
from tests.soak.samples import GROWTH_MB, Sampler
from tests.support.cluster import Cluster
from tests.support.processes import Process
from tests.support.receiver import Receiver

TTL_S = 60  #: of jobs and uploads, the least there is
WARM_UP_S = TTL_S + 30.0  #: at least: until as much goes as comes
EMPTY_S = 2 * TTL_S + 30.0  #: after the load, until all has run out

#: What stays: the version of the data, by the operator's will, for the living, and Celery's own of its queues.
PERMANENT = {
    redis_keys.SCHEMA,
    redis_keys.WEBHOOKS,
    redis_keys.ACTIVATION,
    redis_keys.API_PROCESSES,
    redis_keys.WORKERS,
    redis_keys.CLOCK,
    *(LaneKeys.of(lane).children for lane in Lane),
}
PERMANENT_PREFIXES = ("_kombu.binding",)
#: Messages to webhooks and their log are kept for a week, and say so themselves.
KEPT_A_WEEK = "sentiq:webhooks:"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of load; the first quarter is not looked at")
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="sentiq-soak-") as directory:
        cluster, receiver = _cluster(Path(directory)), Receiver()
        try:
            wrong = _soak(cluster, receiver, minutes * 60)
        finally:
            cluster.close()
            receiver.close()
    for what in wrong:
        print(f"- {what}")
    return 1 if wrong else 0


def _cluster(directory: Path) -> Cluster:
    ttl = str(TTL_S)
    return Cluster(
        directory,
        SENTIQ_JOB_TTL_S=ttl,
        SENTIQ_UPLOAD_TTL_S=ttl,
        SENTIQ_CACHE_TTL_S=ttl,
        SENTIQ_WEBHOOK_NETWORKS="127.0.0.0/8",
        PYTHONWARNINGS="ignore",
    )


def _soak(cluster: Cluster, receiver: Receiver, load_s: float) -> list[str]:
    """Returns what is wrong."""
    cluster.start()
    cluster.processes.append(
        Process("webhooks", [sys.executable, "-m", "sentiq.webhooks"], cluster.env, cluster.directory)
    )
    webhook = cluster.http.post("/api/v1/webhooks", json={"url": receiver.url}).raise_for_status().json()["id"]
    load = Load(cluster.url, webhook)
    warm_up_s = max(load_s / 4, WARM_UP_S)
    time.sleep(warm_up_s)
    sampler = Sampler(lambda: dict(_processes(cluster)), lambda: cluster.redis.info("memory")["used_memory"] / 2**20)
    time.sleep(max(load_s - warm_up_s, 30.0))
    sampler.stop()
    wrong = _trends(sampler)
    load.stop()
    wrong += load.wrong
    print(_reckoning(load))
    for process in cluster.processes:
        process.check_alive()
    return wrong + _leaks(cluster.redis)


def _processes(cluster: Cluster) -> Iterator[tuple[str, psutil.Process]]:
    assert cluster.redis_server.process is not None
    yield "redis", psutil.Process(cluster.redis_server.process.pid)
    for process in cluster.processes:
        yield process.name, process.ps
        for number, child in enumerate(sorted(process.children(), key=lambda child: int(child.pid)), 1):
            yield f"{process.name} child {number} ({child.pid})", child


def _trends(sampler: Sampler) -> list[str]:
    print("| process | first third, MB | last third, MB | slope, MB/h | robust slope, MB/h | verdict |")
    print("|---|---:|---:|---:|---:|---|")
    wrong = []
    for trend in sampler.trends(FASTER):
        verdict = "flat" if trend.flat else ", ".join(("grows", *trend.grown))
        figures = (trend.first_mb, trend.last_mb, trend.slope_mb_h, trend.robust_mb_h)
        print(f"| {trend.name} | {' | '.join(f'{figure:.1f}' for figure in figures)} | {verdict} |")
        if not trend.flat:
            wrong.append(f"{trend.name} {verdict}: {trend.last_mb - trend.first_mb:+.1f} MB, allowed {GROWTH_MB}")
    return wrong


def _reckoning(load: Load) -> str:
    done = load.counts
    day = min(done["requests"] / DAY_REQUESTS, done["rows"] / DAY_ROWS)
    return (
        f"\nAn ordinary day is taken to have {DAY_REQUESTS:,} requests and {DAY_ROWS:,} rows of larger jobs. "
        f"The load was {done['requests']:,} requests, {done['rows']:,} rows in {done['jobs']} jobs and "
        f"{done['files']} files: as much as {day * 24:.1f} hours of it. Slopes are per hour of such a day."
    )


def _leaks(redis: Redis) -> list[str]:
    """Keys that should have gone. Waits for their time."""
    deadline = time.monotonic() + EMPTY_S
    while left := [name for name in map(text, redis.scan_iter(count=1000)) if not _stays(redis, name)]:
        if time.monotonic() > deadline:
            return [f"{name} is left: {text(redis.type(name))}, expires in {redis.ttl(name)} s" for name in left]
        time.sleep(1)
    print(f"Redis has only what stays: {', '.join(sorted(map(text, redis.scan_iter(count=1000)))[:20])}")
    return []


def _stays(redis: Redis, name: str) -> bool:
    if name in PERMANENT or name.startswith(PERMANENT_PREFIXES):
        return True
    return name.startswith(KEPT_A_WEEK) and int(redis.ttl(name)) > 0


if __name__ == "__main__":
    sys.exit(main())
