"""`sentiq-admin status`: the cluster at a glance, what is wrong with it, and what to do."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

from redis import Redis

from sentiq.core import redis_keys
from sentiq.core.settings import Settings
from sentiq.core.version import VERSION
from sentiq.jobs import model_activation
from sentiq.jobs.census import Census, census, texts_per_second
from sentiq.jobs.types import Lane


@dataclass(frozen=True, slots=True)
class Status:
    document: dict[str, Any]  # what `--json` prints
    faults: list[str]  # what is wrong, with its remedy; empty when all is well


def read(redis: Redis, settings: Settings) -> Status:
    """Raises what Redis raises when it is away."""
    now = census(redis)
    persistence = redis.info("persistence")
    document = {
        "version": VERSION,
        "redis": {
            "address": str(settings.redis_address),
            "version": redis.info("server")["redis_version"],
            "used_bytes": now.redis_used_bytes,
            "limit_bytes": now.redis_limit_bytes,
            "keeps_jobs": bool(persistence["aof_enabled"]) and persistence["aof_last_write_status"] == "ok",
        },
        "lanes": {str(lane): _lane(redis, now, lane) for lane in Lane},
        "workers": {
            w.worker: {
                "children": w.children,
                "busy": w.busy,
                "model": f"{w.model}@{w.model_version}",
                "degraded": w.degraded,
                "memory_bytes": w.memory_bytes,
            }
            for w in now.workers
        },
        "jobs": dict(now.jobs),
        "rows_waiting": now.rows_waiting,
        "active_model": model_activation.read(redis).active or None,
        "deliveries_waiting": redis.zcard(redis_keys.DELIVERIES) + redis.zcard(redis_keys.WEBHOOKS_DUE),
    }
    return Status(document, _faults(document, now, settings))


def show(status: Status, *, as_json: bool) -> int:
    """Print it; the exit status is 0 when all is well, 1 otherwise."""
    document = status.document | {"faults": status.faults}
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return bool(status.faults)
    redis = document["redis"]
    print(f"sentiq {document['version']}   Redis {redis['version']} at {redis['address']}", end="   ")
    print(f"{_mb(redis['used_bytes'])} of {_mb(redis['limit_bytes'])} in use")
    for name, lane in document["lanes"].items():
        speed = "-" if lane["texts_per_second"] is None else f"{lane['texts_per_second']:,.0f}"
        print(
            f"{name:12} children {lane['children']} ({lane['busy']} busy)   chunks waiting {lane['waiting']:,}, "
            f"in flight {lane['in_flight']:,}   oldest {lane['oldest_waiting_s']:.0f} s   texts/s {speed}"
        )
    for name, worker in document["workers"].items():
        memory = "" if worker["memory_bytes"] is None else f"   {_mb(worker['memory_bytes'])}"
        print(f"  {name}   {worker['model']}{'   degraded' if worker['degraded'] else ''}{memory}")
    states = ", ".join(f"{count:,} {state}" for state, count in document["jobs"].items() if count)
    print(f"jobs         {states or 'none'}; {document['rows_waiting']:,} rows wait")
    print(f"webhooks     {document['deliveries_waiting']:,} deliveries wait")
    for fault in status.faults:
        print(f"! {fault}", file=sys.stderr)
    return bool(status.faults)


def _lane(redis: Redis, now: Census, lane: Lane) -> dict[str, Any]:
    counted, workers = now.lanes[lane], [w for w in now.workers if w.lane is lane]
    return {
        "children": sum(w.children for w in workers),
        "busy": sum(w.busy for w in workers),
        "waiting": counted.waiting,
        "in_flight": counted.in_flight,
        "oldest_waiting_s": round(counted.oldest_waiting_s, 1),
        "texts_per_second": texts_per_second(redis, lane),
    }


def _faults(document: dict[str, Any], now: Census, settings: Settings) -> list[str]:
    faults = [
        f"No {name} worker has a warm child: start one, or read its log."
        for name, lane in document["lanes"].items()
        if not lane["children"]
    ]
    served = {worker["model"] for worker in document["workers"].values()}
    if len(served) > 1:
        faults.append(
            f"Workers serve different models ({', '.join(sorted(served))}): sentiq-admin activate one of them."
        )
    faults += [f"{w.worker} is degraded: small jobs wait too long for its model." for w in now.workers if w.degraded]
    if not document["redis"]["keeps_jobs"]:
        faults.append("Redis does not write its append-only file: jobs are lost when it stops (docs/runbook.md).")
    if now.redis_used_bytes > settings.max_redis_share * now.redis_limit_bytes:
        faults.append("Redis is full: new jobs are refused until some expire or are erased (docs/runbook.md).")
    return faults


def _mb(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
