"""Compares the answers to a job with the labels in its file, chunk by chunk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from itertools import repeat

from api.export.matching import labeller
from api.export.rows import column_cells, text_position
from api.schemas.evaluation import EvaluationDocument, MissingLabel
from sentiq.core.errors import JobNotEnded, NoLabels
from sentiq.core.labels import possible_labels, with_neutral
from sentiq.evaluation.label_names import UnclearNumbers, cell_label, meanings
from sentiq.evaluation.metrics import evaluate
from sentiq.evaluation.report import evaluation_document
from sentiq.evaluation.tally import Answer, Tally, TooManyLabels
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

CELLS_KEPT = 10_000  #: different cells of labels that are read once
LABELS_SHOWN = 5

#: Rows by their label as the file has it, the model that answered them, and its labels.
ByModel = Counter[tuple[str, str, tuple[str, ...]]]


def evaluate_job(results: Results, job: Job, neutral_band: float, by: int | None) -> EvaluationDocument:
    """Measure the finished rows of an ended job. `by`: place of the column that tells the sources, where it was kept.

    Raises JobNotEnded, NoLabels where no label of the file can be compared, and JobNotFound if the job was erased.
    """
    column = job.file.label_column if job.file else None
    if column is None:
        raise NoLabels("The job has no column of labels: submit a file with one, and name it in `label_column`.")
    if not job.state.has_ended:
        raise JobNotEnded(f"Job {job.id} is {job.state}: its answers are compared with its labels when it has ended.")
    try:
        tally, by_model = _tallied(results, job, neutral_band, by)
        _check_numbers(tally, by_model)
        meant, labels = _named(tally, results.labels(job))
        named = tally.renamed(meant)
    except (TooManyLabels, UnclearNumbers) as error:
        raise NoLabels(f"The column {column!r} cannot be compared with the answers: {error}.") from None
    results.check_job(job.id)
    if not named.rows:
        found = ", ".join(map(repr, sorted(tally.labels())[:LABELS_SHOWN])) or "nothing"
        known = ", ".join(labels) or "none, as no row has an answer"
        raise NoLabels(f"No row has an answer and one of the model's labels ({known}); {column!r} has {found}.")
    found_figures = evaluation_document(evaluate(named, labels))
    mistakes = [{**mistake, "index": mistake["row"]} for mistake in found_figures["mistakes"]]
    missing = _missing(by_model, meant, neutral_band)
    return EvaluationDocument.model_validate(
        found_figures | {"mistakes": mistakes, "labels_missing": missing, "job_id": job.id, "label_column": column}
    )


def _tallied(results: Results, job: Job, neutral_band: float, by: int | None) -> tuple[Tally, ByModel]:
    """Count the rows by their labels as the file has them. Raises TooManyLabels."""
    tally, read, labelled = Tally(), lru_cache(CELLS_KEPT)(cell_label), labeller(neutral_band)
    by_model: ByModel = Counter()
    text_at = text_position(job)
    for _, given, answers in results.columns_with_input(job.id, range(job.chunks)):
        tally.without_answer += len(answers.errors)
        if given.labels is None:
            tally.without_label += len(given.texts) - len(answers.errors)
            continue
        sources = repeat("") if by is None else column_cells(given, by, text_at)
        rows = zip(
            given.labels,
            answers.predictions(),
            given.texts,
            sources,
            answers.models(),
            answers.row_labels(),
            strict=False,
        )
        for offset, (cell, numbers, text, source, model, labels) in enumerate(rows):
            if offset in answers.errors:
                continue
            label = read(cell)
            if not label:
                tally.without_label += 1
                continue
            predicted, score = labelled(labels, numbers)
            answer = Answer(score, answers.first + offset, text, label, predicted, source)
            tally.add(answer, is_probability=predicted in labels)  # the score of the neutral band is none
            by_model[label, model, labels] += 1
    return tally, by_model


def _check_numbers(tally: Tally, by_model: ByModel) -> None:
    """Raise UnclearNumbers where labels are numbers that count those of several models, which differ."""
    of_models = {labels for _, _, labels in by_model}
    found = tally.labels()
    numbers = {name for name in found if name.isdecimal()}.difference(*of_models)
    is_clear = "-1" in found or {label for labels in of_models for label in labels} == {"negative", "positive"}
    if len(of_models) > 1 and numbers and not is_clear:
        listed = ", ".join(sorted(numbers, key=int))
        raise UnclearNumbers(f"{listed} may mean another label for each model that answered: write names instead")


def _missing(by_model: ByModel, meant: Mapping[str, str], neutral_band: float) -> list[MissingLabel]:
    """Return the labels of rows that the model which answered them cannot give, those of most rows first."""
    missing: Counter[tuple[str, str]] = Counter()
    for (label, model, labels), rows in by_model.items():
        name = meant.get(label)
        if name is not None and name not in possible_labels(labels, neutral_band):
            missing[name, model] += rows
    return [MissingLabel(label=label, model=model, rows=rows) for (label, model), rows in missing.most_common()]


def _named(tally: Tally, labels: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what the labels of the rows are called by the model, and its labels. Raises UnclearNumbers."""
    found = tally.labels()
    shown = with_neutral(labels)
    meant = meanings(found, shown if "-1" in found else labels)
    meant |= {name: name for name in found if name in shown}
    occurring = {predicted for _, predicted in tally.surest} | set(meant.values())
    return meant, tuple(label for label in shown if label in labels or label in occurring)
