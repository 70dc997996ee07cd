"""Finds the rows of a job that a filter takes, from the stored numbers, without an object for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from api.export.labels import label_and_score
from api.export.rows import View, text_position
from api.export.summary import VALUES_KEPT
from sentiq.jobs.codec import SCALE, OutputColumns
from sentiq.jobs.input_codec import InputColumns
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

#: Chunks that are counted for one answer, or a filter would keep a thread busy for as long as a job is large. Those of
#: which the texts are read take ten times as long as those of which the numbers are enough.
COUNTED, COUNTED_WITH_TEXTS = 4_096, 512

LabelAndScore = Callable[[tuple[str, ...], tuple[int, ...]], tuple[str, float]]


def count_matches(results: Results, job: Job, view: View, first: int) -> tuple[int, int | None]:
    """Count the rows that the filter takes from chunk `first` on; also return the next chunk, None after the last.

    Raises JobNotFound if the job was erased while it was read.
    """
    numbers = range(first, job.chunks)
    part = numbers[: COUNTED_WITH_TEXTS if view.filter.reads_input else COUNTED]
    found = sum(len(offsets) for _, _, offsets in matches(results, job, view, part))
    results.check_job(job.id)
    return found, part.stop if part.stop < job.chunks else None


def matches(
    results: Results, job: Job, view: View, numbers: Sequence[int]
) -> Iterator[tuple[int, OutputColumns, Sequence[int]]]:
    """Yield the number of each finished chunk, its answers, and the offsets of the rows that are wanted."""
    chosen, text_at = view.filter, text_position(job)
    labelled = labeller(view.neutral_band)
    for number, given, answers in _read(results, job, numbers, chosen.reads_input):
        offsets: Sequence[int] = range(len(answers.flags))
        if given is not None:
            offsets = [offset for offset, wanted in enumerate(chosen.finds(given, text_at)) if wanted]
        if not chosen.takes_any:
            values = answers.judged(chosen.aspect)
            offsets = [
                offset
                for offset in offsets
                if (
                    chosen.takes_error(answers.errors[offset])
                    if offset in answers.errors
                    else values[offset] and chosen.takes_label(*labelled(answers.labels, values[offset]))
                )
            ]
        yield number, answers, offsets


def labeller(neutral_band: float) -> LabelAndScore:
    """Return a function from labels and stored numbers to label and score, cached: many rows have equal numbers."""

    @lru_cache(VALUES_KEPT)
    def labelled(labels: tuple[str, ...], numbers: tuple[int, ...]) -> tuple[str, float]:
        return label_and_score(labels, [n / SCALE for n in numbers], neutral_band)

    return labelled


def _read(
    results: Results, job: Job, numbers: Sequence[int], with_input: bool
) -> Iterator[tuple[int, InputColumns | None, OutputColumns]]:
    if with_input:
        yield from results.columns_with_input(job.id, numbers)
    else:
        for number, answers in results.columns(job.id, numbers):
            yield number, None, answers
