"""Loads one model in a process of its own and says what that cost: `python -m worker.doctor.trial DIRECTORY BACKEND`.

A model that is damaged, crashes or takes all memory does so there. Exit status 0 with a `Trial` as JSON on standard
output, or 1 with the reason on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from sentiq.core.settings import REPOSITORY
from sentiq.engine import Engine, ModelError
from sentiq.engine.proof import PROOF
from sentiq.engine.proving import IfUnproven, load_proven
from worker.host_resources import unique_bytes

TIMEOUT_S = 300.0  #: of one trial
MEASURED_S = 2.0  #: of processor time, for texts/s
TEXTS, SINGLE_RUNS = 512, 30

#: Sentences of which texts of 10 to 200 characters are made: what a network costs depends on the length alone.
SENTENCES = (
    "味道不错，下次还来", "物流太慢，等了一个星期才到", "包装完好，客服也很耐心", "用了两天就坏了，联系不上卖家",
    "房间干净，离地铁站只有五分钟", "屏幕清晰，续航比上一代好得多", "价格偏高，不过质量对得起价格",
)  # fmt: skip


class Failed(Exception):
    """A model cannot be used; the message says why, `remedy` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model costs with one backend, on one core."""

    form: str  # library and precisions in which this processor computes it, as `Engine.form` has them
    has_proof: bool  # whether it was stored with a short proof, which was repeated
    notice: str  # what is wrong with its numbers, or was, and what is done about it; "" where the proof holds
    start_s: float  # of processor time, to load, prove and warm it
    memory_bytes: int  # that the process shares with no other, once it is warm
    texts_per_second: float | None = None  # of processor time; None where it was not measured
    one_text_ms: float | None = None  # on the clock


def run(
    directory: Path,
    backend: str,
    *,
    token_budget: int,
    if_unproven: IfUnproven,
    float32: bool = False,
    measured: bool = False,
) -> Trial:
    """Try a model in a new process. Raises Failed."""
    command = [sys.executable, "-m", __name__, str(directory), backend]
    command += [f"--token-budget={token_budget}", f"--if-unproven={if_unproven}"]
    command += ["--float32"] * float32 + ["--measured"] * measured
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(
            f"it was not loaded after {TIMEOUT_S:.0f} s", "give it a faster host, or a smaller model"
        ) from None
    if done.returncode == 0:
        return Trial(**json.loads(done.stdout))
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    raise failure(done.returncode, lines[-1] if lines else "")


def failure(status: int, reason: str) -> Failed:
    if status > 0:
        return Failed(reason or f"its process ended with status {status}", "docs/runbook.md, A model cannot be used")
    ended = f"its process was ended by {signal.Signals(-status).name}"
    match -status:
        case signal.SIGKILL:
            return Failed(
                ended, "give it more memory: the kernel, or the limit of a container, ends what takes too much"
            )
        case signal.SIGILL:
            return Failed(ended, "set another SENTIQ_BACKEND: this processor lacks what this library computes with")
    return Failed(ended, "prepare it again, or set another SENTIQ_BACKEND")


def attempt(given: argparse.Namespace) -> Trial:
    """Load, prove and warm a model in this process, and measure it. Raises ModelError."""
    began = time.process_time()
    engine = load_proven(
        given.directory,
        backend=given.backend,
        token_budget=given.token_budget,
        float32=given.float32,
        if_unproven=given.if_unproven,
    )
    engine.warm()
    engine.prove()
    start_s = time.process_time() - began
    return Trial(
        form=engine.form,
        has_proof=PROOF in engine.manifest.files,
        notice=engine.notice,
        start_s=start_s,
        memory_bytes=unique_bytes(os.getpid()),
        texts_per_second=texts_per_second(engine) if given.measured else None,
        one_text_ms=one_text_ms(engine) if given.measured else None,
    )


def texts() -> list[str]:
    """Return TEXTS different texts of one to twelve sentences."""
    return [
        "，".join([str(n), *(SENTENCES[(n + at) % len(SENTENCES)] for at in range(1 + n * n % 12))])
        for n in range(TEXTS)
    ]


def texts_per_second(engine: Engine) -> float:
    """Return how many texts of mixed length one core classifies in a second."""
    given, done, began = texts(), 0, time.process_time()
    while (spent_s := time.process_time() - began) < MEASURED_S:
        engine.classify(given)
        done += len(given)
    return done / spent_s


def one_text_ms(engine: Engine) -> float:
    """Return the median time that one short text takes alone."""
    times = []
    for run in range(SINGLE_RUNS):
        began = time.perf_counter()
        engine.classify([f"{SENTENCES[0]}{run}"])
        times.append(time.perf_counter() - began)
    return median(times) * 1e3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m worker.doctor.trial", description=__doc__)
    parser.add_argument("directory", type=Path, help="of the model")
    parser.add_argument("backend")
    parser.add_argument("--token-budget", type=int, required=True)
    parser.add_argument("--float32", action="store_true", help="compute nothing in bfloat16")
    parser.add_argument("--measured", action="store_true", help="classify for some seconds")
    parser.add_argument("--if-unproven", required=True, help="as SENTIQ_IF_UNPROVEN")
    try:
        made = attempt(parser.parse_args())
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(made)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
