"""The short proof of a model: rows of token ids and their logits in float32, stored with it.

A network in INT8 or bfloat16 does not give the same numbers on every processor: without the instructions for INT8
(VNNI), sums of 16 bits overflow. So whoever loads a model can repeat the proof: docs/adr/0070-proof.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiq.engine.engine import softmax
from sentiq.engine.registry import REMEDY, ModelError, ModelManifest, verify_files

PROOF = "proof.json"

#: The difference may be this many times what the preparation found, plus what nobody notices.
TIMES, TOLERANCE = 1.25, 0.005


@dataclass(frozen=True, slots=True)
class Proof:
    rows: Sequence[list[int]]  # token ids
    logits: NDArray[np.floating]  # of the original network in float32, ``[rows, labels]``

    def difference(self, logits: NDArray[np.floating]) -> float:
        """Return the mean over the rows of how far a label's probability is from float32's, 0 to 1; perhaps NaN."""
        return float(np.abs(softmax(logits) - softmax(self.logits)).max(axis=1).mean())

    def other_labels(self, logits: NDArray[np.floating]) -> int:
        """Return for how many rows the most probable label is another than float32's."""
        return int((logits.argmax(axis=1) != self.logits.argmax(axis=1)).sum())


def bound(proven: float) -> float:
    """Return the largest difference with which a proof holds that had the difference `proven` when it was made."""
    return TIMES * proven + TOLERANCE


def write_proof(model_dir: Path, proof: Proof) -> None:
    """Write the short proof of a model into its directory."""
    logits = [[float(f"{logit:.6g}") for logit in row] for row in proof.logits.tolist()]
    content = {"rows": proof.rows, "logits": logits}
    (model_dir / PROOF).write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


def read_proof(model_dir: Path, manifest: ModelManifest) -> Proof | None:
    """Return the short proof of a model; None for a model that was prepared without. Raises ModelError if damaged."""
    if PROOF not in manifest.files:
        return None
    verify_files(model_dir, manifest, (PROOF,))
    proof = read_file(model_dir)
    if not proof.rows or proof.logits.shape != (len(proof.rows), len(manifest.labels)):
        raise ModelError(f"{model_dir / PROOF} has not one logit for each row and label: {REMEDY}")
    return proof


def read_file(model_dir: Path) -> Proof:
    """Return what is in the file, which nothing was compared with. Raises ModelError naming it."""
    try:
        content = json.loads((model_dir / PROOF).read_text(encoding="utf-8"))
        return Proof([[int(token) for token in row] for row in content["rows"]], np.array(content["logits"], float))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{model_dir / PROOF} is no proof ({error!r}): {REMEDY}") from error
