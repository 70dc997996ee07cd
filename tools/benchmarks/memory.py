"""Memory of a worker's processes: a parent that loaded and warmed a model, and children forked from it.

    python -m tools.benchmarks.memory --model DIR --texts FILE [--children 4] [--batches 1000]

Each child first proves itself, as in a worker, then classifies texts of mixed lengths, all children at once. What is
measured is the engine alone: a Celery worker adds some 40 MB that its processes share.

- PSS of a process: its own memory, and its share of what it has in common with others; their sum is what is in use
- USS of a child: what ends with it
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from sentiq.engine import Engine
from tools.benchmarks.texts import iterate_texts


def measure(engine: Engine, texts: Path, *, children: int, batches: int) -> dict[str, Any]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model directory")
    parser.add_argument("--backend", default="openvino")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--children", type=int, default=4)
    parser.add_argument("--batches", type=int, default=1000, help="batches each child runs")
    options = parser.parse_args()
    engine = Engine.load(options.model, backend=options.backend)
    engine.warm()
    print(json.dumps(measure(engine, options.texts, children=options.children, batches=options.batches), indent=2))


if __name__ == "__main__":
    main()
