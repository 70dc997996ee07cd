"""Prometheus metrics: requests of this process, and the state of the cluster at the moment of the scrape."""

from __future__ import annotations

import time
from collections.abc import Iterator

from flask import Response, g, request
from flask_openapi3 import OpenAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.services import Services
from jobs import keys
from jobs.cache import ResultCache
from jobs.cluster import live_workers
from jobs.connection import REDIS_AWAY


class ClusterCollector(Collector):
    """Reads the job store when Prometheus asks. Without Redis only `sentiq_redis_up 0` is left."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._cache = ResultCache(services.redis, services.settings)

    def collect(self) -> Iterator[Metric]:
        svc = self._services
        try:
            lanes = [(lane.lane, lane.counts()) for lane in (svc.interactive, svc.bulk)]
            workers = live_workers(svc.redis)
            jobs = svc.redis.zcard(keys.JOBS)
            cache = self._cache.counts()
        except REDIS_AWAY:
            yield GaugeMetricFamily("sentiq_redis_up", "1 when Redis answers", value=0)
            return
        yield GaugeMetricFamily("sentiq_redis_up", "1 when Redis answers", value=1)
        degraded = any(worker.degraded for worker in workers)
        yield GaugeMetricFamily("sentiq_degraded", "1 while the bundled model stands in for another", value=degraded)
        yield GaugeMetricFamily("sentiq_jobs", "jobs in the store", value=jobs)
        yield CounterMetricFamily("sentiq_cache_hits", "different texts of a batch answered by the cache", cache.hits)
        yield CounterMetricFamily("sentiq_cache_misses", "different texts of a batch it did not know", cache.misses)
        yield GaugeMetricFamily("sentiq_cache_entries", "predictions in the result cache", value=cache.entries)
        waiting = GaugeMetricFamily("sentiq_chunks_waiting", "published chunks without an owner", labels=["lane"])
        in_flight = GaugeMetricFamily("sentiq_chunks_in_flight", "chunks that a child holds", labels=["lane"])
        live = GaugeMetricFamily("sentiq_workers", "live workers", labels=["lane"])
        children = GaugeMetricFamily("sentiq_children", "warm pool processes", labels=["lane"])
        for lane, counts in lanes:
            waiting.add_metric([lane], counts.waiting)
            in_flight.add_metric([lane], counts.in_flight)
            live.add_metric([lane], sum(w.lane is lane for w in workers))
            children.add_metric([lane], sum(w.children for w in workers if w.lane is lane))
        yield from (waiting, in_flight, live, children)


def init_app(app: OpenAPI, services: Services) -> None:
    registry = CollectorRegistry()
    registry.register(ClusterCollector(services))
    requests = Counter("sentiq_requests", "requests answered", ["method", "endpoint", "status"], registry=registry)
    seconds = Histogram("sentiq_request_seconds", "time to answer", ["method", "endpoint"], registry=registry)

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

    @app.get("/metrics", summary="Metrics for Prometheus", responses={200: document})
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
