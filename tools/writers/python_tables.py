"""Delimited text, HTML, Parquet and Arrow by writers from PyPI."""

from __future__ import annotations

import csv
import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path

import agate
import fastparquet
import pandas
import petl
import polars
import pyarrow
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import tablib

from tools.writers.texts import HEADINGS
from tools.writers.written import cells, records, report, save, values


def write(folder: Path) -> None:
    """Let each write its files."""
    _standard_library(folder)
    _pandas(folder)
    _polars(folder)
    _pyarrow(folder)
    _others(folder)


def _standard_library(folder: Path) -> None:
    for dialect, suffix in (("excel", "csv"), ("excel-tab", "tsv"), ("unix", "csv")):

        def write_rows(path: Path, dialect: str = dialect) -> None:
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, dialect).writerows([HEADINGS, *cells()])

        report(folder, "csv of Python", platform.python_version(), f"{suffix}, dialect {dialect}", suffix, write_rows)


def _pandas(folder: Path) -> None:
    frame = pandas.DataFrame(records())
    tell = partial(report, folder, "pandas", version("pandas"))
    tell("csv", "csv", partial(frame.to_csv, index=False))
    tell("csv with the index", "csv", frame.to_csv)
    tell("csv for spreadsheets", "csv", partial(frame.to_csv, index=False, encoding="utf-8-sig"))
    tell("csv in GB18030", "csv", partial(frame.to_csv, index=False, encoding="gb18030"))
    tell("csv in UTF-16", "csv", partial(frame.to_csv, index=False, encoding="utf-16"))
    tell("csv with escapes", "csv", partial(frame.to_csv, index=False, doublequote=False, escapechar="\\"))
    tell("tsv", "tsv", partial(frame.to_csv, index=False, sep="\t"))
    tell("html", "html", partial(frame.to_html, index=False))
    tell("parquet", "parquet", frame.to_parquet)
    tell("feather", "feather", frame.to_feather)


def _polars(folder: Path) -> None:
    frame = polars.DataFrame(records())
    tell = partial(report, folder, "polars", version("polars"))
    tell("csv", "csv", frame.write_csv)
    tell("tsv", "tsv", partial(frame.write_csv, separator="\t"))
    tell("parquet", "parquet", frame.write_parquet)
    tell("arrow", "arrow", frame.write_ipc)
    tell("arrow stream", "arrows", frame.write_ipc_stream)


def _pyarrow(folder: Path) -> None:
    table = pyarrow.Table.from_pylist(records())
    tell = partial(report, folder, "pyarrow", version("pyarrow"))
    tell("csv", "csv", partial(pyarrow.csv.write_csv, table))
    tell("parquet", "parquet", partial(pyarrow.parquet.write_table, table))
    tell("feather", "feather", partial(pyarrow.feather.write_feather, table))


def _others(folder: Path) -> None:
    frame = pandas.DataFrame(records())
    report(
        folder,
        "fastparquet",
        version("fastparquet"),
        "parquet",
        "parquet",
        lambda path: fastparquet.write(str(path), frame),
    )
    as_texts = agate.Table(cells(), HEADINGS, [agate.Text()] * len(HEADINGS))
    report(folder, "agate", version("agate"), "csv", "csv", as_texts.to_csv)
    table = petl.wrap([HEADINGS, *values()])
    for kind, to in (("csv", petl.tocsv), ("tsv", petl.totsv), ("html", petl.tohtml)):
        report(
            folder,
            "petl",
            version("petl"),
            kind,
            kind,
            partial(_petl, to, table),
        )
    data = tablib.Dataset(*values(), headers=HEADINGS)
    for kind in ("csv", "tsv", "html"):
        report(
            folder,
            "tablib",
            version("tablib"),
            kind,
            kind,
            partial(save, partial(data.export, kind)),
        )


def _petl(to: Callable[..., None], table: object, path: Path) -> None:
    to(table, str(path), encoding="utf-8")
