"""What aspects cost: bulk jobs with a set of aspects beside the same without, and questions asked of a large job.

    python -m tools.benchmarks.aspects --texts FILE [--set shop] [--count 20000] [--repeats 3] [--rows 1000000]

Jobs with and without aspects run in turn on two bulk children without a result cache; speeds are from POST to
completed. With --rows, a CSV of so many rows with a date and one of 40 products is then run with the cache on, and its
aspects, time line, crossing and summary are asked for once each: the first answer is computed, not kept. Memory is the
growth of the API's resident memory over its idle state. Needs two idle cores.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import tempfile
import time
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sentiq.jobs.store import JobStore
from sentiq_client import Client
from tests.support.cluster import Cluster
from tools.benchmarks.bulk import MemoryWatch
from tools.benchmarks.texts import iterate_texts

CHILDREN, PRODUCTS, DAYS = 2, 40, 365
FIRST = date(2025, 1, 1)


def speed(cluster: Cluster, texts: list[str], **options: str) -> float:
    """Return the texts a second of one bulk job."""
    store = JobStore(cluster.redis, cluster.settings)
    began = time.perf_counter()
    job_id = cluster.submit(texts, **options)
    while not store.wait_ended(job_id, 4.0):
        pass
    found = len(texts) / (time.perf_counter() - began)
    assert cluster.job(job_id)["counts"]["completed"] == len(texts)
    cluster.clear()
    return found


def throughput(texts: list[str], aspects: str, repeats: int) -> dict[str, float]:
    """Return medians of both speeds, and of their ratio turn by turn."""
    turns: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), SENTIQ_CACHE_ENTRIES="0") as cluster:
        cluster.start(interactive=0, bulk=CHILDREN)
        for turn in range(repeats + 1):  # the first one warms up
            found = speed(cluster, texts), speed(cluster, texts, aspects=aspects)
            turns += [found] if turn else []
    return {
        "texts/s without aspects": statistics.median(without for without, _ in turns),
        "texts/s with aspects": statistics.median(with_ for _, with_ in turns),
        "ratio": statistics.median(with_ / without for without, with_ in turns),
    }


def write_table(path: Path, texts: Path, rows: int) -> None:
    """Write a CSV with a text, a product and a date in each row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["评论内容", "商品", "评价时间"])
        for number, text in enumerate(islice(iterate_texts(texts), rows)):
            day = FIRST + timedelta(days=number * 7 % DAYS)
            writer.writerow([text, f"商品{number % PRODUCTS:02d}", f"{day.isoformat()} {number % 24:02d}:00"])


def questions(texts: Path, aspects: str, rows: int) -> dict[str, float]:
    """Return the seconds that each first answer takes, and what the API's memory grew by."""
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)) as cluster:
        cluster.redis_server.start()
        api = cluster.start_api()
        cluster.start_worker("bulk", CHILDREN)
        table = Path(folder) / "table.csv"
        write_table(table, texts, rows)
        with Client(cluster.url, timeout_s=600) as client:
            job = client.submit_file(table, aspects=aspects, keep_columns=True)
            job.wait()
        asked = {
            "aspects": {},
            "timeline": {"step": "week"},
            "cross": {"rows": "商品", "columns": "aspect"},
            "summary": {"by": "商品"},
        }
        watch = MemoryWatch(api)
        found: dict[str, float] = {}
        for name, query in asked.items():
            began = time.perf_counter()
            cluster.http.get(f"/api/v1/jobs/{job.id}/{name}", params=query, timeout=600).raise_for_status()
            found[f"{name}, s"] = time.perf_counter() - began
        watch.close()
        return found | {"the API's memory grew by, MB": watch.growth_mb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--set", default="shop", help="of aspects (default %(default)s)")
    parser.add_argument("--count", type=int, default=20_000, help="texts of a job (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats (default %(default)s)")
    parser.add_argument("--rows", type=int, default=0, help="rows of the large job (default: none)")
    options = parser.parse_args()
    found = throughput(list(islice(iterate_texts(options.texts), options.count)), options.set, options.repeats)
    if options.rows:
        found |= questions(options.texts, options.set, options.rows)
    table = Table("figure", "value", title=f"aspects of `{options.set}`, {CHILDREN} bulk children")
    for name, value in found.items():
        table.add_row(name, f"{value:,.2f}" if value < 100 else f"{value:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
