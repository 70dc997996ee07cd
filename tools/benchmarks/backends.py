"""The table of `tools.benchmarks.engine --all-backends`: every backend and precision of some model directories.

Each line is measured in a process of its own. Speeds and starts are in processor time, latencies on the clock.

- tokens/s: real tokens (no padding) over the time of `Engine.classify`, best of three turns
- of peak: real operations over that time, as a share of what the fastest matrix product of that precision does
  (tools/benchmarks/gemm_peak.py). Operations of a text of n tokens in a layer: 2 × n × parameters of its linear parts,
  and 4 × n² × hidden size for attention; in the last layer only keys and values are needed of every token.
- PSS: a parent and four children, each after --batches batches; USS: of the child that has most
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sentiq.engine import Engine
from sentiq.engine.registry import read_manifest
from tools.benchmarks import gemm_peak, memory
from tools.benchmarks.texts import read_texts

CHILDREN = 4
LATENCY_RUNS = 40


def variants(model_dir: Path) -> list[tuple[str, str, bool]]:
    """Backend, precision it computes in, and whether float32 has to be asked for."""
    found = []
    for backend, precision in read_manifest(model_dir).backends.items():
        if backend == "torch" or precision == "bf16":  # both run in bfloat16 unless told otherwise
            found += [(backend, "bf16", False), (backend, "f32", True)]
        else:
            found.append((backend, precision, False))
    return found


def operations(tokens: int, config: dict[str, Any]) -> int:
    """Multiplications and additions that the answer to one text of this many tokens takes."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    layer = 2 * tokens * (4 * hidden**2 + 2 * hidden * inner) + 4 * tokens**2 * hidden
    last = 2 * tokens * 2 * hidden**2 + 2 * (2 * hidden**2 + 2 * hidden * inner) + 4 * tokens * hidden
    return int((config["num_hidden_layers"] - 1) * layer + last + 2 * hidden**2)


def measure(model_dir: Path, backend: str, float32: bool, texts_file: Path, options: dict[str, int]) -> dict[str, Any]:
    """One line of the table; runs in a fresh process, on one core but for the memory."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {options["core"]})
    began = time.process_time()
    engine = Engine.load(model_dir, backend=backend, float32=float32)
    engine.warm()
    start_s = time.process_time() - began

    texts = read_texts(texts_file, options["count"])
    config = json.loads((model_dir / "config.json").read_text())
    lengths = [len(encoding.ids) for encoding in engine._reader.tokenizer.encode_batch(list(dict.fromkeys(texts)))]
    seconds = []
    for _ in range(3):
        began = time.process_time()
        engine.classify(texts)
        seconds.append(time.process_time() - began)
    line = {
        "start_s": start_s,
        "tokens_per_second": sum(lengths) / min(seconds),
        "operations_per_second": sum(operations(length, config) for length in lengths) / min(seconds),
        "p50_16_ms": latency_ms(engine, 16),
        "p50_64_ms": latency_ms(engine, 64),
    }
    os.sched_setaffinity(0, cores)
    return line | memory.measure(engine, texts_file, children=CHILDREN, batches=options["batches"])


def latency_ms(engine: Engine, tokens: int) -> float:
    """Median time on the clock of one text of this many tokens; characters are tokens, two are added."""
    times = []
    for _ in range(LATENCY_RUNS):
        began = time.perf_counter()
        engine.classify(["好" * (tokens - 2)])
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def table(models: Sequence[Path], texts_file: Path, options: dict[str, int]) -> dict[str, Any]:
    """Measure everything, show it, and return it."""
    peaks: dict[str, float] = in_fresh_process(pinned_peaks, options["core"])
    shown = Table(title="backends, one core")
    headings = ["backend", "tokens/s", "of peak", "16 tokens ms", "64 tokens ms", "start s", "PSS 1+4 MB", "USS MB"]
    for heading in headings:
        shown.add_column(heading, justify="left" if heading == "backend" else "right")
    lines = {}
    for model_dir in models:
        for backend, precision, float32 in variants(model_dir):
            name = f"{backend} {precision}"
            if name in lines:  # torch reads the same file in every model directory
                continue
            line = lines[name] = in_fresh_process(measure, model_dir, backend, float32, texts_file, options)
            line["of_peak"] = line["operations_per_second"] / peaks[precision]
            shown.add_row(
                name,
                f"{line['tokens_per_second']:,.0f}",
                f"{line['of_peak']:.0%}",
                f"{line['p50_16_ms']:.1f}",
                f"{line['p50_64_ms']:.1f}",
                f"{line['start_s']:.1f}",
                f"{line['total_pss_mb']:.0f}",
                f"{line['child_uss_mb']:.0f}",
            )
            print(name, json.dumps(line), flush=True)
    Console().print(shown)
    print("peaks:", ", ".join(f"{name} {peak / 1e12:.2f} × 10¹²/s" for name, peak in peaks.items()))
    return {"peaks": peaks, "backends": lines}


def pinned_peaks(core: int) -> dict[str, float]:
    os.sched_setaffinity(0, {core})
    return gemm_peak.peaks()


def in_fresh_process(work: Callable[..., Any], *arguments: object) -> Any:
    """What `work` returns in a new interpreter: what earlier lines loaded is not in its memory."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=send_result, args=(sender, work, arguments))
    process.start()
    sender.close()  # so that recv() ends with an error should the process die
    result = receiver.recv()
    process.join()
    return result


def send_result(sender: Any, work: Callable[..., Any], arguments: Sequence[object]) -> None:
    sender.send(work(*arguments))
