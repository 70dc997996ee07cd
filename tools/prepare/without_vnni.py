"""The short proof as a processor without instructions for INT8 (VNNI) gives it: `… DIRECTORY PAD_ID`.

oneDNN, which OpenVINO computes with, reads its limit when it is loaded: so this is a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from sentiq.engine.backends.openvino import OpenVinoBackend
from sentiq.engine.processor import LIMIT, has_vnni, processor
from sentiq.engine.proof import bound, read_file
from sentiq.engine.registry import Proven
from tools.prepare.prove import logits
from tools.prepare.report import say


def repeat(model_dir: Path, pad_id: int, proven: Proven) -> Proven | None:
    """Return what an INT8 network is computed in, and how far from float32, without VNNI; and say whether that holds.

    None where this processor has no such instructions to be without, or its process failed.
    """
    if not has_vnni():
        return None
    limit = "AVX512_CORE" if "avx512bw" in processor() else "AVX2"
    run = subprocess.run(
        [sys.executable, "-m", __name__, str(model_dir), str(pad_id)],
        env=os.environ | {LIMIT: limit},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        say(f"           without VNNI ({LIMIT}={limit}): not tried, as its process ended with {run.returncode}")
        return None
    found = Proven(**json.loads(run.stdout))
    allowed = bound(proven.difference)
    verdict = "holds" if found.difference <= allowed else "does not hold: workers there compute in float32"
    say(
        f"           without VNNI ({LIMIT}={limit}) probabilities differ by {found.difference:.3f},"
        f" {allowed:.3f} allowed: the proof {verdict}"
    )
    return found


def main() -> None:
    model_dir, pad_id = Path(sys.argv[1]), int(sys.argv[2])
    proof = read_file(model_dir)
    # In float32 what is not quantised: most processors without VNNI have no bfloat16 either.
    backend = OpenVinoBackend(model_dir, float32=True)
    difference = proof.difference(logits(backend, proof.rows, pad_id))
    print(json.dumps(asdict(Proven(backend.computed, float(f"{difference:.4g}")))))


if __name__ == "__main__":
    main()
