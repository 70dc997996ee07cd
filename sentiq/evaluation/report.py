"""The report of an evaluation: one JSON document, or one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from sentiq.evaluation.comparison import Comparison
from sentiq.evaluation.intervals import Figure
from sentiq.evaluation.metrics import Bin, Calibration, Confusion, Evaluation, OfLabel, OfSource
from sentiq.evaluation.tally import Answer

DIGITS = 4  #: of figures in the JSON document
ROWS_SPOKEN_OF = 30  #: rows that a bin has at least, for a sentence on it
ALL = 0.995  #: score from which on it would be told as 100 %
PAGE = 320  #: width and height of the curve's picture, in its own units

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse } th, td { padding: .25rem .75rem; text-align: right; border-bottom: 1px solid #8884 }
th:first-child, td.text, th.text { text-align: left } td.text { overflow-wrap: anywhere; min-width: 12rem }
.scroll { overflow-x: auto } td.hit { background: #2a84 } td.miss { background: #d534 }
.big { font-size: 2rem; font-weight: 600 } svg { max-width: 20rem; height: auto } .quiet { opacity: .75 }
""".strip()


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration that was fitted to the rows, and what it gives on rows that it was not fitted to."""

    model: str  #: `id@version` of the model with this calibration; "" where it gains nothing and none was stored
    temperature: float
    thresholds: Mapping[str, float]  #: by label; empty where none were fitted
    log_loss_before: float  #: mean negative log-likelihood of the labels
    log_loss: float
    accuracy: Figure
    macro_f1: Figure
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class OfLanguage:
    """How many answers are right among the rows of one language."""

    language: str  #: a code of ISO 639; "" for rows whose language is not known
    model: str  #: `id@version` of the one that answers them
    rows: int
    accuracy: Figure
    against: Figure | None = None  #: the accuracy of the second model, where there is one


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation and what it was made of."""

    model: str  #: `id@version`
    file: str
    columns: Mapping[str, str]  #: what was read from which column: text, label, source
    evaluation: Evaluation
    against: str = ""  #: the second model, `id@version`
    against_evaluation: Evaluation | None = None
    comparison: Comparison | None = None
    fitted: Fitted | None = None
    remarks: list[str] = field(default_factory=list)  #: sentences on the file
    by_language: list[OfLanguage] = field(default_factory=list)  #: empty where no language is known


def document(report: Report) -> dict[str, Any]:
    """Return the report as what JSON has; figures are rounded to four digits."""
    second = report.against_evaluation
    return {
        "object": "evaluation",
        "model": report.model,
        "file": report.file,
        "columns": dict(report.columns),
        "remarks": report.remarks,
        **evaluation_document(report.evaluation),
        "by_language": [_rounded(asdict(each)) for each in report.by_language],
        "against": None if second is None else {"model": report.against, **evaluation_document(second)},
        "comparison": None if report.comparison is None else _comparison_document(report.comparison),
        "fitted": None if report.fitted is None else _rounded(asdict(report.fitted)),
    }


