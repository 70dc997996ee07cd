"""What it costs to observe the engine: the same texts with and without metrics in shared files, in turn.

    python -m tools.benchmarks.observer --model-root models --model sentiq-small-zh --texts FILE

One process, one core. `ratio` is the median over all pairs of the speed with metrics over that without.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from sentiq.engine import Engine
from sentiq.engine.registry import find_model
from tools.benchmarks.texts import read_texts
from worker import metrics

CHUNK = 512  #: texts of one pass, as of a bulk chunk


def seconds(engine: Engine, texts: list[str]) -> float:
    started = time.process_time()
    for start in range(0, len(texts), CHUNK):
        engine.classify(texts[start : start + CHUNK])
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-root", type=Path, required=True, help="folder of prepared models")
    parser.add_argument("--model", required=True, help="id of the model")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line, plain or .gz")
    parser.add_argument("--count", type=int, default=6_000, help="texts (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=15, help="interleaved pairs (default %(default)s)")
    args = parser.parse_args()
    texts = read_texts(args.texts, args.count)
    directory = find_model([args.model_root], args.model).directory
    metrics.share()
    plain, observed = Engine.load(directory), Engine.load(directory, observer=metrics.observe)
    for engine in (plain, observed):
        engine.warm()
        seconds(engine, texts)

    pairs = []
    for number in range(args.repeats):
        first, second = (plain, observed) if number % 2 else (observed, plain)
        times = {id(first): seconds(first, texts), id(second): seconds(second, texts)}
        pairs.append((times[id(plain)], times[id(observed)]))
    figures = {
        "texts_per_s": round(len(texts) / statistics.median(without for without, _ in pairs)),
        "ratio": round(statistics.median(without / with_ for without, with_ in pairs), 4),
        "observer_us_per_pass": round(
            1e6 * statistics.median(with_ - without for without, with_ in pairs) / -(-len(texts) // CHUNK), 1
        ),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
