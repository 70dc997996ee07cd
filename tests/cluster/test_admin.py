"""sentiq-admin on a running cluster: status, settings, and a backup that is made and restored while work goes on."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.admin import admin, admin_process
from tests.support.cluster import Cluster, check_all_answered
from tests.support.processes import wait_until
from tests.support.texts import sentences

pytestmark = pytest.mark.cluster


def test_status_shows_lanes_workers_and_jobs(cluster: Cluster) -> None:
    cluster.wait_ended(cluster.submit(sentences(2)))

    shown = admin(cluster, "status")
    told = json.loads(admin_process(cluster, "status", "--json").stdout)

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "interactive  children 2" in shown.stdout
    assert "1 ended" in shown.stdout
    assert told["faults"] == []
    assert told["lanes"]["bulk"]["children"] == 2
    assert {worker["model"].partition("@")[0] for worker in told["workers"].values()} == {"sentiq-small-zh"}
    assert told["redis"]["keeps_jobs"] is True


def test_settings_that_are_right_pass_and_show_no_secret(cluster: Cluster) -> None:
    run = admin_process(cluster, "config", "check", SENTIQ_ADMIN_TOKEN="correct-horse-battery", SENTIQ_LEASE_S="4")

    assert (run.returncode, run.stderr) == (0, "")
    assert "SENTIQ_LEASE_S: 4.0" in run.stdout
    assert "SENTIQ_ADMIN_TOKEN: (set, not shown)" in run.stdout
    assert "correct-horse" not in run.stdout


def test_what_is_restored_is_as_it_was_and_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    done = cluster.submit(sentences(1_500), name="done")
    check_all_answered(cluster, done, 1_500)
    rows = cluster.rows(done)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    waiting = cluster.submit(sentences(3_000), name="tomorrow", start_at=tomorrow)
    file = tmp_path / "sentiq.backup"

    # While it is made, nobody is refused.
    with ThreadPoolExecutor(8) as clients:
        answers = [clients.submit(cluster.http.post, "/analyze", json={"text": f"很好{n}"}) for n in range(200)]
        made = admin(cluster, "backup", file)
        assert {answer.result().status_code for answer in answers} == {200}
    assert made.returncode == 0, made.stderr
    assert "Redis took no writes for" in made.stderr
    assert file.stat().st_mode & 0o077 == 0  # texts are in it

    assert cluster.http.delete(f"/api/v1/jobs/{done}").status_code == 204
    later = cluster.submit(sentences(2))
    refused = admin(cluster, "restore", file)
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert cluster.job(later)["id"] == later

    back = admin(cluster, "restore", file, "--replace")

    assert back.returncode == 0, back.stderr
    assert cluster.rows(done) == rows
    assert cluster.http.get(f"/api/v1/jobs/{later}").status_code == 404  # it came after the backup
    assert cluster.job(waiting)["state"] == "scheduled"
    assert cluster.http.post(f"/api/v1/jobs/{waiting}/pause").status_code == 200
    assert cluster.job(waiting)["state"] == "paused"
    check_all_answered(cluster, cluster.submit(sentences(700)), 700)  # work goes on
    assert admin(cluster, "status").returncode == 0


def test_chunks_in_flight_at_the_backup_run_again_after_the_restore(cluster: Cluster, tmp_path: Path) -> None:
    file, answered = tmp_path / "sentiq.backup", tmp_path / "answered"
    texts = [*sentences(2_000), f"【等待】{answered}"]
    job_id = cluster.submit(texts)
    wait_until(lambda: cluster.job(job_id)["counts"]["completed"] == 1_536, message="all chunks but the last end")

    assert admin(cluster, "backup", file).returncode == 0
    assert cluster.http.delete(f"/api/v1/jobs/{job_id}").status_code == 204
    restored = admin(cluster, "restore", file, "--replace")

    assert restored.returncode == 0, restored.stderr
    assert cluster.job(job_id)["state"] == "running"
    answered.touch()
    check_all_answered(cluster, job_id, len(texts))


def test_without_workers_status_says_what_to_do(empty_cluster: Cluster) -> None:
    empty_cluster.redis_server.start()

    shown = admin(empty_cluster, "status")

    assert shown.returncode == 1
    assert "No interactive worker has a warm child: start one" in shown.stderr
    empty_cluster.redis_server.stop()
    away = admin(empty_cluster, "status")
    assert away.returncode == 1
    assert "Redis cannot be reached" in away.stderr
