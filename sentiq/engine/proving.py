"""Loads a model and repeats its short proof on this processor; what does not hold is replaced, named or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sentiq.engine.backends import FILES
from sentiq.engine.engine import Engine, Observer
from sentiq.engine.processor import processor
from sentiq.engine.proof import Proof, bound, read_proof
from sentiq.engine.registry import ModelError

#: What is done with a model whose proof does not hold: it is computed in float32 instead, used as it is, or not loaded.
IfUnproven = Literal["fall_back", "warn", "refuse"]

#: Models had INT8 for ONNX Runtime until they had a short proof.
DYNAMIC = (
    "model {model} was quantised for ONNX Runtime by the range of each batch, so that a text's answer depends on its"
    " neighbours; prepare it again, and ONNX Runtime computes in float32 (docs/models.md)"
)


def load_proven(
    model_dir: Path,
    *,
    if_unproven: IfUnproven,
    backend: str = "openvino",
    token_budget: int = 512,
    float32: bool = False,
    observer: Observer | None = None,
) -> Engine:
    """Load a model as `Engine.load` does, and repeat its proof. A model that was prepared without one is as good.

    Where the proof does not hold, the engine's `notice` says so. Raises ModelError as `Engine.load` does, and when the
    model is to be refused, or no stored form of it holds.
    """

    def load(backend: str, *, float32: bool) -> Engine:
        return Engine.load(model_dir, backend=backend, token_budget=token_budget, float32=float32, observer=observer)

    engine = load(backend, float32=float32)
    if engine.form == "onnx int8":
        engine.notice, engine.is_proven = DYNAMIC.format(model=engine.manifest.name), False
        return engine
    proof = read_proof(model_dir, engine.manifest)
    if proof is None or not (found := shortfall(engine, proof)):
        return engine
    if if_unproven == "warn":
        engine.notice, engine.is_proven = found, False
        return engine
    remedy = "prepare the model on such a processor, or set SENTIQ_IF_UNPROVEN=warn to use it all the same"
    if if_unproven == "refuse":
        raise ModelError(f"{found}; {remedy}")
    for other in _in_float32(engine, model_dir):
        del engine  # its memory is free for the next one
        try:
            engine = load(other, float32=True)
        except ModelError as error:
            raise ModelError(f"{found}; its form in float32 cannot be loaded: {error}") from error
        if not shortfall(engine, proof, is_exact=True):
            engine.notice = f"{found}; so {engine.form} is used instead"
            return engine
    raise ModelError(f"{found}; no form in float32 is stored whose proof holds: {remedy}")


def _in_float32(engine: Engine, model_dir: Path) -> list[str]:
    """Return the backends that can compute the model in float32, the one it has first."""
    found = [engine.library] if engine.computed in ("bf16", "f16") else []
    is_stored = engine.manifest.backends.get("onnx") == "f32" and all((model_dir / f).exists() for f in FILES["onnx"])
    return [*found, "onnx"] if is_stored and engine.library != "onnx" else found


def shortfall(engine: Engine, proof: Proof, *, is_exact: bool = False) -> str:
    """Return what is wrong with an engine's numbers, in words; "" where the proof holds.

    With `is_exact` they are to be float32's, otherwise as near to them as they were where the model was prepared.
    """
    manifest = engine.manifest
    proven = manifest.proven.get(engine.library)
    allowed = bound(0.0 if is_exact or proven is None else proven.difference)
    logits = engine.logits(proof.rows)
    difference = proof.difference(logits)
    if difference <= allowed:  # not where it is not a number
        return ""
    where = f"it was proven in {proven.computed} on {manifest.proven_on}" if proven else "nothing was proven for it"
    return (
        f"the proof of model {manifest.name} does not hold in {engine.form} on this processor ({processor()}):"
        f" probabilities differ from float32's by {difference:.3f} on average, {allowed:.3f} allowed, and"
        f" {proof.other_labels(logits)} of {len(proof.rows)} labels are others; {where}"
    )
