"""Each alert fires and clears, with the words an operator reads; a cluster that is well or idle raises none.

promtool runs the rules over made-up series: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import REPOSITORY

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing (apt install prometheus)")

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES = [PROMETHEUS / "rules" / name for name in ("recordings.yml", "alerts.yml")]  # what is recorded comes first
GROUPS = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule
}

API_UP = 'up{job="sentiq-api", instance="api:8000"}'
WORKER_UP = 'up{job="sentiq-worker", instance="w:9100"}'
GIB = 2**30


def requests(status: int, endpoint: str = "/api/v1/jobs", method: str = "POST") -> str:
    labels = f'method="{method}", endpoint="{endpoint}", status="{status}", instance="api:8000", job="sentiq-api"'
    return f"sentiq_requests_total{{{labels}}}"


def buckets(name: str, labels: str, fast: str, slow: str) -> dict[str, str]:
    """A histogram with two bounds: values of 0.1 s and of up to 5 s."""
    return {
        f'{name}_bucket{{le="0.1", {labels}}}': fast,
        f'{name}_bucket{{le="5", {labels}}}': slow,
        f'{name}_bucket{{le="+Inf", {labels}}}': slow,
    }


WORKER = 'job="sentiq-worker", instance="w:9100"'
INTERACTIVE = f'lane="interactive", {WORKER}'
ANALYZE = 'method="POST", endpoint="/analyze", job="sentiq-api", instance="api:8000"'


@dataclass(frozen=True)
class Case:
    """One alert over series that begin at time 0, a value each `interval`: silent, firing, silent again."""

    alert: str
    series: Mapping[str, str]
    says: str  # its description while it fires
    labels: Mapping[str, str] = field(default_factory=dict)
    silent_at: str = "0m"
    fires_at: str = "15m"
    clears_at: str = "50m"
    interval: str = "1m"


W = {"job": "sentiq-worker", "instance": "w:9100"}

CASES = [
    Case(
        "SentiqApiDown",
        {API_UP: "1x5 0x10 1x60"},
        "No instance of sentiq-api has answered a scrape for a minute.",
    ),
    Case(  # the name of the service does not resolve any more
        "SentiqApiDown",
        {API_UP: "1x5 stale _x9 1x60"},
        "No instance of sentiq-api has answered a scrape for a minute.",
    ),
    Case(
        "SentiqTargetDown",
        {WORKER_UP: "1x2 0x20 1x60"},
        "sentiq-worker at w:9100 has answered no scrape for 5 minutes.",
        W,
    ),
    Case(
        "SentiqRedisAway",
        {'sentiq_redis_up{instance="api:8000"}': "1x5 0x20 1x60"},
        "The API at api:8000 has not reached Redis for a minute and answers 503.",
        {"instance": "api:8000"},
    ),
    Case(  # two instances of the API tell the same
        "SentiqLaneWithoutWorkers",
        {
            'sentiq_children{lane="bulk", state="idle", instance="a"}': "2x5 0x20 2x60",
            'sentiq_children{lane="bulk", state="busy", instance="a"}': "1x5 0x20 1x60",
            'sentiq_children{lane="bulk", state="idle", instance="b"}': "2x5 0x20 2x60",
            'sentiq_children{lane="bulk", state="busy", instance="b"}': "1x5 0x20 1x60",
            'sentiq_children{lane="interactive", state="idle", instance="a"}': "0x90",
            'sentiq_children{lane="interactive", state="busy", instance="a"}': "1x90",
        },
        "The bulk lane has had no warm child for a minute: its jobs wait.",
        {"lane": "bulk"},
    ),
    Case(
        "SentiqWorkersRestart",
        {f"sentiq_worker_started_seconds{{{WORKER}}}": "100x5 400x2 600x2 800x80"},
        "The worker at w:9100 was started 3 times anew within 30 minutes.",
        W,
    ),
    Case(
        "SentiqRequestsFail",
        {requests(202): "0+90x90", requests(503): "0x5 0+30x20 600x65"},
        "25% of all requests were answered with 5xx.",
    ),
    Case(
        "SentiqKeysRefused",
        {requests(202): "0+10x90", requests(401): "0x2 0+90x20 1800x65"},
        "90% of all requests were answered with 401.",
    ),
    Case(
        "SentiqAnswersSlow",
        buckets("sentiq_request_seconds", ANALYZE, "0+60x5 300x20 300+60x60", "0+60x90"),
        "The slowest twentieth of the synchronous answers took more than 4.755s.",
    ),
    Case(
        "SentiqInteractiveWaits",
        buckets("sentiq_queue_wait_seconds", INTERACTIVE, "0+60x5 300x20 300+60x60", "0+60x90"),
        "The slowest twentieth of the small jobs waited more than 4.755s for a child.",
        {"lane": "interactive"},
    ),
    Case(
        "SentiqQueueOld",
        {
            'sentiq_oldest_waiting_seconds{lane="interactive", instance="a"}': "0x5 0+60x20 0x60",
            'sentiq_oldest_waiting_seconds{lane="interactive", instance="b"}': "0x5 0+60x20 0x60",
            'sentiq_oldest_waiting_seconds{lane="bulk", instance="a"}': "3000x90",
        },
        "The oldest work of the interactive lane has waited for 9m 0s.",
        {"lane": "interactive"},
    ),
    Case(
        "SentiqQueueOld",
        {'sentiq_oldest_waiting_seconds{lane="bulk"}': "3000+60x25 0x60"},
        "The oldest work of the bulk lane has waited for 1h 5m 0s.",
        {"lane": "bulk"},
    ),
    Case(
        "SentiqNoProgress",
        {
            WORKER_UP: "1x90",
            'sentiq_chunks_waiting{lane="bulk", instance="a"}': "0x2 40x30 0x60",
            'sentiq_chunks_total{lane="bulk", instance="w:9100"}': "7x90",
            'sentiq_chunks_waiting{lane="interactive", instance="a"}': "3x90",  # busy, and recording
            'sentiq_chunks_total{lane="interactive", instance="w:9100"}': "0+5x90",
        },
        "40 chunks wait on the bulk lane, and none was recorded for 5 minutes.",
        {"lane": "bulk"},
    ),
    Case(  # the worker has recorded nothing since it was started
        "SentiqNoProgress",
        {WORKER_UP: "1x90", 'sentiq_chunks_waiting{lane="bulk", instance="a"}': "4x30 0x60"},
        "4 chunks wait on the bulk lane, and none was recorded for 5 minutes.",
        {"lane": "bulk"},
    ),
    Case(
        "SentiqWorkLost",
        {'sentiq_recoveries_total{lane="bulk", reason="child_lost", instance="w:9100"}': "0x3 0+1x8 8x80"},
        "8 times in 15 minutes work of the bulk lane was given out again: child_lost.",
        {"lane": "bulk", "reason": "child_lost"},
    ),
    Case(
        "SentiqPoisonRows",
        {'sentiq_poison_rows_total{lane="bulk", instance="w:9100"}': "0x3 1x120"},
        "1 rows of the bulk lane killed their child in the last hour and failed with killed_worker.",
        {"lane": "bulk"},
        clears_at="80m",
    ),
    Case(
        "SentiqDegraded",
        {"sentiq_degraded": "0x2 1x30 0x60"},
        "For 15 minutes small jobs have been answered by the bundled model, since the interactive lane is overloaded.",
        fires_at="20m",
    ),
    Case(
        "SentiqRequestsHalved",  # 7,200 a day, from the third day on 1,440
        {API_UP: "1x130", requests(202): "0+300x72 21660+60x60"},
        "2.4k requests with work were accepted in 24 hours, less than half as many as before.",
        interval="1h",
        silent_at="76h",
        fires_at="92h",
        clears_at="124h",
    ),
    Case(
        "SentiqHostMemory",
        {
            f"sentiq_host_memory_available_bytes{{{WORKER}}}": f"{4 * GIB}x5 {GIB // 2}x20 {4 * GIB}x60",
            f"sentiq_host_memory_bytes{{{WORKER}}}": f"{8 * GIB}x90",
        },
        "93.75% of the memory around w:9100 is in use.",
        W,
    ),
    Case(
        "SentiqChildMemory",
        {f"sentiq_child_unique_bytes_max{{{WORKER}}}": f"{GIB}x2 {3 * GIB}x20 {GIB}x60"},
        "A child at w:9100 holds 3GiB of its own.",
        W,
    ),
    Case(
        "SentiqRedisMemory",
        {
            'sentiq_redis_used_bytes{instance="a"}': f"{GIB}x2 {3 * GIB}x20 {GIB}x60",
            'sentiq_redis_limit_bytes{instance="a"}': f"{4 * GIB}x90",
        },
        "75% of Redis's memory is in use; at 80 % new work is refused.",
    ),
    Case(
        "SentiqRedisFull",
        {
            'sentiq_redis_used_bytes{instance="a"}': f"{3 * GIB}x2 {4 * GIB}x20 {3 * GIB}x60",
            'sentiq_redis_limit_bytes{instance="a"}': f"{4 * GIB}x90",
        },
        "100% of Redis's memory is in use: submissions are answered with 503.",
    ),
    Case(
        "SentiqCpu",
        {f"sentiq_host_cpu_share{{{WORKER}}}": "0.5x5 1x40 0.5x60"}
        | buckets("sentiq_queue_wait_seconds", INTERACTIVE, "0+60x5 300x30 300+60x60", "0+60x90"),
        "100% of the CPU around w:9100 is in use, and small jobs wait.",
        W,
        fires_at="30m",
        clears_at="70m",
    ),
]

#: Nothing is to be done here: nobody asks, or everything is busy and moves on.
IDLE = {
    API_UP: "1x90",
    WORKER_UP: "1x90",
    'sentiq_redis_up{instance="api:8000"}': "1x90",
    'sentiq_redis_used_bytes{instance="api:8000"}': "1000000x90",
    'sentiq_redis_limit_bytes{instance="api:8000"}': f"{GIB}x90",
    "sentiq_degraded": "0x90",
    requests(200, "/metrics", "GET"): "0+20x90",
    requests(503, "/readyz", "GET"): "0+20x90",
    f"sentiq_host_memory_bytes{{{WORKER}}}": f"{8 * GIB}x90",
    f"sentiq_host_memory_available_bytes{{{WORKER}}}": f"{4 * GIB}x90",
    f"sentiq_child_unique_bytes_max{{{WORKER}}}": "20000000x90",
    f"sentiq_worker_started_seconds{{{WORKER}}}": "100x90",
    f"sentiq_host_cpu_share{{{WORKER}}}": "1x90",
} | {
    series: values
    for lane in ("interactive", "bulk")
    for series, values in {
        f'sentiq_children{{lane="{lane}", state="idle", instance="api:8000"}}': "2x90",
        f'sentiq_children{{lane="{lane}", state="busy", instance="api:8000"}}': "0x90",
        f'sentiq_chunks_waiting{{lane="{lane}", instance="api:8000"}}': "0x90",
        f'sentiq_oldest_waiting_seconds{{lane="{lane}", instance="api:8000"}}': "0x90",
        f'sentiq_chunks_total{{lane="{lane}", instance="w:9100"}}': "9x90",
        f'sentiq_recoveries_total{{lane="{lane}", reason="lease", instance="w:9100"}}': "2x90",
        f'sentiq_poison_rows_total{{lane="{lane}", instance="w:9100"}}': "1x90",
    }.items()
}
BUSY = IDLE | {
    requests(202): "0+600x90",
    requests(503): "0+6x90",  # one in a hundred
    'sentiq_chunks_waiting{lane="bulk", instance="api:8000"}': "100x90",
    'sentiq_oldest_waiting_seconds{lane="bulk", instance="api:8000"}': "1800x90",
    'sentiq_chunks_total{lane="bulk", instance="w:9100"}': "0+1x90",
    **buckets("sentiq_request_seconds", ANALYZE, "0+60x90", "0+61x90"),
    **buckets("sentiq_queue_wait_seconds", INTERACTIVE, "0+60x90", "0+61x90"),
}
A_WEEK = [*(300,) * 5, 60, 60]  #: requests in an hour, Monday to Sunday


def week_rhythm(weeks: int) -> str:
    values, total = [], 0
    for each in A_WEEK * weeks:
        values.append(f"{total}+{each}x23")
        total += each * 24
    return " ".join(values)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=300)


def expected(case: Case) -> dict[str, Any]:
    rule = ALERTS[case.alert]
    return {
        "exp_labels": rule["labels"] | case.labels,
        "exp_annotations": rule["annotations"] | {"description": case.says},
    }


def run_test(directory: Path, test: Mapping[str, Any]) -> None:
    document = {
        "rule_files": [str(path) for path in RULES],
        "group_eval_order": [group["name"] for group in GROUPS],  # else at random
        "evaluation_interval": test["interval"],
        "tests": [test],
    }
    path = directory / "tests.yml"
    path.write_text(yaml.safe_dump(document))
    run = promtool("test", "rules", path)
    assert run.returncode == 0, run.stdout + run.stderr


def silent(series: Mapping[str, str], interval: str, *times: str, alerts: Any = ALERTS) -> dict[str, Any]:
    return {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"alertname": alert, "eval_time": at, "exp_alerts": []} for alert in alerts for at in times
        ],
    }


def test_the_files_are_what_prometheus_reads(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "prometheus-hosts.yml"):
        run = promtool("check", "config", "--syntax-only", PROMETHEUS / name)
        assert run.returncode == 0, run.stdout + run.stderr
    run = promtool("check", "rules", "--lint-fatal", *RULES)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == set(ALERTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_it_fires_and_clears(tmp_path: Path, case: Case) -> None:
    test = silent(case.series, case.interval, case.silent_at, case.clears_at, alerts=[case.alert])
    fires = {"alertname": case.alert, "eval_time": case.fires_at, "exp_alerts": [expected(case)]}
    run_test(tmp_path, test | {"alert_rule_test": [*test["alert_rule_test"], fires]})


@pytest.mark.parametrize("series", [IDLE, BUSY], ids=["idle", "busy"])
def test_a_cluster_that_is_well_raises_none(tmp_path: Path, series: Mapping[str, str]) -> None:
    run_test(tmp_path, silent(series, "1m", "0m", "10m", "1h"))


def test_a_moment_raises_none(tmp_path: Path) -> None:
    blip = {  # a restart of everything, and what waits meanwhile
        API_UP: "1x8 0x2 1x90",
        WORKER_UP: "1x8 0x8 1x90",
        'sentiq_redis_up{instance="api:8000"}': "1x8 0x2 1x90",
        'sentiq_chunks_waiting{lane="interactive", instance="api:8000"}': "0x8 50x4 0x90",
        'sentiq_oldest_waiting_seconds{lane="interactive", instance="api:8000"}': "0x8 15x4 0x90",
        f"sentiq_worker_started_seconds{{{WORKER}}}": "100x8 300x90",
        f"sentiq_host_memory_available_bytes{{{WORKER}}}": f"{4 * GIB}x8 1000x4 {4 * GIB}x90",
        **{
            f'sentiq_children{{lane="{lane}", state="idle", instance="api:8000"}}': "2x8 0x2 2x90"
            for lane in ("interactive", "bulk")
        },
    }
    times = [f"{seconds}s" for seconds in range(0, 900, 30)]
    run_test(tmp_path, silent(BUSY | blip, "15s", *times))


@pytest.mark.parametrize(
    ("requests_made", "up", "times"),
    [
        ("0+36x72 2592x40", "1x120", ["76h", "92h"]),  # few, then none
        ("0+300x24 7200+60x60", "1x90", ["25h", "36h", "47h"]),  # Prometheus is a day old
        ("0+300x48 _x20 20700+300x60", "1x48 _x20 1x60", ["72h", "74h", "80h", "92h", "100h"]),  # it was away
        (week_rhythm(2), "1x400", [f"{24 * day}h" for day in range(9, 15)]),  # the week-end is like the last
    ],
    ids=["few", "young", "gap", "week-end"],
)
def test_volume_is_compared_only_where_it_can_be(tmp_path: Path, requests_made: str, up: str, times: list[str]) -> None:
    series = {API_UP: up, requests(202): requests_made}
    run_test(tmp_path, silent(series, "1h", *times, alerts=["SentiqRequestsHalved"]))
