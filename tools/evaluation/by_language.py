"""Tells rows apart by their language, and by the model that routes choose for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sentiq.engine import ModelManifest
from sentiq.engine.detecting import detect
from sentiq.engine.routing import AnyStored, StoredRoutes
from sentiq.evaluation.intervals import wilson
from sentiq.evaluation.report import OfLanguage
from tools.labelled import FAULTS_SHOWN, Labelled, LabelledError


def languages_of(read: Labelled, is_routed: bool) -> list[str] | None:
    """Return the language of each row as a worker knows it: of the file, else detected where models are chosen by it.

    "" where a row has none; None where nothing is known of any.
    """
    if not is_routed:
        return read.languages
    given = read.languages or [""] * len(read.texts)
    return [code or detect(text) for code, text in zip(given, read.texts, strict=True)]


def manifest_for(model: AnyStored, language: str) -> ModelManifest:
    """Return what answers the texts of a language."""
    return (model.of(language) if isinstance(model, StoredRoutes) else model).manifest


def check_labels(path: Path, read: Labelled, model: AnyStored, languages: Sequence[str] | None) -> None:
    """Raise LabelledError where a row has a label that the model of its language does not have."""
    if not isinstance(model, StoredRoutes) or languages is None:
        return
    wrong = [
        (row, label, language, manifest)
        for row, label, language in zip(read.rows, read.labels, languages, strict=True)
        if label not in (manifest := manifest_for(model, language)).labels
    ]
    if not wrong:
        return
    shown = "; ".join(
        f"row {row}: {label!r}, and its language {language or 'is not known'} has the model {manifest.name}"
        f" ({', '.join(manifest.labels)})"
        for row, label, language, manifest in wrong[:FAULTS_SHOWN]
    )
    more = f" and {len(wrong) - FAULTS_SHOWN:,} more" if len(wrong) > FAULTS_SHOWN else ""
    raise LabelledError(
        f"{path}, column {read.label_column!r}: labels that the model of their language does not have: {shown}{more}."
        " Correct them or leave their cells empty, or evaluate routes to a model that has them."
    )


def by_language(
    model: AnyStored, languages: Sequence[str] | None, right: Sequence[bool], against: Sequence[bool] | None = None
) -> list[OfLanguage]:
    """Return how many answers are right in each language, the one with most rows first; [] where none is known.

    `right` and `against` say for each row whether the answer of the model, and of a second one, is its label.
    """
    if languages is None or not any(languages):
        return []
    rows = Counter(languages)
    hits, others = (
        Counter(language for language, hit in zip(languages, found, strict=True) if hit)
        for found in (right, against or [False] * len(languages))
    )
    return [
        OfLanguage(
            language,
            manifest_for(model, language).name,
            count,
            wilson(hits[language], count),
            None if against is None else wilson(others[language], count),
        )
        for language, count in rows.most_common()
    ]
