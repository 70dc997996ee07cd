"""Shares with their intervals, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def shares_of(document: dict[str, Any]) -> Shares:
    """Read shares by label."""
    return {label: Figure.read(figure) for label, figure in document.items()}


def labels_of(dicts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return all keys, in the order in which they first come."""
    return list(dict.fromkeys(label for each in dicts for label in each))


def columns_by_label(counts: list[dict[str, int]], shares: list[Shares]) -> dict[str, Column]:
    """Return columns of the rows of each label, and of its shares; a value of each for each row of a table."""
    found: dict[str, Column] = {
        f"rows_{label}": ("integer", [each.get(label, 0) for each in counts]) for label in labels_of(counts)
    }
    for label in labels_of(shares):
        found |= figure_columns(f"share_{label}", [each.get(label) for each in shares])
    return found


def figure_columns(name: str, figures: list[Figure | None] | list[Figure]) -> dict[str, Column]:
    """Return columns of shares and of the ends of their intervals."""
    return {
        name: ("number", [figure and figure.value for figure in figures]),
        f"{name}_low": ("number", [figure and figure.low for figure in figures]),
        f"{name}_high": ("number", [figure and figure.high for figure in figures]),
    }
