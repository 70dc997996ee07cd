"""Which rows of a job are asked for, as a query has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypedDict

from sentiq_client.inputs import as_params

Date = str | date  #: a period as text, such as 2024-03; a day; or a moment, by the clock of the file


class Slice(TypedDict, total=False):
    """Filters by what is in the file, which the service takes for all that it finds; rows must pass all of them."""

    contains: str | None  #: in the text or the custom_id
    where: Mapping[str, str | Iterable[str]] | None  #: the cell, or one of the cells, of each kept column
    from_: Date | None  #: the first period; rows without a date are left out
    to: Date | None  #: the last period
    language: str | Iterable[str] | None  #: the language, or one of them: "zh"
    neutral_band: float | None


class Filters(Slice, total=False):
    """Filters by what is answered too, where the service counts or gives rows."""

    label: str | Iterable[str] | None  #: one of these labels; with `aspect`, what the row says of the aspect
    only: str | None  #: "failed" or "without_text"
    min_score: float | None
    max_score: float | None
    aspect: str | None  #: rows that speak of it


def filter_params(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return filters, and what else results take, as parameters of a query."""
    found = {"from" if name == "from_" else name: _plain(value) for name, value in asked.items()}
    found |= _cells(found.pop("where", None) or {}, found)
    if isinstance(found.get("label"), Iterable) and not isinstance(found["label"], str):
        found["label"] = list(found["label"])  # repeated, since a label may have a comma in it
    if isinstance(found.get("language"), Iterable) and not isinstance(found["language"], str):
        found["language"] = list(found["language"])
    if isinstance(found.get("include"), Iterable) and not isinstance(found["include"], str):
        found["include"] = ",".join(found["include"])
    return as_params(found)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def _cells(where: Mapping[str, str | Iterable[str]], beside: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the pairs of `column` and `value` for all cells, after those that are given as such already."""
    given = zip(_listed(beside.get("column")), _listed(beside.get("value")), strict=True) if where else ()
    pairs = [*given, *((column, cell) for column, cells in where.items() for cell in _listed(cells))]
    return {"column": [column for column, _ in pairs], "value": [cell for _, cell in pairs]} if pairs else {}


def _listed(values: str | Iterable[str] | None) -> list[str]:
    if values is None:
        return []
    return [values] if isinstance(values, str) else list(values)
