"""Turns rows into the cells of a CSV table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from api.export.rows import ResultRow, View, kept_columns
from sentiq.core.labels import DECIMALS, LABELS_ZH
from sentiq.jobs.types import Job

Cell = str | int | float | bool | None

#: What a spreadsheet takes for a formula, and what is only a number in spite of that.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def headings(job: Job, view: View, labels: Sequence[str]) -> list[str]:
    """Return the headings of the file first, then ours."""
    return [
        *kept_columns(job, view),
        *("index", "custom_id"),
        *(("text",) if view.text else ()),
        *("label", "label_zh", "score"),
        *(f"p_{label}" for label in labels),
        *(f"aspect_{name}" for name in view.aspects),
        *("truncated", "model"),
        *(("language",) if view.languages else ()),
        *("degraded", "error", "error_detail", "line"),
    ]


def cells(row: ResultRow, view: View, labels: Sequence[str]) -> list[Cell]:
    """Return the cells in the order of `headings`; `labels` are those of all models that answered."""
    probabilities: Sequence[Cell]
    if row.error is None:
        found = [round(p, DECIMALS) for p in row.probabilities]
        known = dict(zip(row.labels, found, strict=True)) if row.labels != labels else None
        probabilities = found if known is None else [known.get(label) for label in labels]
    else:
        probabilities = [None] * len(labels)
    error = row.error
    return [
        *row.cells,
        *(row.number, row.custom_id),
        *((row.text,) if view.text else ()),
        *(row.label, None if row.label is None else LABELS_ZH.get(row.label, row.label), row.score),
        *probabilities,
        *aspect_labels(row, view.aspects),
        *(row.truncated, row.model),
        *((row.language or None,) if view.languages else ()),
        row.degraded,
        *((error.code, error.detail, error.line) if error else (None, None, None)),
    ]


def aspect_labels(row: ResultRow, names: Sequence[str]) -> list[str | None]:
    """Return the label of each of these aspects; None for one of which the row does not speak."""
    if not row.aspects:
        return [None] * len(names)
    labels = {aspect.aspect: aspect.label for aspect in row.aspects}
    return [labels.get(name) for name in names]


def harmless(cell: Cell) -> Cell:
    """Put an apostrophe before a text that a spreadsheet would run as a formula; numbers stay as they are."""
    if isinstance(cell, str) and cell and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
