"""Workbooks by writers from PyPI."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import petl
import polars
import pyexcel
import pyexcelerate
import tablib
import xlsxwriter
import xlwt

from tools.writers.texts import HEADINGS
from tools.writers.written import cells, records, report, save, values

Rows = Sequence[Sequence[Any]]


def write(folder: Path) -> None:
    """Let each write its files: with ids as texts, and as numbers, which is what programs have."""
    for rows, note in ((cells(), ""), (values(), ", ids as numbers")):
        table = [HEADINGS, *rows]
        tell = partial(report, folder, "openpyxl", version("openpyxl"))
        tell(f"xlsx{note}", "xlsx", partial(_openpyxl, table))
        tell = partial(report, folder, "XlsxWriter", version("xlsxwriter"))
        tell(f"xlsx{note}", "xlsx", partial(_xlsxwriter, table))
        tell = partial(report, folder, "xlwt", version("xlwt"))
        tell(f"xls{note}", "xls", partial(_xlwt, table))
        tell = partial(report, folder, "PyExcelerate", version("pyexcelerate"))
        tell(f"xlsx{note}", "xlsx", partial(_pyexcelerate, table))
        for suffix in ("xlsx", "xls", "ods"):
            tell = partial(report, folder, "pyexcel", version("pyexcel"))
            tell(f"{suffix}{note}", suffix, partial(_pyexcel, table))
    frame = pandas.DataFrame(records())
    tell = partial(report, folder, "pandas", version("pandas"))
    tell("xlsx by openpyxl, ids as numbers", "xlsx", partial(frame.to_excel, index=False, engine="openpyxl"))
    tell("xlsx by XlsxWriter, ids as numbers", "xlsx", partial(frame.to_excel, index=False, engine="xlsxwriter"))
    tell("ods, ids as numbers", "ods", partial(frame.to_excel, index=False, engine="odf"))
    tell = partial(report, folder, "polars", version("polars"))
    tell("xlsx, ids as numbers", "xlsx", polars.DataFrame(records()).write_excel)
    data = tablib.Dataset(*values(), headers=HEADINGS)
    for kind in ("xlsx", "xls", "ods"):
        report(
            folder,
            "tablib",
            version("tablib"),
            f"{kind}, ids as numbers",
            kind,
            partial(save, partial(data.export, kind)),
        )
    tell = partial(report, folder, "petl", version("petl"))
    tell("xlsx, ids as numbers", "xlsx", lambda path: petl.toxlsx(petl.wrap([HEADINGS, *values()]), str(path)))


def _openpyxl(rows: Rows, path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)


def _xlsxwriter(rows: Rows, path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)


def _xlwt(rows: Rows, path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("评价")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    book.save(str(path))


def _pyexcelerate(rows: Rows, path: Path) -> None:
    book = pyexcelerate.Workbook()
    book.new_sheet("评价", data=rows)
    book.save(str(path))


def _pyexcel(rows: Rows, path: Path) -> None:
    pyexcel.save_as(array=[list(row) for row in rows], dest_file_name=str(path))
