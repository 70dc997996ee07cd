"""What sentiq-evaluate does, once what it needs is known to be installed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentiq.engine import Prediction, Router, StoredPair
from sentiq.engine.registry import MANIFEST, ModelError, StoredModel, read_manifest
from sentiq.engine.routing import AnyStored, StoredRoutes, find_any, open_any
from sentiq.evaluation.comparison import compare
from sentiq.evaluation.metrics import Evaluation, evaluate
from sentiq.evaluation.report import Fitted, Report, document, page
from sentiq.evaluation.tally import Answer, Tally
from tools.evaluation.by_language import by_language, check_labels, languages_of
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
    if options.fit and isinstance(first, StoredRoutes):
        raise ModelError(f"--fit calibrates one model, and {options.model} are routes: fit each of their models")
    models = [first] if second is None else [first, second]
    is_routed = any(isinstance(model, StoredRoutes) for model in models)
    read = read_labelled(
        options.file,
        text=options.text,
        label=options.label,
        source=options.source,
        language=options.language,
        labels=None if is_routed else labels,  # numbers mean nothing where models have labels of their own
    )
    languages = languages_of(read, is_routed)
    for model in models:
        check_labels(options.file, read, model, languages)
    probabilities = answers(first, read.texts, options.backend, languages)
    right = is_right(read, labels, probabilities)
    evaluation = measured(read, labels, probabilities)
    report = Report(
        model=first.manifest.name,
        file=options.file.name,
        columns={"text": read.text_column, "label": read.label_column}
        | ({"source": read.source_column} if read.source_column else {})
        | ({"language": read.language_column} if read.language_column else {}),
        evaluation=evaluation,
        by_language=by_language(first, languages, right),
        remarks=remarks(read),
    )
    if second:
        others = answers(second, read.texts, options.backend, languages)
        right_too = is_right(read, second.manifest.labels, others)
        report = replace(
            report,
            against=second.manifest.name,
            against_evaluation=measured(read, second.manifest.labels, others),
            comparison=compare(zip(right, right_too, strict=True)),
            by_language=by_language(first, languages, right, right_too),
        )
    if options.fit and isinstance(first, StoredModel):
        report = replace(report, fitted=fitted(first, read, probabilities, options.store))
    return report


def find(name: str, roots: Sequence[Path]) -> AnyStored:
    """Return the model of a directory, or the model, pair or routes of this name in the stores.

    Raises ModelError.
    """
    directory = Path(name)
    if (directory / MANIFEST).is_file():
        return StoredModel(directory, read_manifest(directory), 0.0)
    return find_any(roots, name)


def answers(
    model: AnyStored, texts: Sequence[str], backend: str, languages: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Return the probabilities ``[texts, labels]`` as a worker computes them. Raises ModelError.

    `languages` are those of the texts, by which routes choose; None: they are detected.
    """
    engine = open_any(model, backend=backend)

    def classify(part: slice) -> list[Prediction]:
        if isinstance(engine, Router):
            return engine.classify(texts[part], languages=languages and languages[part])
        return engine.classify(texts[part])

    with step(f"classify {len(texts):,} texts with {model.manifest.name}"):
        found = [
            prediction.probabilities
            for start in range(0, len(texts), TEXTS_AT_ONCE)
            for prediction in classify(slice(start, start + TEXTS_AT_ONCE))
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
