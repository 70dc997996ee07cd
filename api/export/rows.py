"""Reads the finished rows of a job, a few chunks at a time, as a view of them asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from api.export.mentions import AspectReading, aspect_names
from api.schemas.results import Language, Sort
from sentiq.core.labels import label_and_score
from sentiq.jobs.chunk_result import ChunkResult
from sentiq.jobs.codec import SCALE, TRUNCATED, OutputColumns
from sentiq.jobs.dates import DateOrder
from sentiq.jobs.input_codec import InputColumns
from sentiq.jobs.types import InputChunk, Job, NewJob, RowError

if TYPE_CHECKING:  # processes that write documents ask no Redis, and importing its client takes a tenth of a second
    from sentiq.jobs.results import Results

READINGS_CACHED = 32_768  #: half as many as a model of two classes gives; 600 bytes each
Given = InputChunk | InputColumns  #: the rows of a chunk, all or as far as they are looked at
Reading = tuple[str, float, tuple[float, ...]]  #: label, score and probabilities


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted; a row must meet all that is asked."""

    labels: tuple[str, ...] = ()  # empty: any
    min_score: float = 0.0
    max_score: float = 1.0
    only: str = ""  # FAILED or WITHOUT_TEXT; "": rows with a label too
    contains: str = ""  # casefolded; "": any text
    cells: tuple[tuple[int, tuple[str, ...]], ...] = ()  # places from 0 of columns, each with the cells wanted there
    since: int | None = None  # the first and the last date that are wanted, in minutes as `InputChunk.when` has them
    until: int | None = None
    order: DateOrder | None = None  # of dates in the file, where dates are wanted
    aspect: int | None = None  # place in the job's set; label and score are then those of the aspect; None: of the row
    languages: tuple[str, ...] = ()  # codes; empty: any

    @property
    def reads_input(self) -> bool:
        """Tell whether the input of a row must be read to know if the row is wanted."""
        return bool(self.contains or self.cells or self.languages) or self.is_dated

    @property
    def is_dated(self) -> bool:
        """Tell whether rows without a date are left out."""
        return self.since is not None or self.until is not None

    @property
    def takes_any(self) -> bool:
        """Tell whether a row is wanted whatever its label and score are."""
        any_score = self.min_score == 0.0 and self.max_score == 1.0
        return self.aspect is None and not self.only and not self.labels and any_score

    def takes_label(self, label: str, score: float) -> bool:
        if self.only or (self.labels and label not in self.labels):
            return False
        return self.min_score <= score <= self.max_score

    def takes_error(self, error: RowError) -> bool:
        """Rows without a label and a score are wanted, unless one of those is asked for, or an aspect."""
        if self.only:
            return self.only == error.counts_as and self.aspect is None
        return self.takes_any

    def finds(self, given: Given, answers: OutputColumns, text_at: int | None) -> list[bool]:
        """Of each row: whether its input, and its language, are as wanted. `text_at`: see `text_position`."""
        found = [True] * given.rows
        if self.languages:
            found = [language in self.languages for language in languages_of(given, answers)]
        if self.contains:
            ids = given.custom_ids or (None,) * len(given.texts)
            contained = [self._contained(text, custom_id) for text, custom_id in zip(given.texts, ids, strict=True)]
            found = [wanted and there for wanted, there in zip(found, contained, strict=True)]
        for at, values in self.cells:
            cells = column_cells(given, at, text_at)
            found = [wanted and cell in values for wanted, cell in zip(found, cells, strict=True)]
        if self.is_dated:
            found = [wanted and self._dated(when) for wanted, when in zip(found, given.dates(self.order), strict=True)]
        return found

    def _dated(self, when: int | None) -> bool:
        if when is None or (self.since is not None and when < self.since):
            return False
        return self.until is None or when <= self.until

    def _contained(self, text: str, custom_id: str | None) -> bool:
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
    sort: Sort | None = None  # None: rows in their order
    by: int | None = None  # place from 0 of the column that a workbook counts by
    language: Language = "en"  # of what a workbook says beside the rows
    aspects: tuple[str, ...] = ()  # names of those of the job's set; empty where it has none
    languages: bool = False  # tables have a column of the languages of rows, and workbooks one of their models
    report: bool = False  # a workbook has sheets of what people say, where the job has aspects or dates


class ResultRow(NamedTuple):
    number: int  # within the job, from 0
    custom_id: str | None
    text: str
    cells: tuple[str, ...]  # all columns of the file where it kept them, the text in its place
    label: str | None  # None for a row with an error
    score: float | None
    labels: tuple[str, ...]  # names of the probabilities
    probabilities: tuple[float, ...]
    truncated: bool
    model: str | None  # that answered, or was to answer; None: routes sent the row to none
    degraded: bool
    error: RowError | None
    kinds: str = ""  # of `cells`, a letter each, up to the last that is no text (api/cell_kinds.py)
    aspects: tuple[AspectReading, ...] = ()  # of which the text speaks, in the order of the job's set
    language: str = ""  # given, or by which the model was chosen; "": not known

    @property
    def counts_as(self) -> str:
        """Its label, or what it is counted as where it has none."""
        return self.error.counts_as if self.error else str(self.label)


