"""Prints the main figures of a report."""

from __future__ import annotations

from sentiq.evaluation.comparison import Comparison
from sentiq.evaluation.intervals import Figure
from sentiq.evaluation.metrics import Evaluation
from sentiq.evaluation.report import Fitted, Report, in_words
from tools.prepare.report import say, table

MISTAKES_SHOWN = 5
TEXT_SHOWN = 40  #: characters of a mistake


def tell(report: Report) -> None:
    """Print what was measured, compared and fitted."""
    found, columns = report.evaluation, report.columns
    say(f"{report.model} on {report.file}: {found.rows:,} rows; each figure with its interval of 95 %")
    say(f"  texts from {columns['text']!r}, labels from {columns['label']!r}")
    for count, what in ((found.without_answer, "without a readable text"), (found.without_label, "without a label")):
        if count:
            say(f"  {count:,} rows {what} were left out")
    for remark in report.remarks:
        say(f"  {remark}")
    _tell_figures(found)
    if report.by_language:
        _tell_languages(report)
    for answer in found.mistakes[:MISTAKES_SHOWN]:
        text = " ".join(answer.text.split())[:TEXT_SHOWN]
        say(f"  row {answer.row:,}: {answer.predicted} at {answer.score:.1%}, labelled {answer.label}: {text}")
    if report.comparison is not None and report.against_evaluation is not None:
        say(f"{report.against}: accuracy {_figure(report.against_evaluation.accuracy)}")
        _tell_comparison(report.comparison)
    if report.fitted is not None:
        _tell_fitted(report.fitted)


def _tell_figures(found: Evaluation) -> None:
    rows = [["", "rows", "accuracy", "precision", "recall", "F1"]]
    rows.append(["all", f"{found.rows:,}", _figure(found.accuracy), "", "", _figure(found.macro_f1)])
    rows += [
        [each.label, f"{each.rows:,}", "", _figure(each.precision), _figure(each.recall), _figure(each.f1)]
        for each in found.by_label
    ]
    rows += [[each.source or "–", f"{each.rows:,}", _figure(each.accuracy), "", "", ""] for each in found.by_source]
    table(rows)
    if found.calibration is not None:
        say(f"  expected calibration error {_figure(found.calibration.error)}")
        say(f"  (scores without fault would show {found.calibration.by_chance:.4f} on so many rows)")
        for sentence in in_words(found.calibration):
            say(f"    {sentence}")


def _tell_languages(report: Report) -> None:
    second = [report.against] if report.against else []
    rows = [["language", "model", "rows", "accuracy", *second]]
    rows += [
        [each.language or "–", each.model, f"{each.rows:,}", _figure(each.accuracy)]
        + ([_figure(each.against)] if second else [])
        for each in report.by_language
    ]
    table(rows)


def _tell_comparison(compared: Comparison) -> None:
    say(f"  difference {_figure(compared.difference)}; McNemar ({compared.test}): p = {compared.p_value:.2g}")
    say(f"  only the first is right on {compared.only_first:,} rows, only the second on {compared.only_second:,}")
    say("  " + ("The difference is no chance." if compared.is_significant else "The difference may be chance."))


def _tell_fitted(fitted: Fitted) -> None:
    thresholds = "".join(f", threshold of {label} {number:g}" for label, number in fitted.thresholds.items())
    numbers = f"temperature {fitted.temperature:g}{thresholds}"
    if fitted.model:
        say(f"{fitted.model} is stored: {numbers}")
    else:
        say(f"nothing to gain: the scores say already what the labels say, so nothing was stored ({numbers})")
    say(f"  on rows it was not fitted to: expected calibration error {_figure(fitted.calibration.error)}")
    say(f"  accuracy {_figure(fitted.accuracy)}, mean F1 {_figure(fitted.macro_f1)}")
    say(f"  log loss {fitted.log_loss:.4f} instead of {fitted.log_loss_before:.4f}")


def _figure(figure: Figure | None) -> str:
    return "" if figure is None else f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
