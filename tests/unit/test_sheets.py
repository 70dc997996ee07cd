"""Workbooks are written in little memory, and kinds of cells come back as they were."""

from __future__ import annotations

import datetime as dt
import io
import tracemalloc
from typing import Any

import openpyxl
import pytest

from api.cell_kinds import Number, as_text, certain, kinds_of, restored
from api.export.workbook.xlsx import Book


def test_memory_does_not_grow_with_the_texts() -> None:
    peaks = []
    for rows in (2_000, 8_000):
        tracemalloc.start()
        with Book({}) as book:
            sheet = book.sheet("results")
            for number in range(rows):
                sheet.add([number, f"第{number}条" + "长" * 200, "positive"])
            peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 200_000, "6,000 more texts of 600 bytes each"


def test_each_cell_has_its_format_and_each_sheet_its_size() -> None:
    forms = [f"0.{'0' * n}" for n in range(1, 16)]
    out = io.BytesIO()
    with Book({"title": "t"}) as book:
        for name in ("one", "two"):
            sheet = book.sheet(name)
            sheet.add(["heading"], bold=True)
            for number, form in enumerate(forms):
                sheet.add([Number(number, form)])
            sheet.add(["", None, "last"])
        book.save(out)
    read = openpyxl.load_workbook(out)
    for found in read.worksheets:
        assert found["A1"].font.b
        assert [cell.number_format for (cell,) in found["A2:A16"]] == forms
        assert [cell.value for (cell,) in found["A2:A16"]] == list(range(15))
        assert (found.dimensions, found["C17"].value) == ("A1:C17", "last")


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        (None, "", ""),
        ("007", "007", ""),
        (12.0, "12", "n"),
        (-0.5, "-0.5", "n"),
        (1e-7, "1e-07", "n"),
        (True, "TRUE", "b"),
        (dt.datetime.fromisoformat("2026-01-31"), "2026-01-31", "d"),
        (dt.datetime.fromisoformat("2026-01-31T08:05:09"), "2026-01-31 08:05:09", "d"),
        (dt.datetime.fromisoformat("1899-12-31T08:00:00"), "1899-12-31 08:00:00", "d"),
        (dt.time(8, 5), "08:05:00", "t"),
        (dt.timedelta(days=1, hours=2, minutes=3, seconds=4), "26:03:04", "e"),
        (dt.timedelta(minutes=-90), "-1:30:00", "e"),
        (float("inf"), "inf", "n"),
    ],
)
def test_a_cell_is_a_text_and_a_kind(value: Any, text: str, kind: str) -> None:
    assert (as_text(value), kinds_of([value])) == (text, kind)
    back = restored(text, kind or "s")
    assert isinstance(back, str) == (kind == "" or text in ("inf", "-1:30:00", "1899-12-31 08:00:00"))
    assert restored("", kind or "s") == "", "of a row that could not be read"


@pytest.mark.parametrize("text", ["3.14159265358979312", "123456789012345678.5", "1e999", "1234567890123456"])
def test_a_number_that_a_spreadsheet_would_change_stays_a_text(text: str) -> None:
    assert restored(text, "n") == text


def test_kinds_end_with_the_last_cell_that_is_no_text() -> None:
    assert kinds_of(["a", 1, None, 2.5, "b", None]) == "snsn"


def test_what_is_certain_is_shown_as_it_stood() -> None:
    assert certain("4.50") == Number(4.5, "0.00")
    assert certain("100") == 100
    assert certain("2026-01-31") == Number(46_053, "yyyy-mm-dd")
    assert certain("٣") == "٣", "a digit, but none of a spreadsheet's"
