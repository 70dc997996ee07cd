"""One bulk job from a CSV to its results: speed, memory and the size of the store, for several numbers of rows.

    python -m tools.benchmarks.bulk --texts FILE [--rows 10000 100000 1000000] [--noop] [--formats csv xlsx]

The CSV has an id and a text a row, the texts repeated as often as needed. It is sent
and fetched by the client, and what comes back is compared row by row: every id once, in order. With --noop the engine
answers without looking, and what is measured is the service around it. Memory is the growth of resident memory.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import psutil
from rich.console import Console
from rich.table import Table

from sentiq_client import Client
from tests.support.cluster import Cluster
from tests.support.processes import Process
from tools.benchmarks.texts import iterate_texts


class MemoryWatch:
    """The largest resident memory of some processes and their children since it began, in MB."""

    def __init__(self, *processes: Process) -> None:
        # Listed once: looking for children reads all of /proc, and would take the time of those that are measured.
        self._processes: list[psutil.Process] = [p for found in processes for p in (found.ps, *found.children())]
        self.before_mb = self.largest_mb = self._now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def growth_mb(self) -> float:
        return self.largest_mb - self.before_mb

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self.largest_mb = max(self.largest_mb, self._now())

    def _now(self) -> float:
        return float(sum(process.memory_info().rss for process in self._processes)) / 1e6


def write_table(path: Path, texts: Path, rows: int) -> int:
    """A CSV of so many rows; returns the UTF-8 bytes of its texts."""
    size = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for number, text in enumerate(islice(iterate_texts(texts), rows)):
            size += len(text.encode())
            writer.writerow([f"r{number:09d}", text])
    return size


def verify(path: Path, rows: int) -> None:
    """Every id once and in order; in a workbook over all sheets."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            at = next(reader).index("custom_id")
            count = 0
            for count, record in enumerate(reader, start=1):  # counted
                assert record[at] == f"r{count - 1:09d}", record
    else:
        count = 0
        book = openpyxl.load_workbook(path, read_only=True)
        for sheet in book.worksheets[:-1]:  # the last one is the summary
            values = sheet.iter_rows(values_only=True)
            at = list(next(values)).index("custom_id")
            for cells in values:
                assert cells[at] == f"r{count:09d}", cells
                count += 1
        book.close()
    assert count == rows, f"{count} of {rows} rows"


def measure(texts: Path, rows: int, formats: list[str], *, noop: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sentiq-bulk-") as name:
        directory = Path(name)
        table = directory / "table.csv"
        text_bytes = write_table(table, texts, rows)
        cluster = Cluster(directory, SENTIQ_CACHE_ENTRIES="0")
        try:
            cluster.redis_server.start()
            api = cluster.start_api()
            app = "tools.benchmarks.noop_worker" if noop else "worker.app"
            worker = cluster.start_worker("bulk", 2, app=app)
            return _run(cluster, api, worker, table, rows, text_bytes, formats)
        finally:
            cluster.close()


def _run(
    cluster: Cluster, api: Process, worker: Process, table: Path, rows: int, text_bytes: int, formats: list[str]
) -> dict[str, Any]:
    used = lambda: int(cluster.redis.info("memory")["used_memory"])  # noqa: E731
    before = used()
    of_api, of_worker = MemoryWatch(api), MemoryWatch(worker)
    found: dict[str, Any] = {"rows": rows}
    with Client(cluster.url, timeout_s=600) as client:
        started = time.perf_counter()
        job = client.submit_file(table)
        found["accepted_rows_per_s"] = rows / (time.perf_counter() - started)
        done = job.wait()
        found["texts_per_s"] = rows / (time.perf_counter() - started)
        assert (done.total, done.failed) == (rows, 0), done
        found["redis_mb"] = (used() - before) / 1e6
        found["redis_over_text"] = found["redis_mb"] * 1e6 / text_bytes
        for kind in formats:
            started = time.perf_counter()
            path = job.download(table.with_name(f"results.{kind}"), include="text")
            found[f"{kind}_s"] = time.perf_counter() - started
            verify(path, rows)
            path.unlink()
        started = time.perf_counter()
        job.summary()
        found["summary_s"] = time.perf_counter() - started
    of_api.close()
    of_worker.close()
    return found | {"api_growth_mb": of_api.growth_mb, "worker_growth_mb": of_worker.growth_mb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--noop", action="store_true", help="an engine that answers without looking")
    parser.add_argument("--formats", nargs="*", default=["csv", "xlsx"], choices=["csv", "xlsx", "ndjson"])
    options = parser.parse_args()
    measured = []
    for rows in options.rows:
        measured.append(measure(options.texts, rows, options.formats, noop=options.noop))
        print(json.dumps(measured[-1]), flush=True)
    table = Table(title="one bulk job, two children" + (", no-op engine" if options.noop else ""))
    for name in measured[0]:
        table.add_column(name.replace("_", " "), justify="right")
    for result in measured:
        table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" for value in result.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
