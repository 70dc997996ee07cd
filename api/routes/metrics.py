"""Serves Prometheus metrics: requests of the API processes of this host, and the state of the cluster at a scrape."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Response, g, request
from flask_openapi3 import OpenAPI, Tag
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.http.shared_counts import registry_of_counters
from api.http.traffic import Traffic
from api.services import Services
from sentiq.core.redis import REDIS_AWAY
from sentiq.jobs.cache import ResultCache
from sentiq.jobs.census import Census, census, texts_per_second
from sentiq.jobs.types import Lane

REGISTRY = "sentiq.metrics"  #: the extension of the app that holds what `/metrics` shows

#: Bounds of buckets: an interactive answer takes some ten to hundreds of milliseconds, an upload minutes.
REQUEST_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 120)


class ClusterCollector(Collector):
    """Reads the job store when Prometheus asks. Without Redis only `sentiq_redis_up 0` is left."""

    def __init__(self, services: Services) -> None:
        self._redis = services.redis
        self._cache = ResultCache(services.redis, services.settings)

    def collect(self) -> Iterator[Metric]:
        try:
            now, cache, speed = census(self._redis), self._cache.counts(), texts_per_second(self._redis, Lane.BULK)
        except REDIS_AWAY:
            yield _gauge("sentiq_redis_up", "1 when Redis, the job store, answers; an embedded one always does", 0)
            return
        yield _gauge("sentiq_redis_up", "1 when Redis, the job store, answers; an embedded one always does", 1)
        yield _gauge("sentiq_redis_used_bytes", "memory that the job store uses", now.redis_used_bytes)
        yield _gauge(
            "sentiq_redis_limit_bytes",
            "its maxmemory, else the host's memory",
            now.redis_limit_bytes,
        )
        degraded = any(worker.degraded for worker in now.workers)
        yield _gauge("sentiq_degraded", "1 while the bundled model stands in for another", degraded)
        yield CounterMetricFamily("sentiq_cache_hits", "different texts of a batch answered by the cache", cache.hits)
        yield CounterMetricFamily("sentiq_cache_misses", "different texts of a batch it did not know", cache.misses)
        yield _gauge("sentiq_cache_entries", "predictions in the result cache", cache.entries)
        yield _gauge("sentiq_rows_waiting", "rows of bulk jobs without an outcome", now.rows_waiting)
        yield _gauge("sentiq_bulk_texts_per_second", "estimate of what the living bulk children do", speed or 0)
        jobs = GaugeMetricFamily("sentiq_jobs", "jobs in the store", labels=["state"])
        for state, count in now.jobs.items():
            jobs.add_metric([state], count)
        yield jobs
        yield from _lanes(now)


def _lanes(now: Census) -> Iterator[Metric]:
    waiting = GaugeMetricFamily("sentiq_chunks_waiting", "chunks that nobody has begun", labels=["lane"])
    in_flight = GaugeMetricFamily("sentiq_chunks_in_flight", "chunks that a child holds", labels=["lane"])
    oldest = GaugeMetricFamily("sentiq_oldest_waiting_seconds", "age of the oldest waiting chunk", labels=["lane"])
    messages = GaugeMetricFamily("sentiq_queue_messages", "Celery messages nobody has fetched", labels=["lane"])
    workers = GaugeMetricFamily("sentiq_workers", "live workers", labels=["lane"])
    children = GaugeMetricFamily("sentiq_children", "warm pool processes", labels=["lane", "state"])
    for lane, counted in now.lanes.items():
        waiting.add_metric([lane], counted.waiting)
        in_flight.add_metric([lane], counted.in_flight)
        oldest.add_metric([lane], counted.oldest_waiting_s)
        messages.add_metric([lane], counted.messages)
        of_lane = [worker for worker in now.workers if worker.lane is lane]
        workers.add_metric([lane], len(of_lane))
        busy = sum(min(worker.busy, worker.children) for worker in of_lane)
        children.add_metric([lane, "busy"], busy)
        children.add_metric([lane, "idle"], sum(worker.children for worker in of_lane) - busy)
    yield from (waiting, in_flight, oldest, messages, workers, children)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def init_app(app: OpenAPI, services: Services) -> None:
    disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series
    registry = CollectorRegistry()
    registry.register(ClusterCollector(services))
    app.extensions[REGISTRY] = registry
    counters = registry_of_counters(registry)
    requests = Counter("sentiq_requests", "requests answered", ["method", "endpoint", "status"], registry=counters)
    seconds = Histogram(
        "sentiq_request_seconds", "time to answer", ["method", "endpoint"], buckets=REQUEST_S, registry=counters
    )
    app.extensions["sentiq.traffic"] = Traffic(services.redis, seconds)

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        endpoint = request.url_rule.rule if request.url_rule else "unknown"  # the pattern: ids would flood the series
        requests.labels(request.method, endpoint, response.status_code).inc()
        seconds.labels(request.method, endpoint).observe(time.perf_counter() - g.started)
        return response

    document = {"description": "of Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}

    @app.get("/metrics", summary="Metrics for Prometheus", responses={200: document}, tags=[Tag(name="health")])
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
