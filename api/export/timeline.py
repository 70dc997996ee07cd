"""Counts the labels of a job by hour, day, week or month, and marks the steps that differ from the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

from api.export.groups import labels_first
from api.export.kept import kept
from api.export.matching import RowLabels, matches_with_input, taken
from api.export.periods import Begins, Step, cut, step_after
from api.export.rows import Filter, View
from api.export.shares import share
from api.schemas.timeline import Timeline, TimelineChange, TimelinePoint
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.labels import DECIMALS
from sentiq.evaluation.comparison import SIGNIFICANT
from sentiq.evaluation.proportions import holm, two_proportions
from sentiq.jobs.results import Results
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

STEPS: tuple[Step, ...] = ("hour", "day", "week", "month")  #: from the finest
MOST_POINTS = 1_000  #: steps with rows in one answer
#: A finer step is chosen as long as there are no more steps of this kind with rows.
FINEST: Mapping[Step, tuple[Step, int]] = {"hour": ("day", 3), "day": ("day", 92), "week": ("week", 105)}
AVERAGED: Mapping[Step, int] = {"hour": 24, "day": 7, "week": 4, "month": 3}  #: steps in a moving average

Counts = Counter[str]


def kept_timeline(results: Results, job: Job, view: View, asked: Step | Literal["auto"]) -> str:
    """Return what `timeline` returns as JSON, and keep it with a job that has ended."""
    return kept(results, job, Timeline, f"{view!r} {asked}", lambda: timeline(results, job, view, asked))


def timeline(results: Results, job: Job, view: View, asked: Step | Literal["auto"]) -> Timeline:
    """Count the finished rows that the view's filter takes by their dates.

    Raises InvalidInput where there are too many steps, and JobNotFound if the job was erased while it was read.
    """
    tally = _Tally(_steps(job) if asked == "auto" else (asked,))
    labels = RowLabels(view)
    order = job.file.date_order if job.file else None
    for _, given, answers, offsets in matches_with_input(results, job, view, range(job.chunks)):
        tally.add(taken(given.dates(order), offsets), taken(labels.of(answers), offsets))
    results.check_job(job.id)
    return _document(job, view.filter, *tally.counted())


def _steps(job: Job) -> Sequence[Step]:
    """Return the steps that may be chosen; days are none of a file in which some dates say no day."""
    notes = job.file.notes if job.file else ()
    return ("month",) if any(note.code == "dates_of_months" for note in notes) else STEPS


class _Tally:
    """Counts by the finest step that may be asked for, and by a longer one as soon as there are too many of them."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._begins = Begins(steps[0])
        self._counts: Counter[tuple[int | None, str]] = Counter()
        self._seen: set[int | None] = set()

    def add(self, dates: Sequence[int | None], names: Sequence[str]) -> None:
        begins = self._begins.of(dates)
        self._counts.update(zip(begins, names, strict=True))
        self._seen.update(begins)
        while len(self._seen - {None}) > MOST_POINTS:
            self._lengthen()

    def counted(self) -> tuple[Step, dict[int, Counts], Counts]:
        """Return the step, the counts of each by its first minute, in order of time, and those of rows without date."""
        while len(self._steps) > 1 and not self._is_fine_enough():
            self._lengthen()
        found: dict[int, Counts] = {}
        undated: Counts = Counter()
        for (begin, name), count in self._counts.items():
            (undated if begin is None else found.setdefault(begin, Counter()))[name] += count
        return self._steps[0], dict(sorted(found.items())), undated

    def _is_fine_enough(self) -> bool:
        step, most = FINEST[self._steps[0]]
        return len(set(Begins(step).of(list(self._seen - {None})))) <= most

    def _lengthen(self) -> None:
        """Go over to the next longer step. Raises InvalidInput where there is none."""
        if len(self._steps) == 1:
            detail = (
                f"There are more than {MOST_POINTS:,} steps of a {self._steps[0]} with rows: ask for a longer step, or "
                "for a part of the time by `from` and `to`."
            )
            raise InvalidInput(detail, errors=(FieldError("too_many_steps", detail, pointer="/step"),))
        self._steps = self._steps[1:]
        self._begins = Begins(self._steps[0])
        finer, self._counts = self._counts, Counter()
        begins = self._begins.of([begin for begin, _ in finer])
        for begin, ((_, name), count) in zip(begins, finer.items(), strict=True):
            self._counts[begin, name] += count
        self._seen = set(begins)


