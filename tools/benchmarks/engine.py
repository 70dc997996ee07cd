"""Speed of the engine on one core, as ratios taken in one run.

    python -m tools.benchmarks.engine --model DIR --texts FILE [--modelscope-python PYTHON] [--json out.json]
    python -m tools.benchmarks.engine --model DIR [DIR] --texts FILE --all-backends

The second measures every backend and precision of these models, and their memory: see tools/benchmarks/backends.py.

Compared on the same texts, pinned to the same core, in turns; each figure is the median of the turns. Speeds are per
second of processor time: on a core of its own that is the time on the clock, elsewhere it leaves out other processes.

- engine: `Engine.classify`, tokenising included
- bare OpenVINO: only infer() over batches that were tokenised, perfectly sorted and padded beforehand, each to its own
  longest text, 2,048 padded tokens a batch; every shape seen before
- ModelScope: its own pipeline, one text at a time, on the first --modelscope-texts texts (it is slow)
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from rich.console import Console
from rich.table import Table
from tokenizers import Tokenizer

from sentiq.engine import Engine, ModelManifest
from sentiq.engine.backends.openvino import SETTINGS
from sentiq.engine.registry import read_manifest
from tools.benchmarks import backends
from tools.benchmarks.texts import read_texts

BARE_TOKEN_BUDGET = 2048
BASELINE = Path(__file__).with_name("modelscope_baseline.py")


def bare_openvino(model_dir: Path, manifest: ModelManifest, texts: Sequence[str]) -> Callable[[], None]:
    """A loop over ready-made sorted batches, to be timed."""
    tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
    tokenizer.enable_truncation(manifest.max_tokens)
    rows = sorted((encoding.ids for encoding in tokenizer.encode_batch(list(dict.fromkeys(texts)))), key=len)
    batches = []
    while rows:
        width = len(rows[-1])
        taken = rows[-max(1, BARE_TOKEN_BUDGET // width) :]
        del rows[-len(taken) :]
        ids = np.full((len(taken), width), manifest.pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for line, row in enumerate(taken):
            ids[line, : len(row)] = row
            mask[line, : len(row)] = 1
        batches.append({"input_ids": ids, "attention_mask": mask})
    request = ov.Core().compile_model(model_dir / "model.xml", "CPU", dict(SETTINGS)).create_infer_request()

    def run() -> None:
        for batch in batches:
            request.infer(batch, share_inputs=True)

    return run


def modelscope(python: Path, model_dir: Path, texts: Sequence[str]) -> float:
    """Texts per second of ModelScope's pipeline, in its own environment, on the cores of this process."""
    vocabulary = json.loads((model_dir / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)))
        file.flush()
        done = subprocess.run(
            [python, BASELINE, file.name],
            input="\n".join(texts),
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return float(json.loads(done.stdout.splitlines()[-1])["texts_per_second"])


def measure(options: argparse.Namespace) -> dict[str, Any]:
    texts = read_texts(options.texts, options.count)
    manifest = read_manifest(options.model)
    started = time.perf_counter()
    engine = Engine.load(options.model, token_budget=options.token_budget)
    loaded = time.perf_counter()
    shapes = engine.warm()
    warmed = time.perf_counter()
    bare = bare_openvino(options.model, manifest, texts)
    bare()
    speeds: dict[str, list[float]] = {"engine": [], "bare": []}
    ratios: dict[str, list[float]] = {"bare": []}
    if options.modelscope_python:
        speeds["modelscope"], ratios["modelscope"] = [], []
    for _ in range(options.repeats):
        began = time.process_time()
        _, timings = engine.classify_timed(texts)
        ended = time.process_time()
        bare()
        speeds["engine"].append(timings.unique_texts / (ended - began))
        speeds["bare"].append(timings.unique_texts / (time.process_time() - ended))
        if options.modelscope_python:
            speeds["modelscope"].append(
                modelscope(options.modelscope_python, options.model, texts[: options.modelscope_texts])
            )
        for rival, values in ratios.items():
            values.append(speeds["engine"][-1] / speeds[rival][-1])
    return {
        "model": f"{manifest.id} {manifest.version}",
        "token_budget": options.token_budget,
        "texts": timings.texts,
        "unique_texts": timings.unique_texts,
        "tokens_per_text": timings.tokens / timings.unique_texts,
        "padding": timings.padded_tokens / timings.tokens - 1,
        "tokenise_share": timings.tokenise_s / (timings.tokenise_s + timings.inference_s),
        "shapes": shapes,
        "load_s": loaded - started,
        "warm_s": warmed - loaded,
        "repeats": options.repeats,
        "texts_per_second": {name: statistics.median(values) for name, values in speeds.items()},
        "engine_over": {name: statistics.median(values) for name, values in ratios.items()},
        "each_turn": {"texts_per_second": speeds, "engine_over": ratios},
    }


def show(results: dict[str, Any]) -> None:
    table = Table(title="engine on one core")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in results.items():
        if name == "each_turn":
            continue
        for key, figure in value.items() if isinstance(value, dict) else [("", value)]:
            table.add_row(f"{name} {key}".strip(), f"{figure:,.3f}" if isinstance(figure, float) else str(figure))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="model directory")
    parser.add_argument("--texts", type=Path, required=True, help="one text a line; may be .gz")
    parser.add_argument("--count", type=int, default=1500, help="texts to classify in a turn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--token-budget", type=int, default=512)
    parser.add_argument("--core", type=int, default=0, help="the core to run everything on")
    parser.add_argument(
        "--modelscope-python", type=Path, help="python of the environment made by make_modelscope_env.sh"
    )
    parser.add_argument("--modelscope-texts", type=int, default=20)
    parser.add_argument("--all-backends", action="store_true", help="measure every backend and precision instead")
    parser.add_argument("--batches", type=int, default=300, help="batches of each child whose memory is measured")
    parser.add_argument("--json", type=Path, help="write the results here too")
    options = parser.parse_args()
    if options.all_backends:
        limits = {"core": options.core, "count": options.count, "batches": options.batches}
        results = backends.table(options.model, options.texts, limits)
    else:
        os.sched_setaffinity(0, {options.core})
        [options.model] = options.model
        results = measure(options)
        show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
