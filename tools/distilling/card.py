"""The card that lies beside a student; it holds none of the texts."""

from __future__ import annotations

from typing import Any

from tools.distilling.students import LABEL_SHARE


def card(manifest: dict[str, Any], metrics: dict[str, Any], teacher: str, architecture: str) -> str:
    """Return the content of ``README.md``."""
    texts, distilled = metrics["texts"], manifest["distilled"]
    low, high = metrics["teacher_agreement_interval"]
    by_people = ""
    if texts["labelled"]:
        by_people = (
            f"\n{texts['labelled']:,} of them have labels by people, which count for {LABEL_SHARE:.0%} of what was"
            " learned of these."
        )
    return f"""# {manifest["id"]}

A classifier of texts ({", ".join(manifest["labels"])}), {metrics["size_bytes"] / 1e6:.1f} MB, made by `sentiq-distil`:
it has learned the probabilities that `{teacher}` gives to {texts["train"]:,} texts.{by_people}
It made {distilled["epochs"]} passes over them, with seed {distilled["seed"]}.

**For** texts like those, where the teacher is too slow or too large. **Not for** others: nothing was measured on them.
It has learned the teacher's mistakes too.

## Architecture
{architecture}

## Measured through the engine
Of {texts["test"]:,} texts that it did not learn from, it gives the teacher's label to
**{metrics["teacher_agreement"]:.1%}** ({low:.1%} to {high:.1%}). INT8 and float32 give the same label to
{metrics["int8_fp32_agreement"]:.2%} of them.
{_by_labels(metrics, manifest["precision"], teacher)}
## Rights
Those of the teacher, of the texts and of the labels: a model may repeat what it learned from. Settle them before it
leaves your organisation.
"""


def _by_labels(metrics: dict[str, Any], precision: str, teacher: str) -> str:
    if "teacher" not in metrics:
        return "\nNo labels by people were there to tell how often it is right.\n"
    own, plain, of_teacher = (metrics[name] for name in (precision, "fp32", "teacher"))
    lines = [
        "",
        "| | accuracy | macro F1 | expected calibration error |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {of['accuracy']:.4f} | {of['macro_f1']:.4f} | {of['expected_calibration_error']:.4f} |"
            for name, of in ((f"**this model, {precision}**", own), ("the same, float32", plain), (teacher, of_teacher))
        ),
    ]
    if "baseline" in metrics:
        accuracy = metrics["baseline"]["accuracy"]
        lines.append(f"| baseline: TF-IDF of character 1- to 3-grams, logistic regression | {accuracy:.4f} | | |")
    if own["by_source"]:
        lines += ["", "| source | accuracy | teacher |", "|---|---:|---:|"]
        lines += [
            f"| {source} | {accuracy:.3f} | {of_teacher['by_source'][source]:.3f} |"
            for source, accuracy in own["by_source"].items()
        ]
    return "\n".join([*lines, ""])
