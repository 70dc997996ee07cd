"""Answers probes, and people, whether the process is alive, can serve, and how the cluster is."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from flask import Response, current_app, jsonify
from flask_openapi3 import Tag

from api.http.blueprint import Blueprint
from api.http.times import instant
from api.http.traffic import traffic
from api.schemas.cluster import HealthDocument, LiveDocument, ReadyDocument
from api.services import services
from sentiq.core.redis import REDIS_AWAY, RedisFull, RedisRefuses, connect
from sentiq.core.version import VERSION
from sentiq.jobs.api_processes import ApiProcess
from sentiq.jobs.types import Lane
from sentiq.jobs.workers import Heartbeat, check_writes, live_workers

PROBE_TIMEOUT_S = 0.7  #: of one try; there are up to four on a fresh connection

blueprint = Blueprint("health", __name__, abp_tags=[Tag(name="health")])


@blueprint.get("/livez", summary="This process answers", responses={200: LiveDocument})
def livez() -> Response:
    return jsonify(status="ok")


@blueprint.get(
    "/readyz",
    summary="The job store takes writes and each lane has a warm worker",
    responses={200: ReadyDocument, 503: ReadyDocument},
)
def readyz() -> tuple[Response, int]:
    """503 names what is missing. Uses a fresh connection, since a pooled one may be a survivor of a dead server."""
    try:
        with connect(services().settings.redis_address, timeout_s=PROBE_TIMEOUT_S) as redis:
            check_writes(redis)
            missing = _missing(live_workers(redis))
    except REDIS_AWAY as error:
        refused = "redis memory" if isinstance(error, RedisFull) else "redis writes"
        missing = [refused if isinstance(error, RedisRefuses) else "redis"]
    return jsonify(status="unavailable" if missing else "ok", missing=missing), 503 if missing else 200


@blueprint.get(
    "/health",
    summary="The job store, lanes, workers and requests at a glance",
    responses={200: HealthDocument, 503: HealthDocument},
)
def health() -> tuple[Response, int]:
    """`healthy`: every kind of request is served. `degraded`: a lane has no warm worker, so its jobs wait.
    `unavailable` comes with 503: the job store is away or takes no writes, and nothing can be accepted.
    """
    svc = services()
    body: dict[str, Any] = {
        "status": "healthy",
        "model": svc.settings.served_model,
        "redis": "ok",
        "lanes": {},
        "workers": [],
    }
    counted = traffic(current_app)
    processes = [counted.here()]
    warm = False
    try:
        check_writes(svc.redis)
        workers = live_workers(svc.redis)
        warm = any(worker.children > 0 for worker in workers)
        body["workers"] = [asdict(worker) for worker in workers]
        for lane in (svc.interactive, svc.bulk):
            body["lanes"][lane.lane] = asdict(lane.counts()) | {"demand": lane.demand()}
        processes = counted.everywhere()
        if _missing(workers):
            body["status"] = "degraded"
    except REDIS_AWAY as error:
        body |= {"status": "unavailable", "redis": "refuses" if isinstance(error, RedisRefuses) else "away"}
    body |= {"timestamp": instant(time.time() * 1000), "version": VERSION, "model_loaded": warm} | _sums(processes)
    return jsonify(body), 503 if body["status"] == "unavailable" else 200


def _sums(processes: list[ApiProcess]) -> dict[str, float]:
    requests = sum(process.requests for process in processes)
    seconds = sum(process.seconds for process in processes)
    return {
        "memory_usage_mb": round(sum(process.memory_bytes for process in processes) / 2**20, 1),
        "total_requests": requests,
        "avg_response_time_ms": round(seconds / requests * 1000, 2) if requests else 0.0,
    }


def _missing(workers: list[Heartbeat]) -> list[str]:
    served = {worker.lane for worker in workers if worker.children > 0}
    return [f"{lane} worker" for lane in Lane if lane not in served]
