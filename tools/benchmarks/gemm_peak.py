"""How many operations a core can do at most, as matrix products: what a network's speed is compared with.

    python -m tools.benchmarks.gemm_peak [--core 1]

The best of chains of products of the sizes that networks have, by OpenVINO and by torch where that is installed, one
thread, weights packed and kernels built beforehand. An operation is one multiplication or one addition, so a product
of n × k with k × m has 2nkm of them. Seconds are processor time.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import openvino as ov
import openvino.opset13 as opset

from sentiq.engine.backends.openvino import SETTINGS

SHAPES = [
    (256, 1024, 1024),
    (512, 768, 768),
    (512, 768, 3072),
    (512, 1024, 4096),
    (2048, 768, 3072),
    (1024, 2048, 2048),
]  # rows, k, m
PRECISIONS = ("int8", "bf16", "f32")
RUNS = 12
CHAIN = 8  # products one after the other, so that the first input and the last output hardly count


def best_time(run: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds; the first few build kernels."""
    times = []
    for _ in range(RUNS):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times[3:])


def openvino_chain(n: int, k: int, m: int, precision: str) -> Callable[[], object]:
    """Fully connected layers one after the other, k to m and back to k; in INT8 what passes between them is INT8."""
    dice = np.random.default_rng(0)
    given = values = opset.parameter([-1, k], np.float32)
    for width_in, width_out in [(k, m), (m, k)] * (CHAIN // 2):
        weights = opset.constant(dice.uniform(-1, 1, (width_out, width_in)).astype(np.float32))
        if precision == "int8":
            codes = opset.constant(dice.integers(-127, 128, (width_out, width_in)).astype(np.int8))
            scales = opset.constant(np.full((width_out, 1), 1 / 127, dtype=np.float32))
            weights = opset.multiply(opset.convert(codes, "f32"), scales)
            values = quantised(values, 8)
        values = opset.matmul(values, weights, False, True)
    hint = "f32" if precision == "f32" else "bf16"
    network = ov.Model([values], [given])
    compiled = ov.Core().compile_model(network, "CPU", {**SETTINGS, "INFERENCE_PRECISION_HINT": hint})
    request = compiled.create_infer_request()
    rows = dice.uniform(-1, 1, (n, k)).astype(np.float32)
    return lambda: request.infer([rows], share_inputs=True)


def quantised(values: ov.Node, limit: float) -> ov.Node:
    low, high = (opset.constant(np.float32(bound)) for bound in (-limit, limit * 127 / 128))
    return opset.fake_quantize(values, low, high, low, high, 256)


def torch_chain(n: int, k: int, m: int, precision: str) -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    there, back = torch.rand(m, k, dtype=dtype), torch.rand(k, m, dtype=dtype)

    def run() -> None:
        values = torch.rand(n, k, dtype=dtype)
        for _ in range(CHAIN // 2):
            values = torch.nn.functional.linear(torch.nn.functional.linear(values, there), back)

    return run


def peaks() -> dict[str, float]:
    """Operations per second of the fastest chain in each precision."""
    best = dict.fromkeys(PRECISIONS, 0.0)
    for precision in PRECISIONS:
        for n, k, m in SHAPES:
            for chain in (openvino_chain, torch_chain):
                if chain is torch_chain and precision == "int8":
                    continue
                try:
                    run = chain(n, k, m, precision)
                except ImportError:
                    continue
                best[precision] = max(best[precision], CHAIN * 2 * n * k * m / best_time(run))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", type=int, default=0, help="the core to run on")
    os.sched_setaffinity(0, {parser.parse_args().core})
    for precision, operations in peaks().items():
        print(f"{precision}: {operations / 1e12:.2f} × 10¹² operations a second")


if __name__ == "__main__":
    main()