def _document(job: Job, chosen: Filter, step: Step, found: Mapping[int, Counts], undated: Counts) -> Timeline:
    labels = sorted({name for counts in found.values() for name in counts} - {FAILED, WITHOUT_TEXT})
    changes, tests = _changes(found, labels)
    averages = _averages(found, labels, step)
    points = []
    for (begin, counts), average in zip(found.items(), averages, strict=True):
        start, end = cut(step, begin, chosen.since, chosen.until)
        point = TimelinePoint(
            start=start,
            end=end,
            rows=counts.total(),
            counts=_counts(counts, labels),
            shares={label: share(counts[label], _labelled(counts, labels)) for label in labels}
            if _labelled(counts, labels)
            else {},
            averages=average,
            changes=changes.get(begin, []),
        )
        points.append(point)
    return Timeline(
        job_id=job.id,
        state=job.state,
        step=step,
        rows=sum(point.rows for point in points),
        undated=labels_first(undated),
        averaged=AVERAGED[step],
        comparisons=tests,
        points=points,
    )


def _counts(counts: Counts, labels: Sequence[str]) -> dict[str, int]:
    return {name: counts[name] for name in (*labels, FAILED, WITHOUT_TEXT)}


def _labelled(counts: Counts, labels: Sequence[str]) -> int:
    return sum(counts[label] for label in labels)


def _rounded(value: float) -> float:
    return round(value, DECIMALS)


def _averages(found: Mapping[int, Counts], labels: Sequence[str], step: Step) -> Iterator[dict[str, float]]:
    """Yield the share of each label in each step and those before it together, as many as are averaged."""
    window: list[tuple[int, Counts]] = []
    for begin, counts in found.items():
        window.append((begin, counts))
        while _steps_between(step, window[0][0], begin) >= AVERAGED[step]:
            del window[0]
        rows = sum(_labelled(each, labels) for _, each in window)
        yield {label: _rounded(sum(each[label] for _, each in window) / rows) for label in labels} if rows else {}


def _steps_between(step: Step, first: int, last: int) -> int:
    """Return how many steps later `last` begins; at least as many as are averaged where it is more."""
    steps = 0
    while first < last and steps < AVERAGED[step]:
        first = step_after(step, first)
        steps += 1
    return steps


def _changes(found: Mapping[int, Counts], labels: Sequence[str]) -> tuple[dict[int, list[TimelineChange]], int]:
    """Return what differs from the step before, by the first minute of a step, and how many comparisons were made.

    Of two labels one says all: its share grows as that of the other falls.
    """
    compared = labels[: 1 if len(labels) == 2 else len(labels)]
    steps = [(begin, counts, _labelled(counts, labels)) for begin, counts in found.items()]
    pairs = [
        (label, begin, before[label], rows_before, counts[label], rows)
        for (_, before, rows_before), (begin, counts, rows) in pairwise(step for step in steps if step[2])
        for label in compared
    ]
    p_values = holm([two_proportions(*numbers) for _, _, *numbers in pairs])
    changes: dict[int, list[TimelineChange]] = {}
    for (label, begin, hits_before, rows_before, hits, rows), p_value in zip(pairs, p_values, strict=True):
        if p_value < SIGNIFICANT:
            difference = _rounded(hits / rows - hits_before / rows_before)
            change = TimelineChange(label=label, difference=difference, p_value=_significant(p_value))
            changes.setdefault(begin, []).append(change)
    return changes, len(pairs)


def _significant(p_value: float) -> float:
    return float(f"{p_value:.2g}")
