"""The student of the teacher's own first layers: slower than the bundled architecture, and closer to the teacher."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shutil import disk_usage
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from sentiq.engine import Engine
from tools.distilling.students import Lessons, Taught
from tools.prepare import prove
from tools.prepare import store as stores
from tools.prepare.build import Recipe, build
from tools.prepare.report import step
from tools.prepare.tokens import max_tokens, pad_id
from tools.training.outputs import Logits, Shares, loss
from tools.tuning import plan as plans
from tools.tuning.base import Base
from tools.tuning.batches import padded_tokens, shuffled
from tools.tuning.choosing import has_fast_bfloat16
from tools.tuning.finish import logits, write_checkpoint
from tools.tuning.fit import fit
from tools.tuning.plan import Plan, PlanError
from tools.tuning.progress import Meter
from tools.tuning.saving import Work
from tools.tuning.stopping import Stopping
from tools.tuning.temperature import COLDEST, HOTTEST
from tools.tuning.ways import Reader, Whole

TEXTS_AT_ONCE = 10_000  #: an encoding holds far more than its ids


def check(base: Base, layers: int, store: Path) -> None:
    """Raises PlanError where the teacher has no more layers than the student, or the disk has no room for it."""
    there = base.config.get("num_hidden_layers", 12)
    if layers >= there:
        raise PlanError(f"--student layers:{layers}: the teacher has {there} layers; take fewer")
    weights = sum(weight.numel() for weight in _network(base, layers, list(base.labels or [])).parameters())
    needed, free = plans.disk_bytes(weights, weights), disk_usage(store).free
    if free < needed:
        raise PlanError(
            f"teaching needs {needed / 1e6:.0f} MB in {store} but {free / 1e6:.0f} MB are free: make room, or name a"
            " store on another disk with --store"
        )


def teach(
    lessons: Lessons,
    base: Base,
    layers: int,
    labels: Sequence[str],
    identity: dict[str, Any],
    *,
    seed: int,
    epochs: int,
    threads: int,
    min_agreement: float,
    work: Work,
    scratch: Path,
    stopping: Stopping,
) -> Taught:
    """Return a student that has learned; an interrupted run goes on where it was. Raises Interrupted."""
    checkpoint = work.checkpoint
    if work.read_json("taught") is None:
        network = _fitted(lessons, base, _network(base, layers, labels), seed, epochs, threads, work, stopping)
        write_checkpoint(network, base, lessons.texts, lessons.learning, checkpoint)
        work.write_json("taught", {})
    out = scratch / "model"
    out.mkdir()
    facts = build(checkpoint, Recipe(labels, checkpoint / "calibration.txt", min_agreement), out, scratch)
    files = stores.checksums(out)
    manifest = {**identity, **facts, "files": files}
    texts = [lessons.texts[place] for place in lessons.calibrating]
    temperature = fit_temperature(logits(out, manifest, texts), lessons.truth[lessons.calibrating])
    manifest["calibration"] = {"temperature": temperature}
    manifest["version"] = stores.version_of({**files, "temperature": str(temperature)})
    stores.write_manifest(out, manifest)
    architecture = f"The first {layers} layers of the teacher's encoder, and its classifier."
    return Taught(out, lambda: Engine.load(out, backend="torch", float32=True), architecture, {})


def _network(base: Base, layers: int, labels: Sequence[str]) -> Any:
    network: Any = base.network(labels)
    encoder = network.base_model.encoder
    encoder.layer = encoder.layer[:layers]
    network.config.num_hidden_layers = layers
    return network


def _fitted(
    lessons: Lessons, base: Base, network: Any, seed: int, epochs: int, threads: int, work: Work, stopping: Stopping
) -> Any:
    rows = len(lessons.learning)
    plan = Plan(
        way="whole",
        epochs=epochs,
        batch_texts=plans.batch_texts(rows),
        batch_tokens=plans.BATCH_TOKENS,
        longest=plans.LONGEST,
        rate=plans.rate("whole", base.config.get("hidden_size", 768)),
        seed=seed,
        threads=threads,
        bfloat16=has_fast_bfloat16(),
        checks=plans.checks(rows, epochs),
        predicted_s=0.0,
    )
    tokenizer = base.tokenizer()
    longest = min(plan.longest, max_tokens(base.config))
    ids = [
        row
        for start in range(0, len(lessons.texts), TEXTS_AT_ONCE)
        for row in prove.encode(tokenizer, lessons.texts[start : start + TEXTS_AT_ONCE], longest)
    ]
    learner = Whole(network, Reader(ids, pad_id(tokenizer, base.config), bfloat16=plan.bfloat16))
    targets = lessons.mixed(lessons.people).astype(np.float32)
    targets[lessons.calibrating] = lessons.truth[lessons.calibrating]  # they decide when it was best
    batches = shuffled(lessons.learning, learner.widths, plan.size, "")
    meter = Meter(epochs * sum(padded_tokens(batch, learner.widths) for batch in batches))
    torch.manual_seed(seed)
    with stopping.heeded(), step("learn"):
        fit(
            learner,
            targets,
            lessons.learning,
            lessons.calibrating,
            plan,
            work.stage("layers"),
            new_head=False,
            stop=stopping,
            meter=meter,
            name="",
        )
    return network.eval()


def fit_temperature(found: Logits, wanted: Shares) -> float:
    """Return the temperature with the lowest cross entropy with what the probabilities should be."""
    best = minimize_scalar(
        lambda logarithm: loss(found / np.exp(logarithm), wanted),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
    )
    return float(f"{np.exp(best.x):.4g}")
