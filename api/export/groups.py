"""Counts the labels of rows for each value of one column of their file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from api.schemas.results import Group
from sentiq.jobs.types import FAILED, WITHOUT_TEXT

SHOWN = 50  #: groups in an answer; the others are one
#: Values and characters counted separately; later values go into the last group, as each row may have its own value.
OPENED, OPENED_CHARS = 10_000, 5_000_000


def labels_first(counts: Counter[str]) -> dict[str, int]:
    """Return the counts of all labels, then those of rows without one, even if they are 0."""
    last = (FAILED, WITHOUT_TEXT)
    return {name: counts[name] for name in sorted(counts) if name not in last} | {name: counts[name] for name in last}


class Groups:
    """Counts for each value of a column, in little memory however many there are."""

    def __init__(self) -> None:
        self._groups: dict[str, Counter[str]] = {}
        self._rest: Counter[str] = Counter()
        self._chars = 0

    def add(self, values: Sequence[str], names: Sequence[str]) -> None:
        """Add rows: the value of each, and its label or what it is counted as."""
        for (value, name), count in Counter(zip(values, names, strict=True)).items():
            self.of(value)[name] += count

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
