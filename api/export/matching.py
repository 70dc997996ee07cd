"""Finds the rows of a job that a filter takes, from the stored numbers, without an object for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from api.export.rows import View, text_position
from sentiq.core.labels import label_and_score
from sentiq.jobs.codec import SCALE, OutputColumns, numbers_of_pair
from sentiq.jobs.input_codec import InputColumns
from sentiq.jobs.types import Job

if TYPE_CHECKING:  # as in rows.py: processes that write documents ask no Redis
    from sentiq.jobs.results import Results

#: Chunks that are counted for one answer, or a filter would keep a thread busy for as long as a job is large. Those of
#: which the texts are read take ten times as long as those of which the numbers are enough.
COUNTED, COUNTED_WITH_TEXTS = 4_096, 512

VALUES_KEPT = 100_000  #: different stored numbers whose label is remembered

T = TypeVar("T")
LabelAndScore = Callable[[tuple[str, ...], tuple[int, ...]], tuple[str, float]]


def count_matches(results: Results, job: Job, view: View, first: int) -> tuple[int, int | None]:
    """Count the rows that the filter takes from chunk `first` on; also return the next chunk, None after the last.

    Raises JobNotFound if the job was erased while it was read.
    """
    numbers = range(first, job.chunks)
    part = numbers[: COUNTED_WITH_TEXTS if view.filter.contains else COUNTED]
    found = sum(len(offsets) for _, _, offsets in matches(results, job, view, part))
    results.check_job(job.id)
    return found, part.stop if part.stop < job.chunks else None


def matches(
    results: Results, job: Job, view: View, numbers: Sequence[int]
) -> Iterator[tuple[int, OutputColumns, Sequence[int]]]:
    """Yield the number of each finished chunk, its answers, and the offsets of the rows that are wanted."""
    if view.filter.reads_input:
        for number, _, answers, offsets in matches_with_input(results, job, view, numbers):
            yield number, answers, offsets
    else:
        wanted = _Wanted(job, view)
        for number, answers in results.columns(job.id, numbers):
            yield number, answers, wanted.offsets(None, answers)


def matches_with_input(
    results: Results, job: Job, view: View, numbers: Sequence[int]
) -> Iterator[tuple[int, InputColumns, OutputColumns, Sequence[int]]]:
    """Yield the same as `matches`, and behind the number the input."""
    wanted = _Wanted(job, view)
    for number, given, answers in results.columns_with_input(job.id, numbers):
        yield number, given, answers, wanted.offsets(given, answers)


def taken(values: Sequence[T], offsets: Sequence[int]) -> Sequence[T]:
    """Return the values of the rows at these offsets, as `matches` gives them: a range means all rows of a chunk."""
    return values if isinstance(offsets, range) else [values[offset] for offset in offsets]


class _Wanted:
    """Finds the rows of a chunk that a view's filter takes."""

    def __init__(self, job: Job, view: View) -> None:
        self._filter, self._text_at = view.filter, text_position(job)
        self._labelled = labeller(view.neutral_band)

    def offsets(self, given: InputColumns | None, answers: OutputColumns) -> Sequence[int]:
        """Return their offsets. `given` is needed only by a filter that reads the input."""
        chosen, labelled = self._filter, self._labelled
        offsets: Sequence[int] = range(len(answers.flags))
        if given is not None and chosen.reads_input:
            offsets = [offset for offset, wanted in enumerate(chosen.finds(given, answers, self._text_at)) if wanted]
        if not chosen.takes_any:
            values = answers.judged(chosen.aspect)
            offsets = [
                offset
                for offset in offsets
                if (
                    chosen.takes_error(answers.errors[offset])
                    if offset in answers.errors
                    else values[offset] and chosen.takes_label(*labelled(answers.labels_at(offset), values[offset]))
                )
            ]
        return offsets


class RowLabels:
    """What rows are counted as: their label, or what they are counted as where they have none.

    Of a filter by an aspect it is the label of the aspect.
    """

    def __init__(self, view: View) -> None:
        self._band, self._aspect = view.neutral_band, view.filter.aspect
        self._known: dict[tuple[str, ...], _Names] = {}

    def of(self, answers: OutputColumns) -> list[str]:
        """Return a word for each row of a chunk."""
        if answers.is_routed:
            values = zip(answers.row_labels(), answers.judged(self._aspect), strict=True)
            found = [self._names(labels)[each] for labels, each in values]
        elif self._aspect is None and len(answers.labels) == 2:
            found = self._names(answers.labels).of(answers.pairs())
        else:
            found = self._names(answers.labels).of(answers.judged(self._aspect))
        for offset, error in answers.errors.items():
            found[offset] = error.counts_as
        return found

    def of_mentions(self, answers: OutputColumns) -> list[str]:
        """Return the label of each aspect of which a row of a chunk speaks."""
        if answers.is_routed:
            return [self._names(answers.labels_at(offset))[numbers] for offset, _, numbers, *_ in answers.mentions()]
        return [] if answers.aspects is None else self._names(answers.labels).of(answers.aspects.predictions())

    def _names(self, labels: tuple[str, ...]) -> _Names:
        return self._known.setdefault(labels, _Names(labels, self._band))


class _Names(dict[tuple[int, ...] | int, str]):
    """The labels of stored numbers, or of `OutputColumns.pairs`. Of a row without any it is ""."""

    def __init__(self, labels: tuple[str, ...], neutral_band: float) -> None:
        super().__init__()
        self._labels, self._band = labels, neutral_band

    def __missing__(self, key: tuple[int, ...] | int) -> str:
        numbers = numbers_of_pair(key) if isinstance(key, int) else key
        probabilities = [n / SCALE for n in numbers]
        self[key] = found = label_and_score(self._labels, probabilities, self._band)[0] if numbers else ""
        return found

    def of(self, values: Iterable[tuple[int, ...] | int]) -> list[str]:
        if len(self) > VALUES_KEPT:
            self.clear()
        return list(map(self.__getitem__, values))


def labeller(neutral_band: float) -> LabelAndScore:
    """Return a function from labels and stored numbers to label and score, cached: many rows have equal numbers."""

    @lru_cache(VALUES_KEPT)
    def labelled(labels: tuple[str, ...], numbers: tuple[int, ...]) -> tuple[str, float]:
        return label_and_score(labels, [n / SCALE for n in numbers], neutral_band)

    return labelled
