"""A real Prometheus with our files watches a real cluster: alerts fire when it breaks and clear when it is well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sentiq.core.api_keys import KeyStore, Scope
from tests.support.cluster import Cluster
from tests.support.dashboards import dashboard_queries, recorded, rule_queries
from tests.support.paths import REPOSITORY
from tests.support.processes import Process, free_port, wait_until
from tests.support.texts import sentences
from worker.metrics import Metrics

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        shutil.which("prometheus") is None, reason="Prometheus is missing (apt install prometheus; stop its service)"
    ),
]

CONFIG = REPOSITORY / "deploy" / "prometheus"
LANES = ("interactive", "bulk")
#: Panels that may show nothing for a time.
MAY_BE_EMPTY = {
    f"sentiq-overview: {title}" for title in ("Firing alerts", "Accepted work, today and yesterday", "Autoscale")
}
TOKEN = "a-token-for-prometheus"


class Prometheus:
    """Our configuration with other addresses, a look each second, and alerts that do not wait."""

    def __init__(self, cluster: Cluster, workers: list[int]) -> None:
        directory, port = cluster.directory / "prometheus", free_port()
        (directory / "rules").mkdir(parents=True)
        config = yaml.safe_load((CONFIG / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for job, ports in zip(config["scrape_configs"], ([cluster.port], workers), strict=True):
            del job["dns_sd_configs"]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{port}" for port in ports]}]
        (directory / "token").write_text(TOKEN)
        config["scrape_configs"][0]["authorization"]["credentials_file"] = str(directory / "token")
        (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
        for path in CONFIG.glob("rules/*.yml"):
            document = yaml.safe_load(path.read_text())
            for group in document["groups"]:
                group.pop("interval", None)
                group["rules"] = [rule | ({"for": "2s"} if "for" in rule else {}) for rule in group["rules"]]
            (directory / "rules" / path.name).write_text(yaml.safe_dump(document))
        command = [
            *("prometheus", f"--config.file={directory / 'prometheus.yml'}"),
            *(f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
        ]
        self.process = Process("prometheus", command, cluster.env, cluster.directory)
        cluster.processes.append(self.process)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=100)

    def __enter__(self) -> Prometheus:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **params: str) -> Any:
        self.process.check_alive()
        try:
            return self.http.get(path, params=params).raise_for_status().json()["data"]
        except (httpx.TransportError, httpx.HTTPStatusError):
            return {}  # it is about to start

    def ask(self, promql: str) -> list[dict[str, Any]]:
        """The series that an expression gives now; fails where it cannot be evaluated."""
        answer = self.http.get("query", params={"query": promql})
        assert answer.status_code == 200, answer.text
        series: list[dict[str, Any]] = answer.json()["data"]["result"]
        return series

    def alerts(self) -> set[tuple[str, str]]:
        """Name and lane or instance's job of what fires."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("lane", alert["labels"].get("job", "")))
            for alert in self.get("alerts").get("alerts", [])
            if alert["state"] == "firing"
        }

    def up(self) -> int:
        """How many targets it reads."""
        return sum(target["health"] == "up" for target in self.get("targets").get("activeTargets", []))

    def evaluates(self) -> bool:
        """It evaluates all rules without an error."""
        rules = [rule for group in self.get("rules").get("groups", []) for rule in group["rules"]]
        return bool(rules) and all(rule["health"] == "ok" for rule in rules)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path, SENTIQ_AUTH="keys", SENTIQ_METRICS_TOKEN=TOKEN) as cluster:
        cluster.redis_server.start()
        cluster.start_api()
        yield cluster


def start_workers(cluster: Cluster, ports: list[int]) -> list[Process]:
    workers = [
        cluster.start_worker(lane, 1, wait=False, SENTIQ_METRICS_PORT=str(port))
        for lane, port in zip(LANES, ports, strict=True)
    ]
    cluster.wait_workers(2)
    return workers


def test_what_rules_and_dashboards_ask_for_is_there(cluster: Cluster) -> None:
    ports = [free_port(), free_port()]
    start_workers(cluster, ports)
    cluster.http.headers["Authorization"] = f"Bearer {KeyStore(cluster.redis).create('test', list(Scope))[1]}"
    with Prometheus(cluster, ports) as prometheus:
        wait_until(lambda: prometheus.up() == 3, message="the API and both workers are scraped")
        for texts in (sentences(3), sentences(2_000)):
            cluster.wait_ended(cluster.submit(texts))
        assert cluster.http.post("/analyze", json={"text": "味道不错"}).status_code == 200
        wait_until(
            lambda: {q.place for q in dashboard_queries() if not prometheus.ask(q.promql)} <= MAY_BE_EMPTY,
            message="each panel shows something",
        )

        names = set(prometheus.get("label/__name__/values"))
        optional = {metric.name for metric in Metrics().registry.collect()}  # some are there from their first time on
        asked = {metric for query in (*rule_queries(), *dashboard_queries()) for metric in query.metrics} - recorded()
        assert {name for name in asked - names if name.removesuffix("_total") not in optional} == set()


def test_alerts_fire_when_workers_and_redis_die_and_clear_when_they_are_back(cluster: Cluster) -> None:
    ports = [free_port(), free_port()]
    workers = start_workers(cluster, ports)
    with Prometheus(cluster, ports) as prometheus:
        wait_until(lambda: prometheus.up() == 3, message="the API and both workers are scraped")
        wait_until(prometheus.evaluates, message="rules are evaluated")
        wait_until(lambda: prometheus.alerts() == set(), message="an idle cluster is well")

        for worker in workers:
            worker.kill()
        gone = {("SentiqLaneWithoutWorkers", lane) for lane in LANES} | {("SentiqTargetDown", "sentiq-worker")}
        wait_until(lambda: prometheus.alerts() == gone, message="alerts of the dead workers")

        workers = start_workers(cluster, ports)
        wait_until(lambda: prometheus.alerts() == set(), message="they clear")

        cluster.redis_server.stop(kill=True)
        away = ("SentiqRedisAway", "sentiq-api")
        wait_until(lambda: away in prometheus.alerts(), message="Redis is away")

        for worker in workers:
            worker.kill()  # a supervisor would start them again, if they ended
        cluster.redis_server.start()
        start_workers(cluster, ports)
        wait_until(lambda: prometheus.alerts() == set(), message="it clears")
