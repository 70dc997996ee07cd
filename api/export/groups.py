"""Counts the labels of a job for each value of one column of its file."""

from __future__ import annotations

from collections import Counter

from api.export.matching import RowLabels
from api.export.rows import View, column_cells, text_position
from api.export.summary import labels_first
from api.schemas.results import Group
from sentiq.jobs.results import Results
from sentiq.jobs.types import Job

SHOWN = 50  #: groups in an answer; the others are one
#: Values and characters counted separately; later values go into the last group, as each row may have its own value.
OPENED, OPENED_CHARS = 10_000, 5_000_000


def group_rows(results: Results, job: Job, at: int, neutral_band: float) -> list[Group]:
    """Group the finished rows by their cell in column `at`, the largest group first; a line without cells counts as "".

    Raises JobNotFound if the job was erased while it was read.
    """
    groups, labels, text_at = Groups(), RowLabels(View(neutral_band)), text_position(job)
    for _, given, answers in results.columns_with_input(job.id, range(job.chunks)):
        rows = Counter(zip(column_cells(given, at, text_at), labels.of(answers), strict=True))
        for (value, label), count in rows.items():
            groups.of(value)[label] += count
    results.check_job(job.id)
    return groups.largest()


class Groups:
    """Counts for each value of a column, in little memory however many there are."""

    def __init__(self) -> None:
        self._groups: dict[str, Counter[str]] = {}
        self._rest: Counter[str] = Counter()
        self._chars = 0

    def of(self, value: str) -> Counter[str]:
        """Return the counts of a value. One that comes after `OPENED` others shares the counts of the last group."""
        group = self._groups.get(value)
        if group is None:
            if len(self._groups) >= OPENED or self._chars + len(value) > OPENED_CHARS:
                return self._rest
            group = self._groups[value] = Counter()
            self._chars += len(value)
        return group

    def largest(self) -> list[Group]:
        """Return the `SHOWN` largest groups, and the sum of all others as a last one, whose value is None."""
        by_size = sorted(self._groups.items(), key=lambda group: (-group[1].total(), group[0]))
        rest = self._rest.copy()
        for _, counts in by_size[SHOWN:]:
            rest.update(counts)
        shown = [_group(value, counts) for value, counts in by_size[:SHOWN]]
        return [*shown, _group(None, rest)] if rest else shown


def _group(value: str | None, counts: Counter[str]) -> Group:
    return Group(value=value, counts=labels_first(counts), rows=counts.total())
