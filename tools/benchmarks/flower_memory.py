"""Does Flower's memory end where it should? Real messages, real workers, an engine that answers without looking.

    python -m tools.benchmarks.flower_memory

One text a chunk, so that each is a task. Beyond the tasks that Flower keeps, its memory must not grow.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.flower import Flower
from tests.support.processes import wait_until

PATIENCE_S = 600.0
SETTLE_S = 5.0  #: the last events, and a save of the state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000, help="of each step (default %(default)s)")
    parser.add_argument("--steps", type=int, default=4, help="how many (default %(default)s)")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        Cluster(Path(directory), SENTIQ_CHUNK_TEXTS="1", SENTIQ_CACHE_ENTRIES="0") as cluster,
    ):
        cluster.redis_server.start()
        cluster.start_api()
        cluster.start_worker("bulk", app="tools.benchmarks.noop_worker")
        with Flower(cluster, Path(directory)) as flower:
            print(f"{'tasks sent':>10} {'tasks kept':>10} {'Flower, MB':>10} {'its file, MB':>12} {'tasks/s':>8}")
            show(flower, Path(directory), 0, 0.0)
            for step in range(1, args.steps + 1):
                began_s = time.monotonic()
                job_id = cluster.submit([f"第{number}条" for number in range(args.tasks)])
                cluster.wait_ended(job_id, timeout_s=PATIENCE_S)
                rate = args.tasks / (time.monotonic() - began_s)
                last = f"chunk={args.tasks - 1} rows=1 job={job_id}"
                wait_until(lambda last=last: last in newest(flower), timeout_s=PATIENCE_S)  # type: ignore[misc]
                time.sleep(SETTLE_S)
                show(flower, Path(directory), step * args.tasks, rate)


def newest(flower: Flower) -> str:
    return " ".join(f"{task['args']} " for task in flower.tasks(limit="50", sort_by="-received"))


def show(flower: Flower, directory: Path, sent: int, rate: float) -> None:
    memory_mb = flower.process.ps.memory_info().rss / 2**20
    file_mb = sum(file.stat().st_size for file in directory.glob("flower.db*")) / 2**20
    print(f"{sent:>10,} {flower.known():>10,} {memory_mb:>10.0f} {file_mb:>12.1f} {rate:>8.0f}", flush=True)


if __name__ == "__main__":
    main()
