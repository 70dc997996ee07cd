"""Rows as frames of pandas and polars, neither of which is needed for anything else."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from sentiq_client.errors import MissingPackage
from sentiq_client.models import Row

Column = tuple[str, list[Any]]  #: text, integer, number, truth or time; and its values

_PANDAS = {"text": "string", "integer": "Int64", "number": "float64", "truth": "bool", "time": "datetime64[s]"}


def require(package: str) -> Any:
    """Import it. Raises MissingPackage, which says how it is installed."""
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingPackage(f"For this, {package} has to be installed: pip install {package}") from None


def to_pandas(rows: Sequence[Row]) -> Any:
    return pandas_frame(table(rows)).astype({"index": "int64"})


def to_polars(rows: Sequence[Row]) -> Any:
    return polars_frame(table(rows))


def pandas_frame(columns: Mapping[str, Column]) -> Any:
    pandas = require("pandas")
    return pandas.DataFrame(
        {name: pandas.Series(values, dtype=_PANDAS[kind]) for name, (kind, values) in columns.items()}
    )


def polars_frame(columns: Mapping[str, Column]) -> Any:
    polars = require("polars")
    types = {
        "text": polars.String,
        "integer": polars.Int64,
        "number": polars.Float64,
        "truth": polars.Boolean,
        "time": polars.Datetime("us"),
    }
    data = {name: values for name, (_, values) in columns.items()}
    return polars.DataFrame(data, schema={name: types[kind] for name, (kind, _) in columns.items()})


def table(rows: Sequence[Row]) -> dict[str, Column]:
    """The columns of the file first, where they were asked for, then ours, as in a CSV of the results.

    A column of the file that is called as one of ours, or as another one, has a number behind its name.
    """
    ours: dict[str, Column] = {
        "index": ("integer", [row.index for row in rows]),
        "custom_id": ("text", [row.custom_id for row in rows]),
    }
    if any(row.text is not None for row in rows):
        ours["text"] = ("text", [row.text for row in rows])
    ours["label"] = ("text", [row.label for row in rows])
    ours["label_zh"] = ("text", [row.label_zh for row in rows])
    ours["score"] = ("number", [row.score for row in rows])
    for label in dict.fromkeys(name for row in rows for name in row.probabilities or ()):
        ours[f"p_{label}"] = ("number", [(row.probabilities or {}).get(label) for row in rows])
    for aspect in dict.fromkeys(found.aspect for row in rows for found in row.aspects or ()):
        said = [next((found.label for found in row.aspects or () if found.aspect == aspect), None) for row in rows]
        ours[f"aspect_{aspect}"] = ("text", said)
    ours["truncated"] = ("truth", [row.truncated for row in rows])
    ours["model"] = ("text", [row.model for row in rows])
    if any(row.language is not None for row in rows):
        ours["language"] = ("text", [row.language for row in rows])
    ours["degraded"] = ("truth", [row.degraded for row in rows])
    ours["error"] = ("text", [(row.error or {}).get("code") for row in rows])
    ours["error_detail"] = ("text", [(row.error or {}).get("detail") for row in rows])
    ours["line"] = ("integer", [(row.error or {}).get("line") for row in rows])
    return _of_the_file(rows, ours.keys()) | ours


def _of_the_file(rows: Sequence[Row], taken: Any) -> dict[str, Column]:
    headings = next(([heading for heading, _ in row.columns] for row in rows if row.columns is not None), [])
    found: dict[str, Column] = {}
    for place, heading in enumerate(headings):
        name, number = heading, 1
        while name in taken or name in found:
            number += 1
            name = f"{heading}_{number}"
        found[name] = ("text", [row.columns[place][1] if row.columns else None for row in rows])
    return found
