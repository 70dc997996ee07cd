"""What a pair of models gains through the service, beside its teacher and its student alone.

    python -m tools.benchmarks.cascade --model-root DIR --student ID --teacher ID --texts LABELLED [--json FILE]

The pair must have been fitted (docs/cascade.md), best on other texts than these. Each of the three has a cluster of its
own with two bulk children and no result cache; bulk jobs of all texts run on one after the other, in turn. Speeds are
from POST to completed. Needs two idle cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sentiq.core.settings import BUNDLED_MODELS
from sentiq.engine import StoredPair
from sentiq.engine.pairs import JOIN, find
from sentiq.evaluation.comparison import compare
from sentiq.jobs.store import JobStore
from tests.support.cluster import Cluster
from tools.labelled import Labelled, read_labelled

CHILDREN = 2
Rows = list[dict[str, Any]]


def run_job(cluster: Cluster, texts: list[str]) -> tuple[float, Rows]:
    """Return the texts a second of one bulk job, and its rows."""
    store = JobStore(cluster.redis, cluster.settings)  # waiting costs nothing there
    began = time.perf_counter()
    job_id = cluster.submit(texts)
    while not store.wait_ended(job_id, 4.0):
        pass
    speed = len(texts) / (time.perf_counter() - began)
    rows = cluster.rows(job_id)
    assert cluster.job(job_id)["counts"]["completed"] == len(texts)
    cluster.clear()
    return speed, rows


def measure(
    clusters: Mapping[str, Cluster], given: Labelled, repeats: int
) -> tuple[dict[str, list[float]], dict[str, Rows]]:
    """Return the speeds of each cluster, turn by turn, and its rows."""
    speeds: dict[str, list[float]] = {name: [] for name in clusters}
    rows: dict[str, Rows] = {}
    for turn in range(repeats + 1):  # the first one warms up
        for name, cluster in clusters.items():
            speed, rows[name] = run_job(cluster, given.texts)
            speeds[name] += [speed] if turn else []
    return speeds, rows


def figures(
    pair: StoredPair, given: Labelled, speeds: Mapping[str, list[float]], rows: Mapping[str, Rows]
) -> dict[str, float]:
    """Return what the table shows."""
    found = {f"{name}_texts_per_s": statistics.median(values) for name, values in speeds.items()}
    ratios = [ours / theirs for ours, theirs in zip(speeds["pair"], speeds["teacher"], strict=True)]
    found["pair_over_teacher"] = statistics.median(ratios)
    right = {
        name: [row["label"] == label for row, label in zip(answers, given.labels, strict=True)]
        for name, answers in rows.items()
    }
    found |= {f"{name}_accuracy": statistics.fmean(values) for name, values in right.items()}
    difference = compare(zip(right["teacher"], right["pair"], strict=True)).difference
    found |= {
        "pair_less_teacher_accuracy": difference.value,
        "pair_less_teacher_accuracy_low": difference.low,
        "pair_less_teacher_accuracy_high": difference.high,
        "agreement": statistics.fmean(
            ours["label"] == theirs["label"] for ours, theirs in zip(rows["pair"], rows["teacher"], strict=True)
        ),
        "student_share": statistics.fmean(row["model"] == pair.manifest.parts[0] for row in rows["pair"]),
        "threshold": pair.threshold,
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-root", type=Path, required=True, help="folder of prepared models and of the pair")
    parser.add_argument("--student", required=True, help="id of the faster model")
    parser.add_argument("--teacher", required=True, help="id of the better model")
    parser.add_argument(
        "--texts", type=Path, required=True, help="texts with labels, in any file that the service reads"
    )
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats (default %(default)s)")
    parser.add_argument(
        "--json", type=Path, default=Path("tools/benchmarks/results/cascade.json"), help="where to write"
    )
    options = parser.parse_args()
    given = read_labelled(options.texts)
    pair = find([options.model_root, BUNDLED_MODELS], f"{options.student}{JOIN}{options.teacher}")
    assert isinstance(pair, StoredPair)
    with tempfile.TemporaryDirectory() as directory, ExitStack() as stack:
        base = {"SENTIQ_MODEL_ROOT": str(options.model_root.resolve()), "SENTIQ_CACHE_ENTRIES": "0"}
        served = {
            "pair": {"SENTIQ_CASCADE": f"{options.student},{options.teacher}"},
            "teacher": {"SENTIQ_MODEL": options.teacher},
            "student": {"SENTIQ_MODEL": options.student},
        }
        clusters: dict[str, Cluster] = {}
        for name, environment in served.items():
            folder = Path(directory) / name
            folder.mkdir()
            clusters[name] = stack.enter_context(Cluster(folder, None, **base, **environment))
            clusters[name].start(interactive=0, bulk=CHILDREN)
        found = figures(pair, given, *measure(clusters, given, options.repeats))

    table = Table(
        "figure", "value", title=f"{pair.manifest.name}, {len(given.texts):,} texts, {CHILDREN} bulk children"
    )
    for name, value in found.items():
        table.add_row(name, f"{value:.4f}" if abs(value) < 10 else f"{value:,.0f}")
    Console().print(table)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
