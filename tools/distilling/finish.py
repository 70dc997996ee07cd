"""Measures a student through the engine, beside its teacher, and puts it into the store with figures and a card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sentiq.engine import Engine
from sentiq.engine.registry import METRICS
from sentiq.evaluation.comparison import Comparison, compare
from sentiq.evaluation.intervals import Figure, wilson
from sentiq.evaluation.metrics import Evaluation, evaluate
from sentiq.evaluation.report import Report, document, page
from sentiq.evaluation.tally import Answer, Tally
from tools.distilling.card import card
from tools.distilling.students import Lessons, Taught
from tools.distilling.texts import Corpus
from tools.prepare import store as stores
from tools.prepare.report import say, step
from tools.training.outputs import Shares
from tools.tuning.saving import write_text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a student is worth, on texts that it has not learned from."""

    agreement: Figure  #: share of the texts to which it gives the teacher's label
    evaluation: Evaluation  #: by the labels of people, or where there are none by the teacher's
    plain: Evaluation  #: of the same in float32
    of_teacher: Evaluation | None  #: None where no labels of people are there
    comparison: Comparison | None  #: of both, likewise
    as_plain: float  #: share of the texts to which it gives the label of float32


def judge(taught: Taught, corpus: Corpus, lessons: Lessons, labels: Sequence[str]) -> Verdict:
    """Measure a student as a worker would run it."""
    places = lessons.measuring
    texts = [lessons.texts[place] for place in places]
    own, plain = (_answers(engine, texts) for engine in (Engine.load(taught.directory), taught.plain()))
    teacher = lessons.teacher[places]
    has_labels = corpus.measured_with_labels()
    actual = (lessons.people if has_labels else lessons.teacher)[places].argmax(axis=1)
    said = own.argmax(axis=1)

    def evaluated(answers: Shares) -> Evaluation:
        tally = Tally()
        for place, row, right in zip(places, answers, actual, strict=True):
            best = int(row.argmax())
            text, source = corpus.texts[place], corpus.sources[place]
            tally.add(Answer(float(row[best]), place + 1, text, labels[right], labels[best], source))
        return evaluate(tally, labels)

    comparison = None
    if has_labels:
        comparison = compare(zip((teacher.argmax(axis=1) == actual).tolist(), (said == actual).tolist(), strict=True))
    return Verdict(
        agreement=wilson(int((said == teacher.argmax(axis=1)).sum()), len(places)),
        evaluation=evaluated(own),
        plain=evaluated(plain),
        of_teacher=evaluated(teacher) if has_labels else None,
        comparison=comparison,
        as_plain=float((said == plain.argmax(axis=1)).mean()),
    )


def _answers(engine: Engine, texts: Sequence[str]) -> Shares:
    return np.array([answer.probabilities for answer in engine.classify(texts)])


def finish(
    taught: Taught, corpus: Corpus, lessons: Lessons, teacher: str, store: Path, folder: Path, file: Path
) -> Path:
    """Return the directory of the student in the store, after the report was written into `folder`."""
    manifest = stores.read_content(taught.directory)
    labels = manifest["labels"]
    with step("measure the student"):
        verdict = judge(taught, corpus, lessons, labels)
    size = sum(path.stat().st_size for path in taught.directory.iterdir())
    learned = {"train": len(lessons.learning), "labelled": int(lessons.people[lessons.learning].any(axis=1).sum())}
    metrics = figures(verdict, manifest["precision"], size) | taught.more
    metrics["texts"] = learned | {"test": verdict.evaluation.rows}
    write_text(taught.directory / METRICS, json.dumps(metrics, indent=2) + "\n")
    write_text(taught.directory / "README.md", card(manifest, metrics, teacher, taught.architecture))
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(
        model=f"{manifest['id']}@{manifest['version']}",
        file=file.name,
        columns={},
        evaluation=verdict.evaluation,
        against=teacher if verdict.of_teacher else "",
        against_evaluation=verdict.of_teacher,
        comparison=verdict.comparison,
        remarks=(told := summary(verdict, teacher, size)),
    )
    content = {**document(report), "object": "distillation", "distilled": manifest["distilled"], "metrics": metrics}
    write_text(folder / "report.json", json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    write_text(folder / "report.html", page(report))
    for line in told:
        say(f"  {line}")
    stores.write_manifest(taught.directory, manifest)
    return stores.put(taught.directory, store)


def figures(verdict: Verdict, precision: str, size: int) -> dict[str, Any]:
    """Return the content of ``metrics.json``, as the service reads it."""
    found: dict[str, Any] = {
        "teacher_agreement": round(verdict.agreement.value, 4),
        "teacher_agreement_interval": _ends(verdict.agreement),
        "size_bytes": size,
        "int8_fp32_agreement": round(verdict.as_plain, 5),
    }
    if verdict.of_teacher is not None:
        found["fp32"] = _of(verdict.plain)
        found[precision] = _of(verdict.evaluation)
        found["teacher"] = _of(verdict.of_teacher)
    return found


def _of(evaluation: Evaluation) -> dict[str, Any]:
    assert evaluation.calibration is not None  # every score is a probability
    return {
        "accuracy": round(evaluation.accuracy.value, 4),
        "accuracy_interval": _ends(evaluation.accuracy),
        "macro_f1": round(evaluation.macro_f1.value, 4),
        "expected_calibration_error": round(evaluation.calibration.error.value, 4),
        "by_source": {each.source: round(each.accuracy.value, 4) for each in evaluation.by_source},
    }


def _ends(figure: Figure) -> list[float]:
    return [round(figure.low, 4), round(figure.high, 4)]


def summary(verdict: Verdict, teacher: str, size: int) -> list[str]:
    """Return the verdict in a few sentences."""
    agreement, accuracy = verdict.agreement, verdict.evaluation.accuracy
    lines = [
        f"The teacher's label: {agreement.value:.1%} ({agreement.low:.1%} to {agreement.high:.1%}) of"
        f" {verdict.evaluation.rows:,} texts that the student did not learn from.",
    ]
    if verdict.of_teacher is not None and verdict.comparison is not None:
        difference, calibration = verdict.comparison.difference, verdict.evaluation.calibration
        assert calibration is not None
        lines += [
            f"Right: {accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%}); {teacher}:"
            f" {verdict.of_teacher.accuracy.value:.1%}, a difference of {100 * difference.value:+.1f} points"
            f" ({100 * difference.low:+.1f} to {100 * difference.high:+.1f}).",
            f"Expected calibration error: {calibration.error.value:.3f}.",
        ]
    else:
        lines.append("There are no labels by people to measure on: all figures are by the teacher's answers.")
    return [*lines, f"Size: {size / 1e6:.1f} MB. The label of float32: {verdict.as_plain:.2%} of the texts."]
