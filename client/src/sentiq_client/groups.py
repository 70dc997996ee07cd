"""Labels by time, and by two things at once. Each is typed, and becomes a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sentiq_client.frames import Column
from sentiq_client.shares import Shares, Tabular, columns_by_label, labels_of, shares_of


@dataclass(frozen=True, slots=True)
class Change:
    """A share that differs from that of the step before it by more than chance explains."""

    label: str
    difference: float
    p_value: float

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["label"], document["difference"], document["p_value"])


@dataclass(frozen=True, slots=True)
class Step:
    """The rows of one hour, day, week or month. `start` and `end` are what the filters `from_` and `to` take."""

    start: str
    end: str
    rows: int
    counts: dict[str, int]
    shares: Shares
    averages: dict[str, float]
    changes: list[Change]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            document["start"],
            document["end"],
            document["rows"],
            document["counts"],
            shares_of(document["shares"]),
            document["averages"],
            [Change.read(each) for each in document["changes"]],
        )


@dataclass(frozen=True, slots=True)
class Timeline(Tabular):
    """Labels by time. `undated`: counts of the rows without a date. `document` is the whole answer."""

    step: str
    rows: int
    undated: dict[str, int]
    averaged: int
    comparisons: int
    points: list[Step]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            document["step"],
            document["rows"],
            document["undated"],
            document["averaged"],
            document["comparisons"],
            [Step.read(point) for point in document["points"]],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each step: its counts, shares, averages and changes, each by label."""
        points = self.points
        labels = labels_of(point.shares for point in points)
        changes = [{change.label: change.difference for change in point.changes} for point in points]
        return {
            "start": ("time", [_moment(point.start) for point in points]),
            "end": ("time", [_moment(point.end) for point in points]),
            "rows": ("integer", [point.rows for point in points]),
            **columns_by_label([point.counts for point in points], [point.shares for point in points]),
            **{f"average_{name}": ("number", [point.averages.get(name) for point in points]) for name in labels},
            **{f"change_{name}": ("number", [change.get(name) for change in changes]) for name in labels},
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A value of one side: None for all others, empty for none. The service takes its rows by `parameters`."""

    value: str | None
    rows: int
    parameters: dict[str, str] | None

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["value"], document["rows"], document["parameters"])


@dataclass(frozen=True, slots=True)
class Cell:
    """The rows of two values."""

    rows: int
    counts: dict[str, int]
    shares: Shares

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["rows"], document["counts"], shares_of(document["shares"]))


@dataclass(frozen=True, slots=True)
class Cross(Tabular):
    """Labels by two things. `counted`: "rows" or "mentions". `cells` has a list for each of `rows`."""

    counted: str
    total: int
    rows: list[Group]
    columns: list[Group]
    cells: list[list[Cell]]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            document["counted"],
            document["total"],
            [Group.read(group) for group in document["rows"]],
            [Group.read(group) for group in document["columns"]],
            [[Cell.read(cell) for cell in line] for line in document["cells"]],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each cell; `pivot` makes a heat map of it."""
        cells = [cell for line in self.cells for cell in line]
        return {
            "row": ("text", [group.value for group in self.rows for _ in self.columns]),
            "column": ("text", [group.value for _ in self.rows for group in self.columns]),
            "rows": ("integer", [cell.rows for cell in cells]),
            **columns_by_label([cell.counts for cell in cells], [cell.shares for cell in cells]),
        }


def _moment(period: str) -> datetime:
    """Return when a period begins: a month, a day or an hour."""
    return datetime.fromisoformat(f"{period}-01" if period.count("-") == 1 else period)
