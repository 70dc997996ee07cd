"""The figures and the card that lie beside a tuned model; neither holds any of the texts."""

from __future__ import annotations

from typing import Any

from sentiq.evaluation.intervals import Figure
from sentiq.evaluation.metrics import Evaluation
from tools.tuning.measuring import Verdict


def figures(verdict: Verdict, precision: str, learned: int) -> dict[str, Any]:
    """Return the content of ``metrics.json``, as the service reads it."""
    evaluation = verdict.measured.evaluation
    found: dict[str, Any] = {
        "texts": {"train": learned, "test": evaluation.rows},
        "measured_by": verdict.measured_by,
        precision: _of(evaluation),
    }
    if verdict.measured.of_base is not None:
        found["untuned"] = _of(verdict.measured.of_base)
    return found


def _of(evaluation: Evaluation) -> dict[str, Any]:
    accuracy, calibration = evaluation.accuracy, evaluation.calibration
    return {
        "accuracy": round(accuracy.value, 4),
        "accuracy_interval": [round(accuracy.low, 4), round(accuracy.high, 4)],
        "macro_f1": round(evaluation.macro_f1.value, 4),
        "expected_calibration_error": round(calibration.error.value, 4) if calibration else None,
    }


def card(manifest: dict[str, Any], verdict: Verdict, learned: int) -> str:
    """Return the content of ``README.md``."""
    evaluation, of_base, comparison = verdict.measured.evaluation, verdict.measured.of_base, verdict.measured.comparison
    tuned = manifest["tuned"]
    ways = {"whole": "all its weights learned", "lora": "LoRA, merged", "head": "its head alone learned"}
    rows = [
        f"| {each.label} | {each.rows} | {_share(each.precision)} | {_share(each.recall)} |"
        for each in evaluation.by_label
    ]
    against = ""
    if of_base is not None and comparison is not None:
        against = (
            f"\nUntuned, the base is right for {_share(of_base.accuracy)} of the same texts: a difference of"
            f" {100 * comparison.difference.value:+.1f} points ({100 * comparison.difference.low:+.1f} to"
            f" {100 * comparison.difference.high:+.1f}), McNemar's p = {comparison.p_value:.2g}.\n"
        )
    calibration = evaluation.calibration
    error = f"{calibration.error.value:.3f}" if calibration else "not measured"
    return f"""# {manifest["id"]}

A classifier of Chinese texts ({", ".join(manifest["labels"])}), made by `sentiq-tune` from `{tuned["base"]}` and
{learned:,} labelled texts of one's own: {ways[tuned["way"]]}, up to {tuned["epochs"]} epochs, seed {tuned["seed"]}.

**For** texts like those it learned from. **Not for** others: nothing was measured on them, and a tuned model can be
worse there than its base. It learned the labels as they were given, with their mistakes.

## Measured
By {verdict.measured_by} ({evaluation.rows:,} texts); in brackets the interval of 95 %.

Right: **{_share(evaluation.accuracy)}**. Expected calibration error: {error}, with the temperature
{manifest["calibration"]["temperature"]} that the engine applies.
{against}
| label | texts | precision | recall |
|---|---:|---:|---:|
{chr(10).join(rows)}

## Rights
Those of the base and of the labelled texts: a model may repeat what it learned from. Settle both before it leaves your
organisation.
"""


def _share(figure: Figure | None) -> str:
    if figure is None:
        return ""
    return f"{100 * figure.value:.1f} % ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
