"""From a network that has learned to a proven model in the store, with its temperature, figures and card."""

# torch is not where types are checked.
# mypy: disable-error-code="import-not-found"

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from tokenizers import Tokenizer

from sentiq.engine.backends.openvino import OpenVinoBackend
from sentiq.engine.registry import METRICS
from tools.prepare import prove
from tools.prepare import store as stores
from tools.prepare.__main__ import CALIBRATION
from tools.prepare.build import Recipe, build
from tools.prepare.files import TOKENIZER
from tools.prepare.report import step
from tools.tuning.base import Base
from tools.tuning.card import card, figures
from tools.tuning.measuring import Verdict, cross_fitted, measure
from tools.tuning.saving import disk_errors, write_text
from tools.tuning.temperature import fit_temperature
from tools.tuning.texts import Parts, Texts

#: Texts to calibrate INT8 with; with fewer, those of sentiq-prepare are taken.
CALIBRATION_TEXTS = 300

Logits = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a tuned model can be judged by."""

    texts: Texts
    parts: Parts
    held_out: Logits | None  #: by cross-validation, if there was one
    test: Texts | None  #: texts of another file, if one was named
    of_base: Callable[[Texts], Logits | None]  #: logits of the untuned model; None where it does not know the labels
    seed: int


def write_checkpoint(network: Any, base: Base, texts: Sequence[str], learning: Sequence[int], directory: Path) -> None:
    """Write what sentiq-prepare reads: the network, the base's tokenizer, and texts to calibrate INT8 with."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    with disk_errors(directory):
        network.save_pretrained(directory)
    for name in TOKENIZER:
        if (base.directory / name).exists():
            shutil.copyfile(base.directory / name, directory / name)
    if len(learning) < CALIBRATION_TEXTS:
        shutil.copyfile(CALIBRATION, directory / "calibration.txt")
        return
    drawn = random.Random(0).sample(list(learning), CALIBRATION_TEXTS)
    lines = "\n".join(" ".join(texts[place].split()) for place in drawn)
    (directory / "calibration.txt").write_text(lines + "\n", encoding="utf-8")


def prepare(
    checkpoint: Path,
    min_agreement: float,
    store: Path,
    identity: dict[str, Any],
    evidence: Evidence,
    report: Callable[[dict[str, Any], Verdict], None],
) -> Path:
    """Prepare a checkpoint as sentiq-prepare does, and judge it; return its directory in the store.

    `report` is called with the manifest and the verdict before the model appears.
    """
    with stores.workshop(store, identity["id"]) as scratch:
        out = scratch / "model"
        out.mkdir()
        recipe = Recipe(evidence.texts.names, checkpoint / "calibration.txt", min_agreement)
        facts = build(checkpoint, recipe, out, scratch)
        files = stores.checksums(out)
        manifest = {**identity, **facts, "files": files}
        with step("measure the tuned model"):
            verdict = judge(out, manifest, evidence)
        manifest["calibration"] = {"temperature": verdict.temperature}
        manifest["version"] = stores.version_of({**files, "temperature": str(verdict.temperature)})
        learned = len(evidence.parts.learning)
        metrics = figures(verdict, manifest["precision"], learned)
        write_text(out / METRICS, json.dumps(metrics, indent=2) + "\n")
        write_text(out / "README.md", card(manifest, verdict, learned))
        report(manifest, verdict)
        stores.write_manifest(out, manifest)
        return stores.put(out, store)


def judge(directory: Path, manifest: dict[str, Any], evidence: Evidence) -> Verdict:
    """Find the temperature, and measure the network in the precision that the service runs.

    With folds the temperature comes from cross-validation, otherwise from the texts that decided when to stop.
    """
    texts, parts, held_out = evidence.texts, evidence.parts, evidence.held_out
    labels = np.array(texts.labels)
    if held_out is None:
        stopping = logits(directory, manifest, [texts.texts[place] for place in parts.stopping])
        temperature = fit_temperature(stopping, labels[parts.stopping])
    else:
        temperature = fit_temperature(held_out, labels)
    measured_by = "texts of the file that it did not learn from"
    places: Sequence[int] = parts.measuring
    if evidence.test is not None:
        texts, places, measured_by = evidence.test, range(len(evidence.test.texts)), "texts of another file"
    elif held_out is not None:
        places = range(len(texts.texts))
        measured = measure(
            texts, places, cross_fitted(texts, held_out, evidence.seed), _of_base(evidence, texts, places)
        )
        return Verdict(temperature, measured, "cross-validation: five models of the same recipe, each on other texts")
    found = logits(directory, manifest, [texts.texts[place] for place in places])
    measured = measure(texts, places, softmax(found / temperature, axis=1), _of_base(evidence, texts, places))
    return Verdict(temperature, measured, measured_by)


def _of_base(evidence: Evidence, texts: Texts, places: Sequence[int]) -> Logits | None:
    """Return the base's probabilities for the texts at `places`."""
    found = evidence.of_base(texts)
    return None if found is None else softmax(found[list(places)], axis=1)


def logits(directory: Path, manifest: dict[str, Any], texts: Sequence[str]) -> Logits:
    """Return what the prepared network gives, ``[texts, labels]``."""
    backend = OpenVinoBackend(directory, float32=manifest["precision"] == "f32")
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    rows = prove.encode(tokenizer, list(texts), manifest["max_tokens"])
    return prove.logits(backend, rows, manifest["pad_id"]).astype(np.float64)
