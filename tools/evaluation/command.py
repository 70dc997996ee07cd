"""What sentiq-evaluate does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiq.engine import StoredPair
from sentiq.engine.cascade import open_stored
from sentiq.engine.pairs import find as find_stored
from sentiq.engine.registry import MANIFEST, ModelError, StoredModel, read_manifest
from sentiq.evaluation.comparison import compare
from sentiq.evaluation.metrics import Evaluation, evaluate
from sentiq.evaluation.report import Fitted, Report, document, page
from sentiq.evaluation.tally import Answer, Tally
from tools.evaluation.calibrated import store_calibrated
from tools.evaluation.fitting import combined, fit
from tools.evaluation.telling import tell
from tools.exit_status import exit_status
from tools.labelled import Labelled, LabelledError, read_labelled
from tools.prepare.report import say, step

TEXTS_AT_ONCE = 512
CONFLICTS_SHOWN = 5
TEXT_SHOWN = 40  #: characters of a text


def run(options: argparse.Namespace) -> int:
    """Evaluate a model; the exit status, after what went wrong was said on standard error."""

    def evaluate() -> None:
        report = evaluated(options)
        tell(report)
        write(report, options.json, options.html)

    refusals = (ModelError, LabelledError)
    return exit_status("sentiq-evaluate", evaluate, *refusals, unwritten="the report was not written")


def evaluated(options: argparse.Namespace) -> Report:
    """Measure what the options ask for. Raises ModelError and LabelledError."""
    roots = [options.store, options.bundled]
    first = find(options.model, roots)
    second = find(options.against, roots) if options.against else None
    labels = first.manifest.labels
    if second and set(second.manifest.labels) != set(labels):
        raise ModelError(
            f"{second.manifest.name} has the labels {', '.join(second.manifest.labels)} and {first.manifest.name} has "
            f"{', '.join(labels)}: only models with the same labels can be compared"
        )
    if options.fit and isinstance(first, StoredPair):
        raise ModelError(f"--fit calibrates one model, and {first.manifest.name} is a pair: fit each of the two")
    read = read_labelled(options.file, text=options.text, label=options.label, source=options.source, labels=labels)
    probabilities = answers(first, read.texts, options.backend)
    evaluation = measured(read, labels, probabilities)
    report = Report(
        model=first.manifest.name,
        file=options.file.name,
        columns={"text": read.text_column, "label": read.label_column}
        | ({"source": read.source_column} if read.source_column else {}),
        evaluation=evaluation,
        remarks=remarks(read),
    )
    if second:
        others = answers(second, read.texts, options.backend)
        report = replace(
            report,
            against=second.manifest.name,
            against_evaluation=measured(read, second.manifest.labels, others),
            comparison=compare(
                zip(
                    is_right(read, labels, probabilities),
                    is_right(read, second.manifest.labels, others),
                    strict=True,
                )
            ),
        )
    if options.fit and isinstance(first, StoredModel):
        report = replace(report, fitted=fitted(first, read, probabilities, options.store))
    return report


def find(name: str, roots: Sequence[Path]) -> StoredModel | StoredPair:
    """Return the model of a directory, or the model or pair of this id or `id@version` in the stores.

    Raises ModelError.
    """
    directory = Path(name)
    if (directory / MANIFEST).is_file():
        return StoredModel(directory, read_manifest(directory), 0.0)
    return find_stored(roots, name)


def answers(model: StoredModel | StoredPair, texts: Sequence[str], backend: str) -> NDArray[np.float64]:
    """Return the probabilities ``[texts, labels]`` as a worker computes them. Raises ModelError."""
    engine = open_stored(model, backend=backend)
    with step(f"classify {len(texts):,} texts with {model.manifest.name}"):
        found = [
            prediction.probabilities
            for start in range(0, len(texts), TEXTS_AT_ONCE)
            for prediction in engine.classify(texts[start : start + TEXTS_AT_ONCE])
        ]
    return np.array(found)


def measured(read: Labelled, labels: Sequence[str], probabilities: NDArray[np.float64]) -> Evaluation:
    """Measure these answers; `labels` are those of their columns."""
    tally = Tally(without_label=read.without_label, without_answer=read.without_text)
    best = probabilities.argmax(axis=1)
    for at, column in enumerate(best.tolist()):
        source = "" if read.sources is None else read.sources[at]
        score = float(probabilities[at, column])
        tally.add(Answer(score, read.rows[at], read.texts[at], read.labels[at], labels[column], source))
    return evaluate(tally, labels)


def is_right(read: Labelled, labels: Sequence[str], probabilities: NDArray[np.float64]) -> list[bool]:
    """Return for each row whether the answer is the label."""
    best = probabilities.argmax(axis=1).tolist()
    return [labels[column] == label for column, label in zip(best, read.labels, strict=True)]


def fitted(model: StoredModel, read: Labelled, probabilities: NDArray[np.float64], store: Path) -> Fitted:
    """Fit a calibration and say what it gives on other rows; store the model with it if it gains. Raises ModelError."""
    labels = model.manifest.labels
    with step("fit the calibration, in five folds"):
        found = fit(probabilities, np.array([labels.index(label) for label in read.labels]), read.texts)
    calibration = combined(model.manifest.calibration, found.calibration)
    across = measured(read, labels, found.probabilities)
    assert across.calibration is not None  # every score is a probability
    name = ""
    if found.log_loss < found.log_loss_before:
        facts = {
            "rows": len(read.texts),
            "calibration_error": round(across.calibration.error.value, 4),
            "log_loss": round(found.log_loss, 4),
        }
        name = read_manifest(store_calibrated(model.directory, calibration, store, facts)).name
    return Fitted(
        model=name,
        temperature=calibration.temperature,
        thresholds=dict(zip(labels, calibration.thresholds, strict=True)) if calibration.thresholds else {},
        log_loss_before=found.log_loss_before,
        log_loss=found.log_loss,
        accuracy=across.accuracy,
        macro_f1=across.macro_f1,
        calibration=across.calibration,
    )


def remarks(read: Labelled) -> list[str]:
    """Return sentences on what is odd in the file."""
    said = []
    doubles = len(read.texts) - len({text.strip() for text in read.texts})
    if doubles:
        said.append(f"{doubles:,} rows have the text of a row before; they count too.")
    conflicts = read.conflicts()
    if conflicts:
        shown = "; ".join(
            f"rows {', '.join(map(str, each.rows[:CONFLICTS_SHOWN]))} ({each.text.strip()[:TEXT_SHOWN]})"
            for each in conflicts[:CONFLICTS_SHOWN]
        )
        said.append(
            f"{len(conflicts):,} texts occur with different labels, so that no model can have all right: {shown}."
        )
    return said


def write(report: Report, json_file: Path | None, html_file: Path | None) -> None:
    """Write the report as JSON and HTML, as far as asked. Raises OSError."""
    if json_file:
        json_file.write_text(json.dumps(document(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        say(f"written: {json_file}")
    if html_file:
        html_file.write_text(page(report), encoding="utf-8")
        say(f"written: {html_file}")
