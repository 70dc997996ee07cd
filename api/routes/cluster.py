"""Shows lanes, workers and memory, for the web page and for `sentiq top`."""

from __future__ import annotations

from flask import Response
from flask_openapi3 import Tag

from api.http.blueprint import Blueprint
from api.http.times import instant
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
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.census import census, count_jobs, texts_per_second
from sentiq.jobs.types import Lane

blueprint = Blueprint("cluster", __name__, abp_tags=[Tag(name="cluster")])


@blueprint.get("/api/v1/cluster", summary="Watch the cluster", responses={200: ClusterDocument, **problems(422, 503)})
def get_cluster() -> Response:
    """What waits, what works, how fast, and how much memory the job store has."""
    svc = services()
    now = census(svc.redis)
    speeds = {lane: texts_per_second(svc.redis, lane) for lane in Lane}
    demand = {lane.lane: lane.demand() for lane in (svc.interactive, svc.bulk)}
    cache = ResultCache(svc.redis, svc.settings).counts()
    document = ClusterDocument(
        lanes=[
            LaneDocument(
                lane=lane,
                waiting=counted.waiting,
                in_flight=counted.in_flight,
                demand=demand[lane],
                children=sum(w.children for w in now.workers if w.lane is lane),
                busy=sum(w.busy for w in now.workers if w.lane is lane),
                oldest_waiting_s=round(counted.oldest_waiting_s, 1),
                texts_per_second=_rounded(speeds[lane]),
            )
            for lane, counted in now.lanes.items()
        ],
        workers=[
            WorkerDocument(
                name=w.worker,
                lane=w.lane,
                children=w.children,
                busy=w.busy,
                model=f"{w.model}@{w.model_version}",
                degraded=w.degraded,
                memory_bytes=w.memory_bytes,
                started_at=instant(w.started_at_s * 1000),
                seen_at=instant(w.seen_at_s * 1000),
            )
            for w in now.workers
        ],
        texts_per_second=_rounded(speeds[Lane.BULK]),
        rows_waiting=now.rows_waiting,
        jobs=JobCounts(**count_jobs(svc.redis)),
        redis=RedisDocument(used_memory_bytes=now.redis_used_bytes, max_memory_bytes=now.redis_max_bytes),
        cache=CacheDocument(hits=cache.hits, misses=cache.misses, entries=cache.entries),
    )
    return Response(document.model_dump_json(), mimetype="application/json")


def _rounded(speed: float | None) -> float | None:
    return None if speed is None else round(speed, 1)
