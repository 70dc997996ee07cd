"""Prints the rows of a file as JSON: python readers.py NAME FILE. Runs in an environment of its own."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def _openpyxl(path: str) -> Any:
    import openpyxl

    return list(openpyxl.load_workbook(path).worksheets[0].values)


def _pandas(engine: str) -> Callable[[str], Any]:
    def read(path: str) -> Any:
        import pandas

        return pandas.read_excel(path, engine=engine, header=None).values.tolist()

    return read


def _calamine(path: str) -> Any:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()


def _polars(path: str) -> Any:
    import polars

    return polars.read_excel(path, has_header=False, drop_empty_rows=False).rows()


def _xlsx2csv(path: str) -> Any:
    done = subprocess.run([sys.executable, "-m", "xlsx2csv", path], capture_output=True, check=True)
    return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))


def _pyexcel(path: str) -> Any:
    pyexcel = import_module("pyexcel")

    return pyexcel.get_array(file_name=path)


def _tablib(path: str) -> Any:
    tablib = import_module("tablib")

    with Path(path).open("rb") as file:
        found = tablib.Dataset().load(file.read(), format="xlsx")
    return [found.headers, *found]


def _agate(path: str) -> Any:
    agate = import_module("agate")
    import_module("agateexcel")

    found = agate.Table.from_xlsx(path, column_types=agate.TypeTester(types=[agate.Text()]))
    return [found.column_names, *map(list, found.rows)]


def _petl(path: str) -> Any:
    petl = import_module("petl")

    return list(petl.fromxlsx(path))


def _libreoffice(path: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home").as_uri()
        form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
        command = ["soffice", f"-env:UserInstallation={home}", "--headless", "--convert-to", form, "--outdir", folder]
        subprocess.run([*command, path], check=True, capture_output=True)
        text = Path(folder, "results.csv").read_bytes().decode("utf-8-sig")
    return list(csv.reader(text.splitlines(keepends=True)))


def _csv(path: str) -> Any:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def _pandas_csv(path: str) -> Any:
    import pandas

    return pandas.read_csv(path, header=None, dtype=str, keep_default_na=False).values.tolist()


def _polars_csv(path: str) -> Any:
    import polars

    return polars.read_csv(path, has_header=False, infer_schema=False).rows()


def _duckdb_csv(path: str) -> Any:
    duckdb = import_module("duckdb")

    return duckdb.read_csv(path, header=False, all_varchar=True).fetchall()


def _json(path: str) -> Any:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _pandas_json(path: str) -> Any:
    import pandas

    return pandas.read_json(path, lines=True, dtype=False, convert_dates=False).to_dict("records")


def _polars_json(path: str) -> Any:
    import polars

    return polars.read_ndjson(path).to_dicts()


def _duckdb_json(path: str) -> Any:
    duckdb = import_module("duckdb")

    found = duckdb.read_json(path, format="newline_delimited")
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


READERS: dict[str, Callable[[str], Any]] = {
    "openpyxl": _openpyxl,
    "pandas-openpyxl": _pandas("openpyxl"),
    "pandas-calamine": _pandas("calamine"),
    "calamine": _calamine,
    "polars": _polars,
    "xlsx2csv": _xlsx2csv,
    "pyexcel": _pyexcel,
    "tablib": _tablib,
    "agate": _agate,
    "petl": _petl,
    "libreoffice": _libreoffice,
    "csv": _csv,
    "pandas-csv": _pandas_csv,
    "polars-csv": _polars_csv,
    "duckdb-csv": _duckdb_csv,
    "json": _json,
    "pandas-json": _pandas_json,
    "polars-json": _polars_json,
    "duckdb-json": _duckdb_json,
}

if __name__ == "__main__":
    print(json.dumps(READERS[sys.argv[1]](sys.argv[2]), default=str))
