"""Databases that come from PyPI, and what turns their answers into files."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import chdb
import duckdb
import sqlite_utils

from tools.writers.texts import HEADINGS
from tools.writers.written import records, report, save

COLUMNS = f"`{HEADINGS[0]}` Int64, `{HEADINGS[1]}` String, `{HEADINGS[2]}` Int8"


def write(folder: Path) -> None:
    """Let each write its files."""
    lines = folder / "rows.jsonl"
    lines.write_text("".join(f"{json.dumps(record)}\n" for record in records()), encoding="utf-8")
    _duckdb(folder, lines)
    _clickhouse(folder, lines)
    _sqlite_utils(folder)
    _csvkit(folder, lines)


def _duckdb(folder: Path, lines: Path) -> None:
    rows = f"(SELECT * FROM read_json('{lines}'))"  # noqa: S608 - a path of ours
    for format_, suffix, options in (
        ("csv", "csv", ""),
        ("tsv", "tsv", "(DELIMITER '\t')"),
        ("json", "json", ""),
        ("json, array", "json", "(ARRAY)"),
        ("parquet", "parquet", ""),
    ):
        report(
            folder,
            "DuckDB",
            version("duckdb"),
            format_,
            suffix,
            partial(_copied, rows, options),
        )


def _copied(rows: str, options: str, path: Path) -> None:
    duckdb.sql(f"COPY {rows} TO '{path}' {options}")


def _answer(query: str, format_: str) -> bytes:
    return bytes(chdb.query(query, format_).bytes())


def _clickhouse(folder: Path, lines: Path) -> None:
    rows = f"SELECT * FROM file('{lines}', JSONEachRow, '{COLUMNS}')"  # noqa: S608 - a path of ours
    for format_, suffix in (
        ("CSVWithNames", "csv"),
        ("TSVWithNames", "tsv"),
        ("TabSeparated", "tsv"),
        ("TSVRawWithNames", "tsv"),
        ("JSON", "json"),
        ("JSONEachRow", "jsonl"),
        ("JSONCompact", "json"),
        ("JSONCompactEachRowWithNames", "jsonl"),
        ("JSONColumns", "json"),
        ("Parquet", "parquet"),
        ("ArrowStream", "arrows"),
    ):
        report(
            folder,
            "ClickHouse (chdb)",
            version("chdb"),
            format_,
            suffix,
            partial(save, partial(_answer, rows, format_)),
        )


def _sqlite_utils(folder: Path) -> None:
    database = folder / "rows.db"
    sqlite_utils.Database(database)["reviews"].insert_all(records())
    for format_, suffix, options in (
        ("json", "json", ()),
        ("json lines", "jsonl", ("--nl",)),
        ("csv", "csv", ("--csv",)),
        ("tsv", "tsv", ("--tsv",)),
        ("html", "html", ("--fmt", "html")),
    ):
        command = ["sqlite-utils", "rows", str(database), "reviews", *options]
        report(folder, "sqlite-utils", version("sqlite-utils"), format_, suffix, partial(_ran, command))


def _csvkit(folder: Path, lines: Path) -> None:
    tell = partial(report, folder, "csvkit", version("csvkit"))
    tell("csv (in2csv)", "csv", partial(_ran, ["in2csv", "--no-inference", "-f", "ndjson", str(lines)]))
    source = folder / "csvkit-csv_(in2csv).csv"
    tell("tsv (csvformat)", "tsv", partial(_ran, ["csvformat", "--out-tabs", str(source)]))
    tell("json (csvjson)", "json", partial(_ran, ["csvjson", "--no-inference", str(source)]))


def _ran(command: list[str], path: Path) -> None:
    """Run a command of this environment; the file is its standard output."""
    program = Path(sys.executable).with_name(command[0])
    with path.open("wb") as file:
        subprocess.run([program, *command[1:]], stdout=file, stderr=subprocess.PIPE, check=True)
