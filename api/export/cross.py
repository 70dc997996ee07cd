"""Counts the labels of a job by two things at once: by shop and week, by product and aspect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from api.export.axes import AspectAxis, Axis, Counted, Value
from api.export.groups import OPENED, OPENED_CHARS
from api.export.matching import RowLabels, labeller, matches_with_input
from api.export.rows import View
from api.export.shares import share
from api.schemas.timeline import Cross, CrossCell, CrossGroup
from sentiq.jobs.results import Results
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Job

#: Different values with their labels that are counted at once; of more, only the largest values are told apart.
MOST_COUNTED = 100_000

Axes = tuple[Axis, Axis]
Key = tuple[Value | None, Value | None]  #: of a row and a column; None: the others
Counts = Counter[str]


def cross(results: Results, job: Job, view: View, axes: Axes, limit: int) -> Cross:
    """Count the finished rows that the view's filter takes by the `limit` largest values of both axes, and the others.

    Raises JobNotFound if the job was erased while it was read.
    """
    counted = _count(results, job, view, axes)
    if counted is None:
        counted = _count(results, job, view, axes, _largest(results, job, view, axes, limit))
    results.check_job(job.id)
    assert counted is not None, "so few values are counted whatever they are"
    return _document(job, axes, counted, limit)


def _count(
    results: Results, job: Job, view: View, axes: Axes, known: Sequence[frozenset[Value]] | None = None
) -> Counter[tuple[Value | None, Value | None, str]] | None:
    """Return the rows by both values and their label; None where there are too many different ones.

    `known`: of each axis, the values that are told apart; None: all.
    """
    found: Counter[tuple[Value | None, Value | None, str]] = Counter()
    for values, labels in _chunks(results, job, view, axes):
        if known is None:
            found.update(zip(*values, labels, strict=True))
            if len(found) > MOST_COUNTED:
                return None
        else:
            kept = [[v if v in some else None for v in each] for each, some in zip(values, known, strict=True)]
            found.update(zip(*kept, labels, strict=True))
    return found


def _largest(results: Results, job: Job, view: View, axes: Axes, limit: int) -> list[frozenset[Value]]:
    """Return the largest values of each axis. Those that first come after `OPENED` others are not among them."""
    totals: list[Counter[Value]] = [Counter(), Counter()]
    chars = [0, 0]
    for values, _ in _chunks(results, job, view, axes):
        for at, total in enumerate(totals):
            for value, count in Counter(values[at]).items():
                if value not in total:
                    chars[at] += len(str(value))
                    if len(total) >= OPENED or chars[at] > OPENED_CHARS:
                        continue
                total[value] += count
    return [
        frozenset(sorted(total, key=lambda value: _size_first(axis, value, total))[:limit])
        for axis, total in zip(axes, totals, strict=True)
    ]


def _chunks(
    results: Results, job: Job, view: View, axes: Axes
) -> Iterator[tuple[list[Sequence[Value]], Sequence[str]]]:
    """Yield the values and the labels of what is counted in each chunk."""
    labels = RowLabels(view)
    of_aspects = any(isinstance(axis, AspectAxis) for axis in axes)
    chosen = view.filter
    by_mention = of_aspects and chosen.aspect is None and not chosen.only and not chosen.takes_any
    if by_mention:  # as `results` does with an aspect: labels and scores are those of what is said of it
        view = replace(view, filter=replace(chosen, labels=(), min_score=0.0, max_score=1.0))
    labelled = labeller(view.neutral_band)
    for _, given, answers, offsets in matches_with_input(results, job, view, range(job.chunks)):
        if of_aspects:
            rows = [] if answers.aspects is None else list(answers.aspects.offsets())
            wanted = frozenset(offsets)
            places = [place for place, row in enumerate(rows) if row in wanted]
            if by_mention:
                said = [numbers for _, _, numbers, *_ in answers.mentions()]
                places = [at for at in places if chosen.takes_label(*labelled(answers.labels_at(rows[at]), said[at]))]
            names = labels.of_mentions(answers)
            counted = Counted(given, answers, [rows[at] for at in places], [names[at] for at in places], places)
        else:
            names = labels.of(answers)
            counted = Counted(given, answers, offsets, [names[at] for at in offsets])
        yield [axis.values(counted) for axis in axes], counted.labels


def _document(job: Job, axes: Axes, counted: Counter[tuple[Value | None, Value | None, str]], limit: int) -> Cross:
    names = sorted({label for _, _, label in counted} - {FAILED, WITHOUT_TEXT})
    sides = [_side(axis, at, counted, limit) for at, axis in enumerate(axes)]
    cells: dict[Key, Counts] = {}
    for (row, column, label), count in counted.items():
        key = row if row in sides[0] else None, column if column in sides[1] else None
        cells.setdefault(key, Counter())[label] += count
    rows, columns = [side + ([None] if any(key[at] is None for key in cells) else []) for at, side in enumerate(sides)]
    return Cross(
        job_id=job.id,
        state=job.state,
        counted="mentions" if any(isinstance(axis, AspectAxis) for axis in axes) else "rows",
        total=counted.total(),
        rows=[_group(axes[0], row, [cells.get((row, column), Counter()) for column in columns]) for row in rows],
        columns=[_group(axes[1], column, [cells.get((row, column), Counter()) for row in rows]) for column in columns],
        cells=[[_cell(cells.get((row, column), Counter()), names) for column in columns] for row in rows],
    )


def _side(
    axis: Axis, at: int, counted: Mapping[tuple[Value | None, Value | None, str], int], limit: int
) -> list[Value | None]:
    """Return the largest values of one axis in the order in which they are shown."""
    totals: Counter[Value] = Counter()
    for key, count in counted.items():
        value = key[at]
        if value is not None:
            totals[value] += count
    largest = sorted(totals, key=lambda value: _size_first(axis, value, totals))[:limit]
    return sorted(largest, key=lambda value: (isinstance(value, str), value)) if axis.is_ordered else [*largest]


def _size_first(axis: Axis, value: Value, totals: Mapping[Value, int]) -> tuple[int, str]:
    return -totals[value], axis.shown(value)


def _group(axis: Axis, value: Value | None, cells: Sequence[Counts]) -> CrossGroup:
    rows = sum(counts.total() for counts in cells)
    if value is None:
        return CrossGroup(value=None, rows=rows, parameters=None)
    return CrossGroup(value=axis.shown(value), rows=rows, parameters=axis.parameters(value))


def _cell(counts: Counts, names: Sequence[str]) -> CrossCell:
    labelled = sum(counts[name] for name in names)
    return CrossCell(
        rows=counts.total(),
        counts={name: count for name in (*names, FAILED, WITHOUT_TEXT) if (count := counts[name])},
        shares={name: share(counts[name], labelled) for name in names} if labelled else {},
    )
