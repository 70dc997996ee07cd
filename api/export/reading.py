"""The finished rows of a job, read a few chunks at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from api.labels import label_and_score
from jobs.errors import FieldError, InvalidInput
from jobs.models import Job, RowError
from jobs.store import CHUNKS_READ, ChunkResult, JobStore


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted; a row must meet all that is asked."""

    labels: tuple[str, ...] = ()  # empty: any
    min_score: float = 0.0
    max_score: float = 1.0
    only_failed: bool = False
    contains: str = ""  # casefolded; "": any text

    @property
    def wants_failed(self) -> bool:
        """Rows without a label and a score are wanted, unless one of those is asked for."""
        return self.only_failed or (not self.labels and self.min_score == 0.0 and self.max_score == 1.0)

    def takes(self, label: str | None, score: float | None) -> bool:
        if label is None or score is None:
            return self.wants_failed
        if self.only_failed or (self.labels and label not in self.labels):
            return False
        return self.min_score <= score <= self.max_score

    def finds(self, text: str, custom_id: str | None) -> bool:
        """The words that were searched for are in the text or the id; of a row that failed there may be an id alone."""
        wanted = self.contains
        return wanted in text.casefold() or (custom_id is not None and wanted in custom_id.casefold())


@dataclass(frozen=True, slots=True)
class View:
    """How rows are shown."""

    neutral_band: float
    filter: Filter = field(default_factory=Filter)
    text: bool = False
    columns: bool = False  # those of the file, where the job kept them


class ResultRow(NamedTuple):
    number: int  # within the job, from 0
    custom_id: str | None
    text: str
    cells: tuple[str, ...]  # all columns of the file where it kept them, the text in its place
    label: str | None  # None for a row that failed
    score: float | None
    labels: tuple[str, ...]  # names of the probabilities
    probabilities: tuple[float, ...]
    truncated: bool
    model: str
    degraded: bool
    error: RowError | None


def read_rows(store: JobStore, job: Job, view: View) -> Iterator[ResultRow]:
    """Rows in their order; of chunks without a result (yet) there are none.

    Raises JobNotFound at the end where the job was erased or has expired meanwhile: what was read is not all.
    """
    numbers = store.failed_chunks(job.id) if view.filter.only_failed else range(job.chunks)
    for start in range(0, len(numbers), CHUNKS_READ):
        for result in store.chunk_results(job.id, numbers[start : start + CHUNKS_READ]):
            if result is not None:
                yield from chunk_rows(result, job, view)
    store.get(job.id)


def chunk_rows(result: ChunkResult, job: Job, view: View) -> Iterator[ResultRow]:
    """The rows of one chunk that the view shows."""
    given, output = result.input, result.output
    ids, cells, takes = given.custom_ids, given.cells if view.columns else None, view.filter.takes
    finds = view.filter.finds if view.filter.contains else None
    text_at = text_position(job)
    for offset, outcome in enumerate(output.outcomes):
        text, custom_id = given.texts[offset], None if ids is None else ids[offset]
        if finds is not None and not finds(text, custom_id):
            continue
        label = score = None
        if outcome.error is None:
            label, score = label_and_score(output.labels, outcome.probabilities, view.neutral_band)
        if not takes(label, score):
            continue
        row = cells[offset] if cells is not None else ()
        yield ResultRow(
            output.first + offset,
            custom_id,
            text,
            (*row[:text_at], text, *row[text_at:]) if cells is not None else (),
            label,
            score,
            output.labels,
            outcome.probabilities,
            outcome.truncated,
            output.model,
            output.degraded,
            outcome.error,
        )


def text_position(job: Job) -> int:
    """Where the column of the texts stands among those of the file."""
    return job.file.text_number - 1 if job.file and job.file.text_number else 0


def check_columns(job: Job, view: View) -> None:
    """Raises InvalidInput where the columns of a file are asked for and none were kept."""
    if view.columns and not (job.file and job.file.columns):
        detail = "The job kept no columns of a file: submit the file with `keep_columns`, or leave `columns` out."
        raise InvalidInput(detail, errors=(FieldError("columns_not_kept", detail, pointer="/include"),))


def kept_columns(job: Job, view: View) -> tuple[str, ...]:
    """Headings of the file's columns, if they were kept and are shown."""
    return job.file.columns if view.columns and job.file else ()
