"""A cell of more characters than may be fails its row alone, whatever the format, and names the setting."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

import openpyxl
import polars
import pytest

from api.ingest.files import File
from api.ingest.options import Reading
from tests.support.reading import LIMITS

HEADINGS = ("编号", "评论内容")
ROWS = (("1", "味道不错，还会来"), ("2", "长" * (LIMITS.cell_chars + 1)), ("3", "物流太慢，很失望"))
Table = Sequence[tuple[str, str]]


def delimited(table: Table) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode()


def html(table: Table) -> bytes:
    rows = "".join(f"<tr><td>{number}</td><td>{text}</td></tr>" for number, text in table)
    return f"<html><body><table>{rows}</table></body></html>".encode()


def spreadsheetml(table: Table) -> bytes:
    names = (
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    )
    cells = ("".join(f'<Cell><Data ss:Type="String">{value}</Data></Cell>' for value in row) for row in table)
    rows = "".join(f"<Row>{row}</Row>" for row in cells)
    sheet = f'<Worksheet ss:Name="1"><Table>{rows}</Table></Worksheet>'
    return f'<?xml version="1.0"?><Workbook {names}>{sheet}</Workbook>'.encode()


def xlsx(table: Table) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in table:
        book.worksheets[0].append(row)
    book.save(out)
    return out.getvalue()


def parquet(table: Table) -> bytes:
    out = io.BytesIO()
    polars.DataFrame(table[1:], schema=table[0], orient="row").write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize("write", [delimited, html, spreadsheetml, xlsx, parquet])
def test_the_row_fails_alone(write: Callable[[Table], bytes]) -> None:
    with File(iter([write((HEADINGS, *ROWS))]), Reading(file_name="reviews.dat"), LIMITS) as file:
        before, long, after = file.rows()
    assert (before.text, after.text) == (ROWS[0][1], ROWS[2][1])
    assert long.error is not None
    assert (long.error.code, "SENTIQ_MAX_CELL_CHARS" in long.error.detail) == ("cell_too_long", True)
