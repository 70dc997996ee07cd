"""Memory of a worker and of `make run`: what each process holds, and all of them together.

    python -m tools.benchmarks.memory --model DIR --texts FILE [--children 4] [--batches 1000] [--count 6000]

- engine: a parent that loaded and warmed a model, and children forked from it, all of which have classified texts of
  mixed lengths
- worker: the same as a Celery worker, warm and after a job of --count texts; the result cache is off
- make run: all its processes with the bundled model, after its samples and some seconds without work

All in MB of PSS: the memory of a process, and its share of what it has in common with others, such as weights and
libraries. Libraries are also shared with processes that do not belong to the service: run nothing else with OpenVINO
beside it. `child_uss_mb` is what ends with a child.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from sentiq.engine import Engine
from sentiq.engine.registry import read_manifest
from tests.support.cluster import Cluster
from tests.support.paths import REPOSITORY
from tests.support.processes import READY_S, free_port, wait_until
from tools.benchmarks.texts import iterate_texts, read_texts

SETTLE_S = 8  #: after the last work: loops have passed, and connections that are not used are closed


def measure(engine: Engine, texts: Path, *, children: int, batches: int) -> dict[str, float]:
    """Fork children from this process, whose engine is warm, and let each run this many batches; all in MB."""
    gc.collect()
    gc.freeze()  # as a worker does: the collector would write to every object
    fork = multiprocessing.get_context("fork")
    done, leave = fork.Barrier(children + 1), fork.Barrier(children + 1)

    def work(number: int) -> None:
        engine.prove()
        lines = islice(iterate_texts(texts), 1000 * number, None)
        ran = 0
        while ran < batches:
            ran += len(engine.classify_timed(list(islice(lines, 100)))[1].batches)
        done.wait()
        leave.wait()

    processes = [fork.Process(target=work, args=(number,)) for number in range(children)]
    for process in processes:
        process.start()
    done.wait()
    memory = [psutil.Process(process.pid).memory_full_info() for process in processes]
    parent = psutil.Process().memory_full_info()
    leave.wait()
    for process in processes:
        process.join()
    return {
        "parent_pss_mb": parent.pss / 1e6,
        "total_pss_mb": (parent.pss + sum(child.pss for child in memory)) / 1e6,
        "child_uss_mb": max(child.uss for child in memory) / 1e6,
    }


def pss_mb(processes: Iterable[psutil.Process]) -> dict[str, float]:
    """Return what each process holds, by its number and command, and their sum."""
    held = {f"{one.pid} {' '.join(one.cmdline())[-60:]}": one.memory_full_info().pss / 1e6 for one in processes}
    return {**held, "total_pss_mb": sum(held.values())}


def worker(model: Path, texts: Path, *, children: int, count: int) -> dict[str, Any]:
    """Measure the parent and the children of the bulk lane, warm and after a job."""
    settings = {
        "SENTIQ_MODEL_ROOT": str(model.parent.absolute()),
        "SENTIQ_MODEL": read_manifest(model).id,
        "SENTIQ_CACHE_ENTRIES": "0",
    }
    with tempfile.TemporaryDirectory() as directory, Cluster(Path(directory), None, **settings) as cluster:
        cluster.redis_server.start()
        cluster.start_api()
        parent = cluster.start_worker("bulk", children)

        def held() -> dict[str, float]:
            # The metrics server is small, and the same whatever the lane and the model.
            forked = [child for child in parent.children() if child.cmdline() == parent.ps.cmdline()]
            return pss_mb([parent.ps, *forked])

        warm = held()
        cluster.wait_ended(cluster.submit(read_texts(texts, count)), timeout_s=3600)
        return {"warm": warm, f"after {count} texts": held()}


def make_run() -> dict[str, float]:
    """Measure all processes of `make run`, which has no work."""
    with tempfile.TemporaryDirectory() as directory:
        said = Path(directory) / "said"
        env = {
            **os.environ,
            "RUN_DIR": f"{directory}/run",
            "SENTIQ_PORT": str(free_port()),
            "SENTIQ_FLOWER_PORT": str(free_port()),
        }
        with said.open("wb") as out:
            run = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.run"], cwd=REPOSITORY, env=env, stdout=out, stderr=out
            )
        try:
            wait_until(
                lambda: "Ctrl-C stops everything" in said.read_text() or run.poll() is not None, timeout_s=READY_S
            )
            time.sleep(SETTLE_S)
            own = psutil.Process(run.pid)
            return pss_mb([own, *own.children(recursive=True)])
        finally:
            run.terminate()
            run.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model directory")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--batches", type=int, default=1000, help="batches each child of the engine runs")
    parser.add_argument("--count", type=int, default=6000, help="texts that the worker classifies")
    parser.add_argument("--only", choices=["engine", "worker", "run"], help="measure only this")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    if options.only in (None, "run"):
        figures["make run"] = make_run()
    if options.only in (None, "worker"):
        figures["worker"] = worker(options.model, options.texts, children=options.children, count=options.count)
    if options.only in (None, "engine"):
        engine = Engine.load(options.model, backend=options.backend)
        engine.warm()
        figures["engine"] = measure(engine, options.texts, children=options.children, batches=options.batches)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
