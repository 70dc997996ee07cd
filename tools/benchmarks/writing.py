"""Workbooks of results, this checkout and an older one in turn: time, processor time, and whether others have to wait.

    python -m tools.benchmarks.writing --texts FILE [--rows 1000000] [--baseline DIR] [--runs 2]

Each run starts a service with an engine that answers without looking, sends a CSV of ids and texts, and downloads
`results.xlsx` with the texts. Then the same is downloaded once more while that workbook is sent as a new job. In the
meantime another client asks for `/livez` every 20 ms. Processor time is that of the API and of the processes it starts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sentiq_client import Client
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import Process
from tools.benchmarks.bulk import write_table

ASK_EVERY_S = 0.02


#: Asks until its standard input is closed, then prints how long the answers took, in seconds.
ASK = """
import json, select, sys, time
import httpx
waits = []
with httpx.Client(base_url=sys.argv[1], timeout=60) as client:
    while not select.select([sys.stdin], [], [], float(sys.argv[2]))[0]:
        began = time.perf_counter()
        client.get("/livez").raise_for_status()
        waits.append(time.perf_counter() - began)
print(json.dumps(waits))
"""


class Asker:
    """Asks for /livez until it is closed, in a process of its own: that of the client is busy."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-c", ASK, url, str(ASK_EVERY_S)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self) -> dict[str, float]:
        """Return how long the answers took, in ms."""
        said, _ = self._process.communicate()
        waits = json.loads(said)
        cuts = statistics.quantiles(waits, n=100)
        return {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3, "longest": max(waits) * 1e3}


def cpu_s(api: Process) -> float:
    """Return the processor time of the API and of the processes that it started and that have ended, in seconds."""
    return sum(sum(process.cpu_times()[:4]) for process in (api.ps, *api.children()))


def measure(checkout: Path, texts: Path, rows: int) -> dict[str, Any]:
    """Run a service of a checkout."""
    with tempfile.TemporaryDirectory(prefix="sentiq-writing-") as name:
        table = Path(name, "table.csv")
        write_table(table, texts, rows)
        cluster = Cluster(Path(name), SENTIQ_CACHE_ENTRIES="0")
        cluster.sources = checkout
        try:
            cluster.redis_server.start()
            api = cluster.start_api()
            cluster.start_worker("bulk", 2, app="tools.benchmarks.noop_worker")
            return _run(cluster, api, table, rows)
        finally:
            cluster.close()


def _run(cluster: Cluster, api: Process, table: Path, rows: int) -> dict[str, Any]:
    with Client(cluster.url, timeout_s=600) as client:
        job = client.submit_file(table)
        assert job.wait().total == rows
        before, began, asker = cpu_s(api), time.perf_counter(), Asker(cluster.url)
        path = job.download(table.with_name("results.xlsx"), include="text")
        found = {"s": time.perf_counter() - began, "cpu_s": cpu_s(api) - before, "mb": path.stat().st_size / 1e6}
        found |= {f"livez_{name}_ms": value for name, value in asker.close().items()}

        began, asker = time.perf_counter(), Asker(cluster.url)
        with ThreadPoolExecutor(1) as other:
            sent = other.submit(client.submit_file, path)
            job.download(table.with_name("again.xlsx"), include="text")
            again = sent.result()
        found["both_s"] = time.perf_counter() - began
        assert again.wait().total == rows
        return found | {f"both_livez_{name}_ms": value for name, value in asker.close().items()}


def main() -> None:
    """Measure what the command line asks for, and print a line of JSON for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or gzipped")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--baseline", type=Path, help="another checkout, in turn with this one")
    parser.add_argument("--runs", type=int, default=2)
    asked = parser.parse_args()
    checkouts = {"baseline": asked.baseline.resolve()} if asked.baseline else {}
    for _ in range(asked.runs):
        for name, checkout in {**checkouts, "this": REPOSITORY}.items():
            found = {key: round(value, 2) for key, value in measure(checkout, asked.texts, asked.rows).items()}
            print(json.dumps({"checkout": name, "rows": asked.rows, **found}), flush=True)


if __name__ == "__main__":
    main()
