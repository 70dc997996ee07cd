"""A step of load on a real worker with --autoscale: how soon it has all its children, and when it lets them go again.

    python -m tools.benchmarks.autoscale [--lane bulk|interactive] [--autoscale 4,1] [--plot docs/autoscale.svg] [--json
        FILE]

It fails when a row is lost or repeated, when the step up takes more than 5 s, or when the worker does not come back.
Children may be more than this machine has cores, so the limit on CPU is off (SENTIQ_SCALE_CPU_SHARE=1).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import pygal

from tests.support.cluster import Cluster
from tests.support.processes import Process
from tests.support.texts import sentences
from tools.pictures import STYLE, still

QUIET_S = 3.0  #: before the step
UP_WITHIN_S = 5.0
BACK_WITHIN_S = 5.0  #: after the keepalive
SAMPLE_S = 0.1
CLIENTS = 4
JOB_TEXTS = {"bulk": 2_048, "interactive": 64}
PACE_S = {"bulk": 1.0, "interactive": 0.04}  #: between two jobs of a client: more than two cores can do


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    posted: int  # texts accepted so far
    left: int  # of them, those without an answer
    children: int


class Load:
    """Clients that post jobs at a pace until they are stopped."""

    def __init__(self, cluster: Cluster, lane: str) -> None:
        self.ids: list[str] = []
        self._url, self._texts, self._pace_s = cluster.url, JOB_TEXTS[lane], PACE_S[lane]
        self._seeds = itertools.count()
        self._done = threading.Event()
        self._clients = [threading.Thread(target=self._post) for _ in range(CLIENTS)]
        for client in self._clients:
            client.start()

    def posted(self) -> int:
        return len(self.ids) * self._texts

    def stop(self) -> None:
        self._done.set()
        for client in self._clients:
            client.join()

    def _post(self) -> None:
        with httpx.Client(base_url=self._url, timeout=60) as http:
            while not self._done.is_set():
                body = {"texts": sentences(self._texts, next(self._seeds))}
                answer = http.post("/api/v1/jobs", json=body)
                answer.raise_for_status()
                self.ids.append(answer.json()["id"])
                self._done.wait(self._pace_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", choices=JOB_TEXTS, default="bulk")
    parser.add_argument("--autoscale", default="4,1", metavar="MAX,MIN")
    parser.add_argument("--keepalive", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--load", type=float, default=10.0, metavar="SECONDS", help="how long jobs are posted")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    most, least = map(int, args.autoscale.split(","))
    with tempfile.TemporaryDirectory() as directory:
        environment = {"SENTIQ_SCALE_KEEPALIVE_S": str(args.keepalive), "SENTIQ_SCALE_CPU_SHARE": "1"}
        with Cluster(Path(directory), None, **environment) as cluster:
            cluster.redis_server.start()
            cluster.start_api()
            worker = cluster.start_worker(args.lane, autoscale=args.autoscale)
            samples, ids = step(cluster, worker, args.lane, args.load, least)
            wrong = check_rows(cluster, ids, JOB_TEXTS[args.lane])
    figures = measured(samples, most, least, args.keepalive) | {
        "lane": args.lane,
        "autoscale": args.autoscale,
        "keepalive_s": args.keepalive,
        "jobs": len(ids),
        "rows": len(ids) * JOB_TEXTS[args.lane],
        "rows_lost_or_repeated": wrong,
    }
    print(json.dumps(figures, indent=1))
    if args.json:
        args.json.write_text(json.dumps(figures | {"samples": [asdict(s) for s in samples]}))
    if args.plot:
        args.plot.write_text(plot(samples, args.lane, args.autoscale, args.keepalive))
    up_s, back_s = figures["up_s"], figures["back_s"]
    if wrong or up_s is None or up_s > UP_WITHIN_S or back_s is None or back_s > args.keepalive + BACK_WITHIN_S:
        raise SystemExit("not as it should be")


def step(cluster: Cluster, worker: Process, lane: str, load_s: float, least: int) -> tuple[list[Sample], list[str]]:
    """What is seen before, during and after the load, until the worker is as small as it was."""
    samples: list[Sample] = []
    load: Load | None = None
    began_s = time.monotonic()
    calm_since_s: float | None = None
    while calm_since_s is None or time.monotonic() - calm_since_s < QUIET_S:
        at_s = time.monotonic() - began_s
        if load is None and at_s > QUIET_S:
            load = Load(cluster, lane)
        if load is not None and at_s > QUIET_S + load_s:
            load.stop()
        posted = load.posted() if load else 0
        left = waiting_texts(cluster, load.ids[:] if load else [])
        samples.append(Sample(round(at_s, 2), posted, left, len(worker.children())))
        over = at_s > QUIET_S + load_s and left == 0 and samples[-1].children == least
        calm_since_s = (calm_since_s or time.monotonic()) if over else None
        if at_s > 120 + load_s:
            break
        time.sleep(SAMPLE_S)
    assert load is not None
    load.stop()
    return samples, load.ids


def waiting_texts(cluster: Cluster, ids: list[str]) -> int:
    """Read from Redis, so that the looking takes nothing from the API."""
    pipe = cluster.redis.pipeline(transaction=False)
    for job_id in ids:
        pipe.hmget(f"sentiq:{{{job_id}}}:job", "total", "completed", "failed")
    return sum(int(total) - int(completed) - int(failed) for total, completed, failed in pipe.execute())


def check_rows(cluster: Cluster, ids: list[str], texts: int) -> int:
    """Rows that are missing, failed or there twice."""
    wrong = 0
    for job_id in ids:
        cluster.wait_ended(job_id, timeout_s=120)
        indexes = [row["index"] for row in cluster.rows(job_id) if row["error"] is None]
        wrong += len(set(range(texts)) ^ set(indexes)) + len(indexes) - len(set(indexes))
    return wrong


def measured(samples: list[Sample], most: int, least: int, keepalive_s: float) -> dict[str, float | None]:
    """Seconds from the first text posted to the last child, and from the last answer back to the fewest."""
    began = next(s.at_s for s in samples if s.posted)
    ended = next(s.at_s for s in reversed(samples) if s.left)
    up = next((s.at_s for s in samples if s.children == most), None)
    back = next((s.at_s for s in samples if s.at_s > ended and s.children == least), None)
    return {
        "up_s": None if up is None else round(up - began, 2),
        "back_s": None if back is None else round(back - ended, 2),
        "quiet_kept_s": None if back is None else round(back - ended - keepalive_s, 2),
    }


def plot(samples: list[Sample], lane: str, autoscale: str, keepalive_s: float) -> str:
    """An SVG without scripts and without anything from elsewhere."""
    thousand = 1_000
    rooms = max(s.children for s in samples) + 1
    fullest = max(s.left for s in samples) / thousand
    chart = pygal.XY(
        style=STYLE,
        js=[],
        dots_size=0,
        width=900,
        height=420,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        title=f"A {lane} worker with --autoscale={autoscale}, keepalive {keepalive_s:g} s, under a step of load",
        x_title="seconds",
        y_title="children",
        range=(0, rooms),
        y_labels=list(range(rooms + 1)),
        secondary_range=(0, rooms * math.ceil(fullest / rooms)),
        truncate_legend=-1,
        value_formatter=lambda y: f"{y:.0f}",
        x_value_formatter=lambda x: f"{x:.0f}",
        show_y_guides=False,
    )
    changes = [(before, s) for before, s in itertools.pairwise(samples) if s.children != before.children]
    corners = [(s.at_s, children) for before, s in changes for children in (before.children, s.children)]
    ends = [(s.at_s, s.children) for s in (samples[0], samples[-1])]
    chart.add("children", [ends[0], *corners, ends[1]], stroke_style={"width": 3})
    coarse = samples[::5]
    rates = [
        (s.at_s, round((s.posted - before.posted) / (s.at_s - before.at_s) / thousand, 2))
        for before, s in zip(coarse, coarse[2:], strict=False)
    ]
    chart.add("load, thousand texts/s", rates, secondary=True)
    waiting = [(s.at_s, round(s.left / thousand, 2)) for s in coarse]
    chart.add("queue, thousand texts", waiting, secondary=True)
    return still(chart.render())


if __name__ == "__main__":
    main()
