"""What the rows of a job say: what to mend, aspects, phrases, time and groups. Each is typed; most become frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sentiq_client import frames
from sentiq_client.frames import Column


@dataclass(frozen=True, slots=True)
class Figure:
    """A share, with its interval of 95 % (Wilson)."""

    value: float
    low: float
    high: float

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["value"], document["low"], document["high"])


Shares = dict[str, Figure]  #: by label


class Tabular:
    """Has a table, which becomes a frame of pandas or of polars."""

    __slots__ = ()

    def table(self) -> dict[str, Column]:
        """Return its columns by their headings."""
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame. Raises MissingPackage where pandas is not installed."""
        return frames.pandas_frame(self.table())

    def to_polars(self) -> Any:
        """Return a polars DataFrame. Raises MissingPackage where polars is not installed."""
        return frames.polars_frame(self.table())


@dataclass(frozen=True, slots=True)
class AspectCounts:
    """What rows say of one aspect. `share`: of the rows that speak of it; None where no row has a label."""

    aspect: str
    rows: int
    share: Figure | None
    counts: dict[str, int]
    shares: Shares

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        share = document["share"]
        return cls(
            document["aspect"],
            document["rows"],
            None if share is None else Figure.read(share),
            document["counts"],
            _shares(document["shares"]),
        )


@dataclass(frozen=True, slots=True)
class JobAspects(Tabular):
    """All aspects of the set of a job, what to mend first. `document` is the whole answer."""

    aspect_set: str
    rows: int
    rows_with_aspects: int
    aspects: list[AspectCounts]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            document["aspect_set"],
            document["rows"],
            document["rows_with_aspects"],
            [AspectCounts.read(each) for each in document["data"]],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each aspect: its rows and their share, and both for each label."""
        return {
            "aspect": ("text", [each.aspect for each in self.aspects]),
            "rows": ("integer", [each.rows for each in self.aspects]),
            **_figures("share", [each.share for each in self.aspects]),
            **_by_label([each.counts for each in self.aspects], [each.shares for each in self.aspects]),
        }


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
            _shares(document["shares"]),
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
        labels = _labels(point.shares for point in points)
        changes = [{change.label: change.difference for change in point.changes} for point in points]
        return {
            "start": ("time", [_moment(point.start) for point in points]),
            "end": ("time", [_moment(point.end) for point in points]),
            "rows": ("integer", [point.rows for point in points]),
            **_by_label([point.counts for point in points], [point.shares for point in points]),
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
        return cls(document["rows"], document["counts"], _shares(document["shares"]))


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
            **_by_label([cell.counts for cell in cells], [cell.shares for cell in cells]),
        }


@dataclass(frozen=True, slots=True)
class Example:
    """A row that has a phrase; `text` is the part of its text around it."""

    index: int
    label: str
    text: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["index"], document["label"], document["text"])


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase that sets rows apart from others. `forms`: longer phrases that it stands for, with their rows."""

    phrase: str
    rows: int
    share: Figure
    rows_against: int
    share_against: Figure
    log_odds: float
    z: float
    negative: Figure | None
    forms: dict[str, int]
    examples: list[Example]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        negative = document["negative"]
        return cls(
            phrase=document["phrase"],
            rows=document["rows"],
            share=Figure.read(document["share"]),
            rows_against=document["rows_against"],
            share_against=Figure.read(document["share_against"]),
            log_odds=document["log_odds"],
            z=document["z"],
            negative=None if negative is None else Figure.read(negative),
            forms={form["phrase"]: form["rows"] for form in document["forms"]},
            examples=[Example.read(example) for example in document["examples"]],
        )


@dataclass(frozen=True, slots=True)
class Rise:
    """The last step of time in which more of an aspect was negative than in the one before, beyond chance."""

    start: str
    end: str
    difference: float
    p_value: float

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["start"], document["end"], document["difference"], document["p_value"])


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend: the share of its rows, and of all, that is negative. `parameters` of results take these."""

    kind: str  #: "aspect" or "phrase"
    name: str
    rows: int
    negative: int
    share: Figure
    of_all: Figure
    rise: Rise | None
    phrases: dict[str, int]
    examples: list[Example]
    parameters: dict[str, str]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        rise = document["rise"]
        return cls(
            kind=document["kind"],
            name=document["name"],
            rows=document["rows"],
            negative=document["negative"],
            share=Figure.read(document["share"]),
            of_all=Figure.read(document["of_all"]),
            rise=None if rise is None else Rise.read(rise),
            phrases={each["phrase"]: each["rows"] for each in document["phrases"]},
            examples=[Example.read(example) for example in document["examples"]],
            parameters=document["parameters"],
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What to mend first, and the rows that were looked at. `document` is the whole answer."""

    rows: int
    findings: list[Finding]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["rows"], [Finding.read(each) for each in document["data"]], document)


@dataclass(frozen=True, slots=True)
class Compared:
    """Rows of one side; of too many, only a sample was looked at."""

    rows: int
    looked_at: int

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(document["rows"], document["looked_at"])


@dataclass(frozen=True, slots=True)
class Phrases(Tabular):
    """The phrases of some rows, the surest first, and how many rows were compared. `document` is the whole answer."""

    here: Compared
    against: Compared
    phrases: list[Phrase]
    document: dict[str, Any] = field(repr=False)

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        return cls(
            Compared.read(document["here"]),
            Compared.read(document["against"]),
            [Phrase.read(phrase) for phrase in document["data"]],
            document,
        )

    def table(self) -> dict[str, Column]:
        """Return a row for each phrase, without its forms and examples."""
        found = self.phrases
        return {
            "phrase": ("text", [each.phrase for each in found]),
            "rows": ("integer", [each.rows for each in found]),
            **_figures("share", [each.share for each in found]),
            "rows_against": ("integer", [each.rows_against for each in found]),
            **_figures("share_against", [each.share_against for each in found]),
            "log_odds": ("number", [each.log_odds for each in found]),
            "z": ("number", [each.z for each in found]),
            **_figures("negative", [each.negative for each in found]),
        }


def _shares(document: dict[str, Any]) -> Shares:
    return {label: Figure.read(figure) for label, figure in document.items()}


def _moment(period: str) -> datetime:
    """Return when a period begins: a month, a day or an hour."""
    return datetime.fromisoformat(f"{period}-01" if period.count("-") == 1 else period)


def _labels(dicts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return all keys, in the order in which they first come."""
    return list(dict.fromkeys(label for each in dicts for label in each))


def _by_label(counts: list[dict[str, int]], shares: list[Shares]) -> dict[str, Column]:
    found: dict[str, Column] = {
        f"rows_{label}": ("integer", [each.get(label, 0) for each in counts]) for label in _labels(counts)
    }
    for label in _labels(shares):
        found |= _figures(f"share_{label}", [each.get(label) for each in shares])
    return found


def _figures(name: str, figures: list[Figure | None] | list[Figure]) -> dict[str, Column]:
    return {
        name: ("number", [figure and figure.value for figure in figures]),
        f"{name}_low": ("number", [figure and figure.low for figure in figures]),
        f"{name}_high": ("number", [figure and figure.high for figure in figures]),
    }
