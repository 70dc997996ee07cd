"""What sentiq-cascade does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from sentiq.core.settings import BUNDLED_MODELS
from sentiq.engine import Engine, ModelError, StoredPair
from sentiq.engine.pairs import pair_manifest, store_pair
from sentiq.engine.registry import StoredModel, find_model
from tools.cascade.fit import NotFitted, Point, Trial
from tools.cascade.picture import picture
from tools.exit_status import exit_status
from tools.labelled import LabelledError, read_labelled, read_texts

PICTURE = "cascade.svg"
TEXTS_AT_ONCE = 512  #: as in a chunk of the service


def run(options: argparse.Namespace) -> int:
    """Fit a pair; the exit status, after what went wrong was said on standard error."""
    refusals = (LabelledError, ModelError, NotFitted)
    return exit_status("sentiq-cascade", lambda: fit(options), *refusals, unwritten="nothing was stored")


def fit(options: argparse.Namespace) -> StoredPair:
    """Fit, store and show a pair. Raises LabelledError, ModelError, NotFitted, OSError."""
    roots = [options.store, BUNDLED_MODELS]
    student, teacher = (find_model(roots, name) for name in (options.student, options.teacher))
    labels = pair_manifest(
        student.manifest, teacher.manifest, 0.0
    ).labels  # refuses what makes no pair, before the work
    texts, truth = _read(options, labels)
    print(f"{len(texts):,} texts {'without' if truth is None else 'with'} labels from {options.texts}")
    trial = _try(student, teacher, texts, truth, labels, options.backend)
    if options.max_loss is None:
        threshold = trial.threshold_for_agreement(options.agreement, options.certainty)
        bound = {"agreement": options.agreement}
    else:
        threshold = trial.threshold_for_loss(options.max_loss, options.certainty)
        bound = {"max_loss": options.max_loss}
    chosen, curve = trial.at(threshold), trial.curve()
    details = {
        "bound": bound | {"certainty": options.certainty},
        "texts": trial.texts,
        "chosen": asdict(chosen),
        "curve": [asdict(point) for point in curve],
    }
    stored = store_pair(options.store, student, teacher, threshold, details)
    (stored.directory / PICTURE).write_text(picture(stored.manifest.id, curve, chosen), encoding="utf-8")
    _show(stored, curve, chosen)
    return stored


def _read(options: argparse.Namespace, labels: Sequence[str]) -> tuple[list[str], NDArray[np.int64] | None]:
    """Return the texts and the places of their labels; None where the file has no column of labels and none is needed.

    Raises LabelledError.
    """
    try:
        found = read_labelled(options.texts, text=options.text, label=options.label, labels=labels)
    except LabelledError:
        if options.max_loss is not None or options.label is not None:
            raise
        return read_texts(options.texts, options.text), None
    return found.texts, np.array([labels.index(label) for label in found.labels])


@dataclass(frozen=True, slots=True)
class _Answers:
    labels: NDArray[np.int64]  # places, ``[texts]``
    confidence: NDArray[np.float64]  # the probabilities of those
    text_s: float  # seconds for a text


def _try(
    student: StoredModel,
    teacher: StoredModel,
    texts: Sequence[str],
    truth: NDArray[np.int64] | None,
    labels: Sequence[str],
    backend: str,
) -> Trial:
    by_student, by_teacher = (_classify(model, texts, labels, backend) for model in (student, teacher))
    return Trial(
        by_student.confidence,
        by_student.labels,
        by_teacher.labels,
        truth,
        student_s=by_student.text_s,
        teacher_s=by_teacher.text_s,
    )


def _classify(model: StoredModel, texts: Sequence[str], labels: Sequence[str], backend: str) -> _Answers:
    """Classify the texts as a worker would. Raises ModelError."""
    engine = Engine.load(model.directory, backend=backend)
    engine.warm()
    columns = [engine.manifest.labels.index(label) for label in labels]
    rows: list[tuple[float, ...]] = []
    began = time.perf_counter()
    for first in range(0, len(texts), TEXTS_AT_ONCE):
        rows += [prediction.probabilities for prediction in engine.classify(texts[first : first + TEXTS_AT_ONCE])]
        _progress(model.manifest.name, len(rows), len(texts), time.perf_counter() - began)
    text_s = (time.perf_counter() - began) / len(texts)
    probabilities = np.array(rows)[:, columns]
    return _Answers(probabilities.argmax(axis=1), probabilities.max(axis=1), text_s)


def _progress(name: str, done: int, count: int, took_s: float) -> None:
    end = "\n" if done == count else ""
    sys.stdout.write(f"\r  {name}: {done:,} of {count:,} texts, {done / took_s:,.0f} texts/s{end}")
    sys.stdout.flush()


def _show(stored: StoredPair, curve: Sequence[Point], chosen: Point) -> None:
    print("  threshold   student  agreement  accuracy  texts/s")
    for point in sorted([*curve, chosen], key=lambda point: point.share):
        threshold = "teacher" if point.threshold is None else f"{point.threshold:.5f}"
        accuracy = "" if point.accuracy is None else f"{point.accuracy:.4f}"
        mark = "→" if point is chosen else " "
        figures = f"{point.share:>7.1%}  {point.agreement:>9.4f}  {accuracy:>8}  {point.texts_per_s:>7,.0f}"
        print(f"{mark} {threshold:>9}  {figures}")
    student, teacher = (name.rpartition("@")[0] for name in stored.manifest.parts)
    print(f"{stored.manifest.name}: in {stored.directory}")
    print(f"Serve it with SENTIQ_CASCADE={student},{teacher}, or in a running cluster:")
    print(f"  sentiq-admin activate {stored.manifest.name}")