def evaluation_document(evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as what JSON has."""
    found: dict[str, Any] = _rounded(asdict(evaluation))
    return found | {"mistakes": [_rounded(answer._asdict()) for answer in evaluation.mistakes]}


def _comparison_document(comparison: Comparison) -> dict[str, Any]:
    return {
        **_rounded(asdict(comparison)),
        "p_value": float(f"{comparison.p_value:.3g}"),
        "is_significant": comparison.is_significant,
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(member) for name, member in value.items()}
    return [_rounded(member) for member in value] if isinstance(value, list) else value


def in_words(calibration: Calibration) -> list[str]:
    """Return what the calibration curve says: of 100 texts at so many percent, how many are right.

    A bin with fewer than 30 rows has no sentence.
    """
    return [_in_words(each.score, each.accuracy) for each in calibration.bins if each.rows >= ROWS_SPOKEN_OF]


def _in_words(score: float, accuracy: Figure) -> str:
    said = f"{score:.0%}" if score < ALL else f"{score:.1%}"
    value, low, high = (f"{100 * share:.0f}" for share in (accuracy.value, accuracy.low, accuracy.high))
    return f"Of 100 texts at {said}, {value} are right ({low} to {high})."


def page(report: Report) -> str:
    """Return the report as a page of HTML, without scripts, and with nothing that has to be fetched."""
    evaluation = report.evaluation
    parts = [
        f"<h1>{_e(report.model)} on {_e(report.file)}</h1>",
        f'<p class="big">{_percent(evaluation.accuracy)} right</p>',
        f"<p>{_rows(evaluation)} Columns: "
        + ", ".join(f"{_e(use)} from “{_e(name)}”" for use, name in report.columns.items())
        + ".</p>",
        *(f"<p>{_e(remark)}</p>" for remark in report.remarks),
        '<p class="quiet">Behind each figure stands the interval in which, with 95 % confidence, it lies for all texts '
        "like these.</p>",
    ]
    if report.comparison is not None:
        parts += ["<h2>Comparison</h2>", *_comparison(report, report.comparison)]
    parts += ["<h2>By label</h2>", _by_label(evaluation), "<h2>Confusion</h2>", _confusion(evaluation.confusion)]
    if evaluation.calibration is not None:
        parts += ["<h2>Calibration</h2>", *_calibration(evaluation.calibration)]
    if report.fitted is not None:
        parts += ["<h2>Fitted calibration</h2>", *_fitted(report.fitted)]
    if report.by_language:
        parts += ["<h2>By language</h2>", _by_language(report)]
    if evaluation.by_source:
        parts += ["<h2>By source</h2>", _by_source(evaluation.by_source)]
    if evaluation.mistakes:
        parts += ["<h2>Surest mistakes</h2>", _mistakes(evaluation.mistakes)]
    title = f"Evaluation of {_e(report.model)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _e(text: str) -> str:
    return escape(text, quote=True)


def _percent(figure: Figure | None) -> str:
    if figure is None:
        return "–"
    return f"{100 * figure.value:.1f} % ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def _decimal(figure: Figure | None) -> str:
    return "–" if figure is None else f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _rows(evaluation: Evaluation) -> str:
    said = f"{evaluation.rows:,} rows with a label and an answer"
    if evaluation.without_label:
        said += f"; {evaluation.without_label:,} without a label were left out"
    if evaluation.without_answer:
        said += f"; {evaluation.without_answer:,} without an answer were left out"
    return said + "."


def _table(headings: list[str], rows: list[list[str]]) -> str:
    """Return a table; cells are HTML already, and may begin with their own tag."""
    head = "".join(f'<th scope="col">{_e(heading)}</th>' for heading in headings)
    body = "".join(
        "<tr>" + "".join(cell if cell.startswith(("<td", "<th")) else f"<td>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _th(text: str) -> str:
    return f'<th scope="row">{_e(text)}</th>'


def _by_label(evaluation: Evaluation) -> str:
    def row(each: OfLabel) -> list[str]:
        figures = [_percent(each.precision), _percent(each.recall), _decimal(each.f1)]
        return [_th(each.label), f"{each.rows:,}", f"{each.predicted:,}", *figures]

    rows = [row(each) for each in evaluation.by_label]
    rows.append([_th("mean"), f"{evaluation.rows:,}", "", "", "", _decimal(evaluation.macro_f1)])
    return _table(["label", "rows", "predicted", "precision", "recall", "F1"], rows)


def _confusion(confusion: Confusion) -> str:
    rows = []
    for at, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        cells = [
            f'<td class="{"hit" if place == at else "miss" if count else ""}">{count:,}</td>'
            for place, count in enumerate(counts)
        ]
        rows.append([_th(label), *cells])
    return _table(["label \\ prediction", *confusion.labels], rows)


def _calibration(calibration: Calibration) -> list[str]:
    sentences = "".join(f"<li>{_e(sentence)}</li>" for sentence in in_words(calibration))
    rows = [
        [_th(f"{each.low:.0%} to {each.high:.0%}"), f"{each.rows:,}", f"{each.score:.1%}", _percent(each.accuracy)]
        for each in calibration.bins
    ]
    return [
        f"<p>Expected calibration error {_decimal(calibration.error)}. Scores without any fault would show "
        f"{calibration.by_chance:.3f} on so many rows, by chance.</p>",
        f"<ul>{sentences}</ul>" if sentences else "",
        _curve(calibration.bins),
        _table(["score", "rows", "mean score", "right"], rows),
    ]


def _curve(bins: list[Bin]) -> str:
    """Draw the share of right answers over the score, with intervals; the diagonal is where they are the same."""

    def at(x: float, y: float) -> tuple[str, str]:
        return f"{x * PAGE:.1f}", f"{(1 - y) * PAGE:.1f}"

    marks = []
    for each in bins:
        x, y = at(each.score, each.accuracy.value)
        _, low = at(0, each.accuracy.low)
        _, high = at(0, each.accuracy.high)
        marks.append(f'<line x1="{x}" y1="{low}" x2="{x}" y2="{high}"/><circle cx="{x}" cy="{y}" r="4"/>')
    return (
        f'<svg viewBox="-4 -4 {PAGE + 8} {PAGE + 8}" role="img" aria-label="Share of right answers over the score" '
        f'fill="currentColor" stroke="currentColor"><rect width="{PAGE}" height="{PAGE}" fill="none" opacity=".4"/>'
        f'<line x1="0" y1="{PAGE}" x2="{PAGE}" y2="0" opacity=".4"/>{"".join(marks)}</svg>'
    )


def _fitted(fitted: Fitted) -> list[str]:
    thresholds = ", ".join(f"{_e(label)} {number:g}" for label, number in fitted.thresholds.items())
    return [
        f"<p>{_e(fitted.model or 'Not stored, since it gains nothing')}: temperature {fitted.temperature:g}"
        + (f", thresholds {thresholds}" if thresholds else "")
        + ". On rows that it was not fitted to (five folds): expected calibration error "
        f"{_decimal(fitted.calibration.error)}, {_percent(fitted.accuracy)} right, mean F1 "
        f"{_decimal(fitted.macro_f1)}, log loss {fitted.log_loss:.4f} instead of {fitted.log_loss_before:.4f}.</p>",
        _curve(fitted.calibration.bins),
    ]


def _by_language(report: Report) -> str:
    second = [report.against] if report.against else []
    rows = [
        [_th(each.language or "–"), _e(each.model), f"{each.rows:,}", _percent(each.accuracy)]
        + ([_percent(each.against)] if second else [])
        for each in report.by_language
    ]
    return _table(["language", "model", "rows", "right", *second], rows)


def _by_source(sources: list[OfSource]) -> str:
    rows = [[_th(each.source or "–"), f"{each.rows:,}", _percent(each.accuracy)] for each in sources]
    return _table(["source", "rows", "right"], rows)


def _mistakes(mistakes: list[Answer]) -> str:
    rows = [
        [
            f"{answer.row:,}",
            f"{answer.score:.1%}",
            _e(answer.predicted),
            _e(answer.label),
            f'<td class="text">{_e(answer.text)}</td>',
        ]
        for answer in mistakes
    ]
    return _table(["row", "score", "prediction", "label", "text"], rows)


def _comparison(report: Report, comparison: Comparison) -> list[str]:
    second = report.against_evaluation
    verdict = (
        f"{report.model if comparison.difference.value < 0 else report.against} is better."
        if comparison.is_significant
        else "The difference may be chance."
    )
    difference = comparison.difference
    return [
        f"<p>{_e(report.against)}: {_percent(None if second is None else second.accuracy)} right on the same rows, "
        f"{100 * difference.value:+.1f} points ({100 * difference.low:+.1f} to {100 * difference.high:+.1f}). "
        f"{_e(verdict)}</p>",
        f"<p>Only {_e(report.model)} is right on {comparison.only_first:,} rows, only {_e(report.against)} on "
        f"{comparison.only_second:,}; McNemar’s test ({_e(comparison.test)}): p = {comparison.p_value:.2g}.</p>",
    ]
