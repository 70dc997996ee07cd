"""Compares the answers to a job with the labels in its file, chunk by chunk."""

from __future__ import annotations

from functools import lru_cache
from itertools import repeat

from api.export.matching import labeller
from api.export.rows import column_cells, text_position
from api.schemas.evaluation import EvaluationDocument
from sentiq.core.errors import JobNotEnded, NoLabels
from sentiq.core.labels import with_neutral
from sentiq.evaluation.label_names import UnclearNumbers, cell_label, meanings
from sentiq.evaluation.metrics import evaluate
from sentiq.evaluation.report import evaluation_document
from sentiq.evaluation.tally import Answer, Tally, TooManyLabels
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

CELLS_KEPT = 10_000  #: different cells of labels that are read once
LABELS_SHOWN = 5


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
        tally = _tallied(results, job, neutral_band, by)
        named, labels = _named(tally, results.labels(job))
    except (TooManyLabels, UnclearNumbers) as error:
        raise NoLabels(f"The column {column!r} cannot be compared with the answers: {error}.") from None
    results.check_job(job.id)
    if not named.rows:
        found = ", ".join(map(repr, sorted(tally.labels())[:LABELS_SHOWN])) or "nothing"
        known = ", ".join(labels) or "none, as no row has an answer"
        raise NoLabels(f"No row has an answer and one of the model's labels ({known}); {column!r} has {found}.")
    found_figures = evaluation_document(evaluate(named, labels))
    mistakes = [{**mistake, "index": mistake["row"]} for mistake in found_figures["mistakes"]]
    return EvaluationDocument.model_validate(
        found_figures | {"mistakes": mistakes, "job_id": job.id, "label_column": column}
    )


def _tallied(results: Results, job: Job, neutral_band: float, by: int | None) -> Tally:
    """Count the rows by their labels as the file has them. Raises TooManyLabels."""
    tally, read, labelled = Tally(), lru_cache(CELLS_KEPT)(cell_label), labeller(neutral_band)
    text_at = text_position(job)
    for _, given, answers in results.columns_with_input(job.id, range(job.chunks)):
        tally.without_answer += len(answers.errors)
        if given.labels is None:
            tally.without_label += len(given.texts) - len(answers.errors)
            continue
        sources = repeat("") if by is None else column_cells(given, by, text_at)
        rows = zip(given.labels, answers.predictions(), given.texts, sources, strict=False)
        for offset, (cell, numbers, text, source) in enumerate(rows):
            if offset in answers.errors:
                continue
            label = read(cell)
            if not label:
                tally.without_label += 1
                continue
            labels = answers.labels_at(offset)
            predicted, score = labelled(labels, numbers)
            answer = Answer(score, answers.first + offset, text, label, predicted, source)
            tally.add(answer, is_probability=predicted in labels)  # the score of the neutral band is none
    return tally


def _named(tally: Tally, labels: tuple[str, ...]) -> tuple[Tally, tuple[str, ...]]:
    """Return the same rows by the names that the model has, and these. Raises UnclearNumbers."""
    found = tally.labels()
    shown = with_neutral(labels)
    meant = meanings(found, shown if "-1" in found else labels)
    meant |= {name: name for name in found if name in shown}
    occurring = {predicted for _, predicted in tally.surest} | set(meant.values())
    return tally.renamed(meant), tuple(label for label in shown if label in labels or label in occurring)
