"""Lanes, workers and memory, for people who watch and for `sentiq top`."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from api.schemas.cluster import (
    CacheDocument,
    ClusterDocument,
    JobCounts,
    LaneDocument,
    RedisDocument,
    WorkerDocument,
)
from api.schemas.common import problems
from api.services import services
from api.times import instant
from jobs.cache import ResultCache
from jobs.capacity import texts_per_second
from jobs.cluster import live_workers
from jobs.models import Lane

blueprint = APIBlueprint("cluster", __name__, abp_tags=[Tag(name="cluster")])


@blueprint.get("/api/v1/cluster", summary="Watch the cluster", responses={200: ClusterDocument, **problems(503)})
def get_cluster() -> Response:
    """What waits, what works, how fast, and how much memory Redis has."""
    svc = services()
    workers = live_workers(svc.redis)
    lanes = []
    for lane in (svc.interactive, svc.bulk):
        counts, of_lane = lane.counts(), [w for w in workers if w.lane is lane.lane]
        lanes.append(
            LaneDocument(
                lane=lane.lane,
                waiting=counts.waiting,
                in_flight=counts.in_flight,
                demand=lane.demand(),
                children=sum(w.children for w in of_lane),
                busy=sum(w.busy for w in of_lane),
            )
        )
    cache = ResultCache(svc.redis, svc.settings).counts()
    memory = svc.redis.info("memory")
    speed = texts_per_second(svc.redis, Lane.BULK)
    document = ClusterDocument(
        lanes=lanes,
        workers=[
            WorkerDocument(
                name=w.worker,
                lane=w.lane,
                children=w.children,
                busy=w.busy,
                model=f"{w.model}@{w.model_version}",
                degraded=w.degraded,
                started_at=instant(w.started_at_s * 1000),
                seen_at=instant(w.seen_at_s * 1000),
            )
            for w in workers
        ],
        texts_per_second=None if speed is None else round(speed, 1),
        jobs=JobCounts(**svc.store.counts()),
        redis=RedisDocument(used_memory_bytes=memory["used_memory"], max_memory_bytes=memory["maxmemory"] or None),
        cache=CacheDocument(hits=cache.hits, misses=cache.misses, entries=cache.entries),
    )
    return Response(document.model_dump_json(), mimetype="application/json")
