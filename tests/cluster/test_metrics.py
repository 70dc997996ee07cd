"""Metrics of real processes: they tell what jobs did, whatever dies, and docs/observability.md knows each of them."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.cluster import Cluster, check_all_answered
from tests.support.paths import REPOSITORY
from tests.support.processes import free_port, wait_until
from tests.support.programs import BROKEN
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster


class Shown(NamedTuple):
    """What a process shows."""

    kinds: dict[str, str]
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def get(self, name: str, **labels: str) -> float:
        """The value, or 0 where there is no such sample yet."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def labels(self, name: str) -> set[str]:
        found = [labels for sample, labels in self.samples if sample.startswith(name)]
        return {label for labels in found for label, _ in labels} - {"le"}


def scrape(http: httpx.Client, url: str = "") -> Shown:
    """Return what is shown at an address, or at that of the client."""
    response = http.get(f"{url}/metrics")
    assert response.status_code == 200
    kinds, samples = {}, {}
    for family in text_string_to_metric_families(response.text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        kinds[name] = family.type
        for sample in family.samples:
            samples[sample.name, frozenset(sample.labels.items())] = sample.value
    return Shown(kinds, samples)


class Measured:
    """A worker that shows its metrics."""

    def __init__(self, cluster: Cluster, lane: str, *, port: int = 0, **options: Any) -> None:
        port = port or free_port()
        self.port, self._url, self._http = port, f"http://127.0.0.1:{port}", cluster.http
        self.process = cluster.start_worker(lane, wait=False, SENTIQ_METRICS_PORT=str(port), **options)

    def scrape(self) -> Shown:
        return scrape(self._http, self._url)

    def value(self, name: str, **labels: str) -> float:
        return self.scrape().value(name, **labels)

    def pool(self) -> list[psutil.Process]:
        return [child for child in self.process.children() if not serves(child)]

    def servers(self) -> list[psutil.Process]:
        return [child for child in self.process.children() if serves(child)]

    def listens(self) -> bool:
        try:
            self.scrape()
        except httpx.TransportError:
            return False
        return True


def serves(process: psutil.Process) -> bool:
    try:
        return "worker.parent.metrics_server" in process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie
        return False


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where workers put their files."""
    path = tmp_path / "tmp"
    path.mkdir()
    return path


@pytest.fixture
def cluster(api: Cluster, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The shared API; its workers put their files in a folder of the test, and keep no answers for later."""
    monkeypatch.setitem(api.env, "TMPDIR", str(temporary))
    monkeypatch.setitem(api.env, "SENTIQ_CACHE_ENTRIES", "0")
    return api


def documented(heading: str) -> dict[str, tuple[str, set[str]]]:
    """Type and labels by name, of the table under a heading."""
    document = (REPOSITORY / "docs" / "observability.md").read_text()
    section = document.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| [^|]+\|$", section, re.MULTILINE)
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def told(shown: Shown) -> dict[str, tuple[str, set[str]]]:
    return {name: (kind, shown.labels(name)) for name, kind in shown.kinds.items()}


def test_each_metric_is_documented_and_each_documented_one_is_there(cluster: Cluster) -> None:
    worker = Measured(cluster, "interactive", autoscale="2,1")
    cluster.wait_workers(1)
    cluster.wait_ended(cluster.submit(["很好"]))

    assert told(scrape(cluster.http)) == documented("Metrics of the API")
    wait_until(lambda: worker.value("sentiq_chunks_total", lane="interactive"))
    assert told(worker.scrape()) == documented("Metrics of a worker")


def test_a_worker_tells_what_jobs_did(cluster: Cluster) -> None:
    bulk, small = (Measured(cluster, lane, app=BROKEN) for lane in ("bulk", "interactive"))
    cluster.wait_workers(2)
    texts = sentences(3_000)
    texts[40] = "这条【异常】"

    started = time.monotonic()
    job = cluster.wait_ended(cluster.submit(texts))
    at_most_s = time.monotonic() - started
    for _ in range(5):
        cluster.wait_ended(cluster.submit(["一条", "两条"]))

    assert job["counts"] == {"total": 3_000, "completed": 2_999, "failed": 1, "without_text": 0}
    wait_until(lambda: bulk.value("sentiq_texts_total", lane="bulk", outcome="completed") == 2_999)
    shown = bulk.scrape()
    assert shown.value("sentiq_texts_total", lane="bulk", outcome="failed") == 1
    assert shown.value("sentiq_chunks_total", lane="bulk") == 6
    assert shown.value("sentiq_queue_wait_seconds_count", lane="bulk") == 6
    assert 0 < shown.value("sentiq_queue_wait_seconds_sum", lane="bulk") < 6 * at_most_s
    assert shown.value("sentiq_poison_rows_total", lane="bulk") == 0
    assert shown.value("sentiq_children_started_total", lane="bulk") == 2
    assert shown.value("sentiq_batch_texts_sum") == len(set(texts)) - 1, "each different text once, in some batch"
    (model,) = {dict(labels)["model"] for name, labels in shown.samples if name == "sentiq_inference_seconds_count"}
    batches = shown.value("sentiq_inference_seconds_count", model=model)
    assert shown.value("sentiq_batch_texts_count") == shown.value("sentiq_batch_tokens_count") == batches
    id_, _, version = model.partition("@")
    assert shown.value("sentiq_worker_info", lane="bulk", model=id_, version=version) == 1
    wait_until(lambda: small.value("sentiq_texts_total", lane="interactive", outcome="completed") == 10)
    assert small.value("sentiq_queue_wait_seconds_count", lane="interactive") == 5

    table = "id,text\n1,很好\n2,\n3,  \n".encode()
    answer = cluster.http.post("/api/v1/jobs", content=table, headers={"Content-Type": "text/csv"})
    cluster.wait_ended(answer.json()["id"])
    wait_until(lambda: bulk.value("sentiq_texts_total", lane="bulk", outcome="without_text") == 2)
    assert bulk.value("sentiq_texts_total", lane="bulk", outcome="failed") == 1, "they are no failures"


def test_the_api_tells_what_the_cluster_has_to_do(cluster: Cluster) -> None:
    before = scrape(cluster.http)
    cluster.submit(sentences(3_000))
    small = cluster.submit(["很好"])
    assert cluster.http.get("/nowhere").status_code == 404
    assert cluster.http.get("/readyz").status_code == 503
    time.sleep(1)  # something to have waited for

    waiting = scrape(cluster.http)
    worker = Measured(cluster, "bulk")
    cluster.wait_workers(1)
    wait_until(lambda: scrape(cluster.http).value("sentiq_jobs", state="ended") == 1)
    cluster.http.delete(f"/api/v1/jobs/{small}")
    done = scrape(cluster.http)

    assert waiting.value("sentiq_jobs", state="queued") == 2
    assert waiting.value("sentiq_rows_waiting") == 3_000
    assert waiting.value("sentiq_chunks_waiting", lane="interactive") == 1
    for lane in ("interactive", "bulk"):
        assert waiting.value("sentiq_queue_messages", lane=lane) > 0
        assert 1 <= waiting.value("sentiq_oldest_waiting_seconds", lane=lane) < 30
        assert waiting.value("sentiq_workers", lane=lane) == 0
    for endpoint, status in (("/readyz", "503"), ("unknown", "404")):
        labels = {"method": "GET", "endpoint": endpoint, "status": status}
        assert waiting.value("sentiq_requests_total", **labels) == before.get("sentiq_requests_total", **labels) + 1
    used, limit = (waiting.value(f"sentiq_redis_{which}_bytes") for which in ("used", "limit"))
    assert 0 < used < limit
    assert done.value("sentiq_rows_waiting") == 0
    assert done.value("sentiq_oldest_waiting_seconds", lane="bulk") == 0
    assert done.value("sentiq_bulk_texts_per_second") > 0
    children = [done.value("sentiq_children", lane="bulk", state=state) for state in ("busy", "idle")]
    assert sum(children) == len(worker.pool()) == 2


@pytest.mark.parametrize(
    ("lane", "rows", "text", "limit_s", "reason", "crashes"),
    [
        pytest.param("bulk", 100, "【崩溃】", 60, "child_lost", 8, id="child lost"),
        pytest.param("interactive", 2, "【挂起】", 4, "time_limit", 4, id="time limit", marks=pytest.mark.full),
    ],
)
def test_counters_survive_the_child_and_tell_of_the_recovery(
    cluster: Cluster, temporary: Path, lane: str, rows: int, text: str, limit_s: int, reason: str, crashes: int
) -> None:
    worker = Measured(cluster, lane, app=BROKEN, SENTIQ_TASK_TIME_LIMIT_S=str(limit_s))
    cluster.wait_workers(1)
    check_all_answered(cluster, cluster.submit(sentences(rows)), rows)
    files = sorted(path.name for path in temporary.glob("sentiq-metrics-*/*.db"))

    job = cluster.wait_ended(cluster.submit([*sentences(rows)[1:], text]))

    assert job["counts"]["failed"] == 1
    wait_until(lambda: worker.value("sentiq_texts_total", lane=lane, outcome="failed") == 1)
    shown = worker.scrape()
    assert shown.value("sentiq_texts_total", lane=lane, outcome="completed") == 2 * rows - 1
    assert shown.value("sentiq_chunks_total", lane=lane) == 2
    assert shown.value("sentiq_poison_rows_total", lane=lane) == 1
    assert shown.value("sentiq_recoveries_total", lane=lane, reason=reason) >= crashes
    recoveries = sum(value for (name, _), value in shown.samples.items() if name == "sentiq_recoveries_total")
    wait_until(lambda: worker.value("sentiq_children_started_total", lane=lane) == 2 + recoveries)
    assert sorted(path.name for path in temporary.glob("sentiq-metrics-*/*.db")) == files, "no file more"


def test_work_of_a_silent_worker_is_told_by_the_one_that_noticed(lasting_api: Cluster, tmp_path: Path) -> None:
    first = Measured(lasting_api, "bulk")
    lasting_api.wait_workers(1)
    answered = tmp_path / "answered"
    job_id = lasting_api.submit([f"【等待】{answered}", *sentences(99)])
    wait_until(lambda: lasting_api.job(job_id)["counts"]["completed"] == 75, message="one chunk is in flight")
    first.process.kill()
    answered.touch()

    second = Measured(lasting_api, "bulk", name="second")

    check_all_answered(lasting_api, job_id, 100)
    assert second.value("sentiq_recoveries_total", lane="bulk", reason="lease") == 1


def test_memory_is_as_the_system_tells_it(cluster: Cluster) -> None:
    worker = Measured(cluster, "bulk")
    cluster.wait_workers(1)
    check_all_answered(cluster, cluster.submit(sentences(2_000)), 2_000)

    family = [worker.process.ps, *worker.process.children()]

    def proportional() -> int:  # less of it where other tests start workers: these map the same files
        return sum(process.memory_full_info().pss for process in family)

    unique = [child.memory_full_info().uss for child in worker.pool()]
    shown = worker.scrape()

    assert shown.value("sentiq_worker_memory_bytes") == pytest.approx(proportional(), rel=0.1)
    wait_until(
        lambda: cluster.live()[0].memory_bytes == pytest.approx(proportional(), rel=0.1),
        message="its heartbeat tells the same",
    )
    assert shown.value("sentiq_child_unique_bytes_max") == pytest.approx(max(unique), rel=0.1)
    assert shown.value("sentiq_child_unique_bytes_sum") == pytest.approx(sum(unique), rel=0.1)
    assert shown.value("sentiq_worker_memory_bytes") < sum(process.memory_info().rss for process in family)
    total, available = (shown.value(f"sentiq_host_memory_{which}") for which in ("bytes", "available_bytes"))
    assert 0 < available < total <= psutil.virtual_memory().total
    assert 0 <= worker.value("sentiq_host_cpu_share") <= 1
    started_s = shown.value("sentiq_worker_started_seconds")
    assert started_s == pytest.approx(worker.process.ps.create_time(), abs=0.1)
    (server,) = worker.servers()
    assert server.memory_full_info().uss < 30 * 2**20, "no model, no Celery"


def test_a_dead_server_of_metrics_is_started_again_and_nothing_is_lost(cluster: Cluster) -> None:
    worker = Measured(cluster, "bulk")
    cluster.wait_workers(1)
    check_all_answered(cluster, cluster.submit(sentences(1_000)), 1_000)
    (before,) = worker.servers()
    time.sleep(max(0.0, before.create_time() + 6 - time.time()))  # what dies at once is not started again at once

    before.kill()

    wait_until(lambda: worker.servers() not in ([], [before]))
    wait_until(worker.listens)
    assert worker.value("sentiq_texts_total", lane="bulk", outcome="completed") == 1_000


def test_a_killed_worker_leaves_no_server_and_the_next_one_cleans_up(cluster: Cluster, temporary: Path) -> None:
    first = Measured(cluster, "bulk")
    cluster.wait_workers(1)
    (server,), pool = first.servers(), first.pool()
    (left,) = temporary.glob("sentiq-metrics-*")

    first.process.popen.kill()
    first.process.wait()

    wait_until(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    for child in pool:
        if child.is_running():
            child.kill()
    second = Measured(cluster, "bulk", name="second", port=first.port)
    wait_until(second.listens)
    wait_until(lambda: second.value("sentiq_children_started_total", lane="bulk") == 2)
    assert not left.exists()
    assert len(list(temporary.glob("*sentiq-metrics-*"))) == 1
    assert second.process.stop() == 0
    assert list(temporary.glob("*sentiq-metrics-*")) == []


def test_what_living_workers_share_is_left_alone(cluster: Cluster, temporary: Path) -> None:
    workers = [Measured(cluster, "bulk"), Measured(cluster, "interactive")]
    cluster.wait_workers(2)
    third = cluster.start_worker("bulk", name="third", SENTIQ_METRICS_PORT=str(free_port()))
    assert len(list(temporary.glob("sentiq-metrics-*"))) == 3
    assert third.stop() == 0
    for worker, lane in zip(workers, ("bulk", "interactive"), strict=True):
        assert worker.value("sentiq_children_started_total", lane=lane) == 2


def test_a_taken_port_stops_the_start_and_says_so(cluster: Cluster) -> None:
    process = cluster.start_worker("bulk", wait=False, SENTIQ_METRICS_PORT=str(cluster.port))

    assert process.wait() == 78
    log = process.log.read_text()
    assert "metrics cannot be shown" in log
    assert "child warm" not in log, "it had no children yet"
    assert "give each worker of a host its own SENTIQ_METRICS_PORT" in log


def test_without_a_port_a_worker_shows_nothing(cluster: Cluster, temporary: Path) -> None:
    worker = cluster.start_worker("bulk")
    check_all_answered(cluster, cluster.submit(sentences(1_000)), 1_000)
    assert len(worker.children()) == 2
    assert list(temporary.glob("*sentiq-metrics-*")) == []


@pytest.mark.full
def test_ctrl_c_ends_the_server_with_its_worker(cluster: Cluster) -> None:
    worker = Measured(cluster, "bulk")
    cluster.wait_workers(1)
    (server,) = worker.servers()
    worker.process.popen.send_signal(signal.SIGINT)
    worker.process.wait()
    assert not server.is_running()
