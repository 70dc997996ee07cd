"""Counts what the rows of a job say of each aspect, from the stored numbers, without an object for each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from api.export.kept import kept
from api.export.matching import RowLabels, matches
from api.export.rows import View, chunks_of
from api.export.shares import share
from api.schemas.aspect_sets import AspectCounts, JobAspects
from sentiq.aspects.sets import AspectSet
from sentiq.core.errors import NoAspects
from sentiq.core.labels import with_neutral
from sentiq.jobs.codec import OutputColumns
from sentiq.jobs.types import Job

if TYPE_CHECKING:  # as in rows.py: processes that write documents ask no Redis
    from sentiq.jobs.results import Results

NEGATIVE = "negative"
MOST = 3  #: things to mend
FEWEST_ROWS = 3  #: that are negative, so that one bad text is nothing to mend


def kept_aspects(results: Results, job: Job, view: View) -> str:
    """Return what `count_aspects` returns as JSON, and keep it with a job that has ended."""
    return kept(results, job, JobAspects, repr(view), lambda: count_aspects(results, job, view))


def count_aspects(results: Results, job: Job, view: View) -> JobAspects:
    """Count the aspects of the finished rows that the view shows.

    Raises NoAspects where the job has none, and JobNotFound if it was erased while it was read.
    """
    if not job.options.aspects:
        raise NoAspects(f"Job {job.id} looks for no aspects: submit its texts with the option `aspects`.")
    tally = _Tally(view)
    for _, answers, offsets in matches(results, job, view, chunks_of(results, job, view.filter)):
        tally.add(answers, offsets)
    results.check_job(job.id)
    found = tally.aspects()
    return JobAspects(
        job_id=job.id,
        state=job.state,
        aspect_set=AspectSet.loads(job.options.aspects).name,
        rows=tally.rows,
        rows_with_aspects=tally.rows_with_aspects,
        data=found,
        worst=[aspect.aspect for aspect in worst_aspects(found)],
    )


def worst_aspects(aspects: Iterable[AspectCounts]) -> list[AspectCounts]:
    """Return the aspects that most rows are negative about, at most three, the first one first."""
    found = [aspect for aspect in aspects if aspect.counts.get(NEGATIVE, 0) >= FEWEST_ROWS]
    return sorted(found, key=lambda aspect: (-aspect.counts[NEGATIVE], aspect.rows))[:MOST]


class _Tally:
    def __init__(self, view: View) -> None:
        self.rows = self.rows_with_aspects = 0  # that have a label
        self._names = view.aspects
        self._labels: dict[str, None] = {}  # of all models that answered
        self._counts: Counter[tuple[int, str]] = Counter()  # by place of the aspect, and label
        self._read = RowLabels(view)

    def add(self, answers: OutputColumns, offsets: Sequence[int]) -> None:
        """Count the rows at these offsets of a chunk."""
        is_whole = len(offsets) == len(answers.flags)
        wanted = frozenset() if is_whole else frozenset(offsets)
        failed = len(answers.errors) if is_whole else sum(offset in wanted for offset in answers.errors)
        self.rows += len(offsets) - failed
        self._labels |= dict.fromkeys(answers.labels)
        columns = answers.aspects
        if columns is None:
            return
        mentions = zip(columns.aspects, self._read.of_mentions(answers), strict=True)
        if is_whole:
            self.rows_with_aspects += len(columns.counts) - columns.counts.count(0)
            self._counts.update(mentions)
        else:
            self.rows_with_aspects += sum(columns.counts[offset] > 0 for offset in offsets)
            of_rows = zip(columns.offsets(), mentions, strict=True)
            self._counts.update(mention for offset, mention in of_rows if offset in wanted)

    def aspects(self) -> list[AspectCounts]:
        """Return the counts of each aspect, first the one of which it is most certain that much is negative."""
        occurring = {label for _, label in self._counts}
        labels = [name for name in with_neutral(self._labels) if name in self._labels or name in occurring]
        found = [self._of(at, labels) for at in range(len(self._names))]
        return sorted(found, key=lambda aspect: (-_least_negative(aspect), -aspect.rows))

    def _of(self, at: int, labels: Sequence[str]) -> AspectCounts:
        counts = {label: self._counts[at, label] for label in labels}
        rows = sum(counts.values())
        return AspectCounts(
            aspect=self._names[at],
            rows=rows,
            share=share(rows, self.rows) if self.rows else None,
            counts=counts,
            shares={label: share(count, rows) for label, count in counts.items()} if rows else {},
        )


def _least_negative(aspect: AspectCounts) -> float:
    """Return the lower end of the interval of the negative share: a few rows say little."""
    share = aspect.shares.get(NEGATIVE)
    return share.low if share else 0.0
