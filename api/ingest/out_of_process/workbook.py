"""Workbooks: XLSX, XLSM, XLSB, XLS and ODS, parsed in a process of their own."""

from __future__ import annotations

from api.ingest.out_of_process.process import read_apart
from api.ingest.source import Source
from api.ingest.table import Table


def read_workbook(source: Source) -> list[Table]:
    """Return the sheets of a workbook. Raises SentiqError."""
    return read_apart(source, "api.ingest.parsing.workbook:parse")
