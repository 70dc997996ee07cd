"""Jobs are held, let go, overtaken and tried again while real workers serve them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery

from sentiq.core import redis_keys
from sentiq.core.redis_keys import JobKeys
from sentiq.jobs.messages import publish
from sentiq.jobs.store import JobStore
from tests.support.cluster import Cluster, waiting_cluster
from tests.support.processes import wait_until
from tests.support.programs import BROKEN

pytestmark = pytest.mark.cluster

CHUNK = 25  #: rows; one takes a child half a second
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with waiting_cluster(tmp_path_factory.mktemp("cluster"), SENTIQ_CACHE_ENTRIES="0") as cluster:
        cluster.start(interactive=1, bulk=2)
        yield cluster


def long_job(cluster: Cluster, rows: int, **options: object) -> str:
    return post_lines(
        cluster, "".join(f'"房间干净，服务热情，第 {row} 次来"\n' for row in range(rows)).encode(), **options
    )


def held_job(cluster: Cluster, rows: int, until: Path, **options: object) -> str:
    """Post a job of which each chunk but the first is at work until there is a file `until`, however slow the host."""
    lines = [f'"第 {row} 次来，很好"\n' for row in range(rows)]
    lines[CHUNK::CHUNK] = [f'"【等待】{until}"\n'] * len(lines[CHUNK::CHUNK])
    return post_lines(cluster, "".join(lines).encode(), **options)


def post_lines(cluster: Cluster, lines: bytes, **options: object) -> str:
    headers = {"Content-Type": "application/x-ndjson"}
    answer = cluster.http.post("/api/v1/jobs", content=lines, headers=headers, params=options)  # type: ignore[arg-type]
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def post(cluster: Cluster, job_id: str, what: str) -> dict[str, object]:
    answer = cluster.http.post(f"/api/v1/jobs/{job_id}/{what}")
    assert answer.status_code == 200, answer.text
    document: dict[str, object] = answer.json()
    return document


def done(cluster: Cluster, job_id: str) -> int:
    return int(cluster.job(job_id)["counts"]["completed"])


def still(cluster: Cluster, job_id: str) -> int:
    """Wait until nothing of a held job is in flight; returns its finished rows."""
    owners = redis_keys.LaneKeys.of("bulk").owners
    wait_until(
        lambda: not any(job_id.encode() in member for member in cluster.redis.hkeys(owners)),
        message="chunks in flight end",
    )
    return done(cluster, job_id)


def whole(cluster: Cluster, job_id: str, rows: int) -> None:
    job = cluster.wait_ended(job_id)
    assert (job["state"], job["counts"]) == (
        "completed",
        {"total": rows, "completed": rows, "failed": 0, "without_text": 0},
    )
    assert [row["index"] for row in cluster.rows(job_id)] == list(range(rows))


def test_pause_stops_the_work_and_resume_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    job_id = held_job(cluster, 500, tmp_path / "goes on")
    wait_until(lambda: done(cluster, job_id) > 0, message="it runs")
    assert post(cluster, job_id, "pause")["state"] == "paused"
    (tmp_path / "goes on").touch()
    at_rest = still(cluster, job_id)
    assert 0 < at_rest < 500
    other = cluster.submit(["很好"] * 100)  # the workers are free for others
    cluster.wait_ended(other)
    assert done(cluster, job_id) == at_rest
    assert post(cluster, job_id, "resume")["state"] == "running"
    whole(cluster, job_id, 500)


def test_a_worker_that_dies_while_a_job_is_paused_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    job_id = held_job(cluster, 400, tmp_path / "goes on")
    wait_until(lambda: done(cluster, job_id) > 0, message="it runs")
    post(cluster, job_id, "pause")
    bulk = next(process for process in cluster.processes if process.name == "bulk")
    bulk.kill()
    cluster.processes.remove(bulk)
    (tmp_path / "goes on").touch()
    cluster.start_worker("bulk", 2)
    post(cluster, job_id, "resume")
    whole(cluster, job_id, 400)


def test_a_small_job_does_not_wait_behind_a_large_one(cluster: Cluster, tmp_path: Path) -> None:
    chunks = [tmp_path / str(number) for number in range(60)]  # each is at work until there is a file of its name
    lines = "".join(f'"【等待】{chunk}"\n' for chunk in chunks for _ in range(CHUNK)).encode()
    large = post_lines(cluster, lines)
    waiting = iter(chunks)
    next(waiting).touch()
    wait_until(lambda: done(cluster, large) > 0, message="it runs")
    before = done(cluster, large)
    small = long_job(cluster, 20, priority="low", name="small")  # low: it may overtake nothing but by its first chunk
    normal = cluster.http.post(
        "/api/v1/jobs", content="text\n很好\n不好\n".encode(), headers={"Content-Type": "text/csv"}
    ).json()["id"]

    def is_ended() -> bool:
        return cluster.job(normal)["ended_at"] is not None

    # Both children end the chunk they have, and may each take one more of the large job meanwhile.
    for rows in range(before + CHUNK, before + 7 * CHUNK, CHUNK):
        next(waiting).touch()
        wait_until(lambda rows=rows: is_ended() or done(cluster, large) >= rows)  # type: ignore[misc]
        if is_ended():
            break
    cluster.wait_ended(normal)
    assert done(cluster, large) - before <= 6 * CHUNK
    assert cluster.job(large)["state"] == "running"
    post(cluster, large, "cancel")
    for chunk in waiting:
        chunk.touch()
    whole(cluster, small, 20)


def test_high_priority_overtakes_normal_and_normal_overtakes_low(cluster: Cluster, tmp_path: Path) -> None:
    ids = {"low": held_job(cluster, 400, tmp_path / "all are there", priority="low")}
    ids |= {name: long_job(cluster, 400, priority=name) for name in ("normal", "high")}
    (tmp_path / "all are there").touch()
    for job_id in ids.values():
        whole(cluster, job_id, 400)
    ended = {name: cluster.job(job_id)["ended_at"] for name, job_id in ids.items()}
    assert ended["high"] < ended["normal"] < ended["low"]


def test_a_job_starts_at_its_time(cluster: Cluster) -> None:
    start_ms = round(time.time() * 1000) + 5_000
    start_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(start_ms / 1000)) + f".{start_ms % 1000:03}Z"
    job_id = long_job(cluster, 100, start_at=start_at)
    waiting = cluster.job(job_id)
    assert (waiting["state"], waiting["scheduled_for"]) == ("scheduled", start_at)
    whole(cluster, job_id, 100)
    assert cluster.job(job_id)["started_at"] >= start_at


def test_a_deadline_ends_a_job_and_keeps_what_is_done(cluster: Cluster) -> None:
    began = time.monotonic()
    # So that the deadline leaves time for some rows, and not for all.
    whole(cluster, long_job(cluster, 2 * CHUNK), 2 * CHUNK)
    end_ms = round((time.time() + 2 + 5 * (time.monotonic() - began)) * 1000)
    expire_at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(end_ms / 1000)) + f".{end_ms % 1000:03}Z"
    job_id = long_job(cluster, 10_000, expire_at=expire_at)
    job = cluster.wait_ended(job_id)
    assert job["state"] == "expired"
    assert 0 < job["counts"]["completed"] < 10_000
    rows = cluster.rows(job_id)
    assert len(rows) == job["counts"]["completed"]
    assert all(row["error"] is None for row in rows)


def test_work_flows_only_in_the_window_and_resumes_the_next_night(cluster: Cluster, tmp_path: Path) -> None:
    """The clock that tells what the window means is the test's; the workers' own looks find nothing due."""
    now_ms = round(time.time() * 1000)
    opens_ms = (now_ms // HOUR_MS + 5) * HOUR_MS
    hours = [time.strftime("%H:%M", time.gmtime(ms / 1000)) for ms in (opens_ms, opens_ms + HOUR_MS)]
    job_id = held_job(cluster, 500, tmp_path / "goes on", window="-".join(hours))
    assert cluster.job(job_id)["state"] == "scheduled"

    clock = [opens_ms]
    store = JobStore(cluster.redis, cluster.settings, lambda: clock[0])
    with Celery("test", broker=cluster.redis_server.url, set_as_current=False) as producer:
        tick: Callable[[], None] = lambda: publish(producer, store.advance(job_id))  # noqa: E731
        tick()  # it opens
        wait_until(lambda: done(cluster, job_id) > 0, message="it runs")
        clock[0] += HOUR_MS
        tick()  # it closes
        assert cluster.job(job_id)["state"] == "scheduled"
        (tmp_path / "goes on").touch()
        at_rest = still(cluster, job_id)
        assert 0 < at_rest < 500
        cluster.wait_ended(cluster.submit(["很好"] * 100))
        assert done(cluster, job_id) == at_rest
        clock[0] += 23 * HOUR_MS
        tick()  # it opens again
        whole(cluster, job_id, 500)


def test_failed_rows_succeed_when_they_are_tried_again(api: Cluster) -> None:
    broken = api.start_worker("bulk", 2, app=BROKEN, SENTIQ_CACHE_ENTRIES="0")
    texts = [f"第{n}条，很好" + ("【异常】" if n % 100 == 7 else "") for n in range(1_500)]
    job = api.wait_ended(api.submit(texts))
    assert job["counts"] == {"total": 1_500, "completed": 1_485, "failed": 15, "without_text": 0}
    before = api.rows(job["id"])
    assert [row["index"] for row in api.rows(job["id"], only="failed")] == list(range(7, 1_500, 100))
    broken.stop()
    api.start_worker("bulk", 2, name="mended", SENTIQ_CACHE_ENTRIES="0")
    running = api.http.post(f"/api/v1/jobs/{job['id']}/retry").json()
    assert running["counts"]["total"] == 1_500
    again = api.wait_ended(job["id"])
    assert again["counts"] == {"total": 1_500, "completed": 1_500, "failed": 0, "without_text": 0}
    after = api.rows(job["id"])
    assert [a for a, b in zip(after, before, strict=True) if b["error"] is None] == [
        row for row in before if row["error"] is None
    ]
    assert api.http.post(f"/api/v1/jobs/{job['id']}/retry").json()["code"] == "nothing_to_retry"
    assert api.redis.exists(JobKeys.of(job["id"]).retry) == 0
