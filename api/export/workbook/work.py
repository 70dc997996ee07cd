"""Writes a workbook in a process of its own."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from api.export.report.document import Report
from api.export.rows import View
from api.export.workbook.writing import write
from sentiq.core.documents import load
from sentiq.jobs.chunk_result import Stored
from sentiq.jobs.types import Job


def work(asked: Sequence[Any], chunks: Iterable[Stored], file: str) -> str:
    """Write the workbook that is asked for into the file with this descriptor."""
    job, view, order, sheet_rows, report = asked
    numbers = None if order is None else array("I", order)
    with open(int(file), "r+b") as opened:  # noqa: PTH123  # a descriptor
        given = None if report is None else Report.model_validate_json(report)
        write(opened, load(Job, job), load(View, view), numbers, chunks, sheet_rows, given)
    return ""