def read_rows(results: Results, job: Job, view: View) -> Iterator[ResultRow]:
    """Yield rows in their order, without those of chunks that have no result (yet).

    Raises JobNotFound at the end if the job was erased or expired while it was read: rows may be missing.
    """
    yield from rows_of(results.chunks(job.id, chunks_of(results, job, view.filter)), job, view)
    results.check_job(job.id)


def rows_of(chunks: Iterable[ChunkResult | None], job: Job, view: View) -> Iterator[ResultRow]:
    """Yield the rows of finished chunks that the view shows. Readings are cached: many rows have equal answers."""
    read, text_at = lru_cache(READINGS_CACHED)(reading_of), text_position(job)
    for result in chunks:
        if result is not None:
            yield from chunk_rows(result, text_at, view, read)


def chunks_of(results: Results, job: Job, chosen: Filter) -> Sequence[int]:
    """Return the numbers of the chunks that may have wanted rows."""
    return results.failed_chunks(job.id) if chosen.only else range(job.chunks)


def reading_of(labels: tuple[str, ...], numbers: tuple[int, ...], neutral_band: float) -> Reading:
    probabilities = tuple(n / SCALE for n in numbers)
    return *label_and_score(labels, probabilities, neutral_band), probabilities


def chunk_rows(
    result: ChunkResult,
    text_at: int | None,
    view: View,
    read: Callable[[tuple[str, ...], tuple[int, ...], float], Reading] = reading_of,
) -> Iterator[ResultRow]:
    """Yield the rows of one chunk that the view shows. `text_at`: see `text_position`."""
    given, answers = result.input, result.answers
    wanted, band = view.filter, view.neutral_band
    cells = given.cells if view.columns or view.by is not None else None
    joined = text_at is None
    found = wanted.finds(given, answers, text_at) if wanted.reads_input else None
    errors, degraded, names = answers.errors, answers.degraded, view.aspects
    of_rows = zip(
        given.texts,
        repeat(None) if given.custom_ids is None else given.custom_ids,
        repeat(()) if cells is None else cells,
        repeat("") if given.kinds is None else given.kinds,
        answers.predictions(),
        answers.flags,
        answers.models(),
        repeat(()) if answers.aspects is None else answers.mentions_of_rows(),
        answers.row_labels(),
        languages_of(given, answers),
        strict=False,
    )
    takes_any = wanted.takes_any
    for offset, fields in enumerate(of_rows):
        text, custom_id, row, kinds, numbers, flags, model, mentioned, labels, language = fields
        if found is not None and not found[offset]:
            continue
        label: str | None = None
        score: float | None = None
        probabilities: tuple[float, ...] = ()
        error = errors.get(offset)
        if error is None:
            label, score, probabilities = read(labels, numbers, band)
            if wanted.aspect is not None:
                of_aspect = next((numbers for aspect, numbers, *_ in mentioned if aspect == wanted.aspect), None)
                if of_aspect is None or not wanted.takes_label(*read(labels, of_aspect, band)[:2]):
                    continue
            elif not (takes_any or wanted.takes_label(label, score)):
                continue
        elif not (takes_any or wanted.takes_error(error)):
            continue
        yield ResultRow(
            answers.first + offset,
            custom_id,
            text,
            row if joined or cells is None else (*row[:text_at], text, *row[text_at:]),
            label,
            score,
            labels,
            probabilities,
            error is None and bool(flags & TRUNCATED),
            model,
            degraded,
            error,
            kinds,
            tuple(
                AspectReading(names[aspect], *read(labels, of_aspect, band)[:2], text[start:end])
                for aspect, of_aspect, start, end in (mentioned if names else ())
            ),
            language,
        )


def languages_of(given: Given, answers: OutputColumns) -> Iterable[str]:
    """Return the language of each row, by which its model was chosen, else as it was given; "" where none is known."""
    return answers.languages or given.languages or ("",) * len(answers.flags)


def plain_view(job: Job | NewJob, neutral_band: float) -> View:
    """Return the view of all rows of a job as its submission answers them."""
    return View(neutral_band, aspects=aspect_names(job.options))


def column_cells(given: Given, at: int, text_at: int | None) -> Sequence[str]:
    """Return the cells of the column at place `at`, row by row; "" for a line that is too short."""
    if at == text_at:
        return given.texts
    return given.column(at - (text_at is not None and at > text_at))  # the text is not kept twice


def text_position(job: Job) -> int | None:
    """Return the place, from 0, of the column of texts among those of the file.

    None: the texts of several columns were joined, and all columns are kept.
    """
    if job.file and len(job.file.text_numbers) > 1:
        return None
    return job.file.text_number - 1 if job.file and job.file.text_number else 0


def kept_columns(job: Job, view: View) -> tuple[str, ...]:
    """Return the headings of the file's columns, if they were kept and are shown."""
    return job.file.columns if view.columns and job.file else ()
