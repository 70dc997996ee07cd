"""What is told of a tuning: a page and a document for people and programs, and a table of labels to look at again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sentiq.evaluation.report import Report, document, page
from tools.tuning.measuring import Verdict
from tools.tuning.saving import write_text
from tools.tuning.second_look import Doubt, write_table
from tools.tuning.texts import Texts


def write_report(
    folder: Path,
    manifest: dict[str, Any],
    verdict: Verdict,
    texts: Texts,
    doubts: Sequence[Doubt],
    looks: Sequence[dict[str, float]],
    file: Path,
) -> None:
    """Write ``report.json``, ``report.html``, ``report.txt`` and ``second_look.csv`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = verdict.measured
    report = Report(
        model=f"{manifest['id']}@{manifest['version']}",
        file=file.name,
        columns={},
        evaluation=measured.evaluation,
        against="" if measured.of_base is None else f"{manifest['tuned']['base']}, not tuned",
        against_evaluation=measured.of_base,
        comparison=measured.comparison,
        remarks=remarks(texts, verdict, doubts),
    )
    content = {
        **document(report),
        "object": "tuning",
        "tuned": manifest["tuned"],
        "temperature": verdict.temperature,
        "texts": {"by_label": texts.counts, "repeated": texts.repeated, "conflicts": len(texts.conflicts)},
        "looks": list(looks),
        "second_look": [asdict(doubt) for doubt in doubts],
    }
    write_text(folder / "report.json", json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    write_text(folder / "report.html", page(report))
    write_text(folder / "report.txt", "\n".join(summary(verdict, texts, doubts)) + "\n")
    write_table(folder / "second_look.csv", texts, doubts)


def remarks(texts: Texts, verdict: Verdict, doubts: Sequence[Doubt]) -> list[str]:
    """Return sentences on the file and on how the figures came about."""
    found = [f"Measured by {verdict.measured_by}.", f"Temperature: {verdict.temperature:.3f}."]
    if texts.repeated:
        found.append(f"{texts.repeated:,} rows repeat the text of another row and were left out.")
    if texts.conflicts:
        found.append(f"{len(texts.conflicts):,} texts occur with several labels and were left out.")
    if doubts:
        found.append(f"{len(doubts):,} labels deserve a second look.")
    return found


def summary(verdict: Verdict, texts: Texts, doubts: Sequence[Doubt]) -> list[str]:
    """Return the report in a few lines."""
    measured = verdict.measured
    accuracy, calibration = measured.evaluation.accuracy, measured.evaluation.calibration
    lines = [
        f"right: {accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%}) of {measured.evaluation.rows:,} texts"
    ]
    if measured.of_base is not None and measured.comparison is not None:
        difference = measured.comparison.difference
        lines.append(
            f"untuned: {measured.of_base.accuracy.value:.1%}; {100 * difference.value:+.1f} points by tuning"
            f" ({100 * difference.low:+.1f} to {100 * difference.high:+.1f}), p = {measured.comparison.p_value:.2g}"
        )
    if calibration is not None:
        lines.append(
            f"calibration error: {calibration.error.value:.3f} ({calibration.error.low:.3f} to"
            f" {calibration.error.high:.3f})"
        )
    return [*lines, *remarks(texts, verdict, doubts)]
