"""Tables of HTML pages and of SpreadsheetML, whatever the files are called."""

from __future__ import annotations

import io
from dataclasses import asdict

import pytest

from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.options import Reading
from api.ingest.parsing import html, spreadsheetml
from sentiq.core.errors import InvalidInput

LIMITS = Limits(
    inflated_bytes=10**9, inflate_ratio=10**6, rows=10**6, columns=100, cell_chars=10_000, text_chars=10_000
)
NAMESPACE = (
    'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
)


def read(content: str | bytes, name: str = "export.xls", **asked: str) -> list[tuple[str | None, str]]:
    data = content.encode() if isinstance(content, str) else content
    pieces = iter([data[:7], data[7:]])
    with File(pieces, Reading(file_name=name, **asked), LIMITS) as file:  # type: ignore[arg-type]
        return [(row.custom_id, row.text) for row in file.rows() if row.error is None]


def cells_of(content: str, table: int = 0) -> list[list[str]]:
    return [list(line[1]) for line in html.parse(io.BytesIO(content.encode()), asdict(LIMITS))[table].lines]


def page(cell: str, head: str = "") -> str:
    rows = f"<tr><td>1</td><td>{cell}</td></tr><tr><td>2</td><td>物流太慢，很失望</td></tr>"
    return f"<html><head>{head}</head><body><table><tr><th>编号</th><th>评论内容</th></tr>{rows}</table></body></html>"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("很好<br>还会来", "很好\n还会来"),
        ("<p>很好</p><p>还会来</p>", "很好\n还会来"),
        ("<div>很好</div>\n  <div>还会来</div>", "很好\n还会来"),
        ("  很好，\n   还会来  ", "很好， 还会来"),
        ("很好 &amp; 便宜 &lt;3&gt;&nbsp;", "很好 & 便宜 <3>"),
        ("<font color=red>很<b>好</b></font>，还会来", "很好，还会来"),
        ("很好<script>var x = '坏';</script><style>td {}</style><!-- 坏 -->", "很好"),
        ("很好<title>坏", "很好"),
        ("<pre>很好\n  还会来</pre>", "很好\n还会来"),
        ("1 < 2，很好", "1 < 2，很好"),
    ],
)
def test_a_cell_is_what_a_browser_shows(cell: str, text: str) -> None:
    rows = read(page(cell))
    assert rows[0] == ("1", text)
    assert rows[-1][1] == "物流太慢，很失望" or "<title>" in cell


def test_charsets_of_a_page_are_obeyed_and_a_mark_goes_before_them() -> None:
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'
    expected = [("1", "很好，还会来"), ("2", "物流太慢，很失望")]
    assert read(page("很好，还会来", meta).encode("gbk")) == expected
    assert read(page("很好，还会来", meta).encode("utf-16")) == expected
    assert read(page("很好，还会来").encode("gbk"), "a.csv") == expected


def test_cells_that_span_others_keep_the_columns_in_their_places() -> None:
    rows = (
        "<tr><td colspan=2>评论导出</td></tr><tr><th>编号</th><th>评论内容</th></tr>"
        "<tr><td rowspan=2>7</td><td>味道不错，还会来</td></tr><tr><td>物流太慢，很失望</td></tr>"
        "<tr><td>8<td>没有关的单元格，也行"
    )
    assert cells_of(f"<table>{rows}</table>") == [
        ["评论导出", ""],
        ["编号", "评论内容"],
        ["7", "味道不错，还会来"],
        ["", "物流太慢，很失望"],
        ["8", "没有关的单元格，也行"],
    ]


def test_a_table_inside_another_is_a_table_of_its_own_and_layout_is_none() -> None:
    inner = page("很好，还会来").partition("<body>")[2].partition("</body>")[0]
    content = f"<html><table><tr><td>菜单</td><td>{inner}</td></tr></table></html>"
    assert cells_of(content) == [["菜单", ""]]
    assert cells_of(content, 1)[1] == ["1", "很好，还会来"]


def test_a_shortened_number_is_taken_whole_where_the_cell_holds_it() -> None:
    cells = '<td data-t="n" data-v="123456789012345">1.23457E+14</td><td>很好，还会来</td>'
    rows = f"<tr><th>编号</th><th>评论内容</th></tr><tr>{cells}</tr>"
    assert read(f"<table>{rows}</table>") == [("123456789012345", "很好，还会来")]


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE html><html><head><title>登录</title></head><body><h1>请先登录</h1></body></html>",
        "<html><body><table><tr><td>用户名：</td><td><input name=u></td></tr>"
        "<tr><td>密码：</td><td><input type=password></td></tr></table></body></html>",
        "<html><frameset><frame src='sheet001.htm'></frameset></html>",
    ],
)
def test_a_page_without_a_table_is_refused_whatever_it_is_called(content: str) -> None:
    with pytest.raises(InvalidInput, match="web page without a table"):
        read(content, "reviews.csv")


def book(rows: str, more: str = "", styles: str = "") -> str:
    sheet = f'<Worksheet ss:Name="评论"><Table>{rows}</Table>{more}</Worksheet>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Workbook {NAMESPACE}>{styles}{sheet}</Workbook>'


HEADINGS = (
    '<Row><Cell><Data ss:Type="String">编号</Data></Cell><Cell><Data ss:Type="String">评论内容</Data></Cell></Row>'
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ('<Cell><Data ss:Type="Number">7</Data></Cell><Cell><Data ss:Type="String">很好，&#10;还会来</Data></Cell>',
         ("7", "很好，\n还会来")),
        ('<Cell ss:Index="2"><Data ss:Type="String">很好，还会来</Data></Cell>', (None, "很好，还会来")),
        ('<Cell><Data ss:Type="Number">1.23456789012345E+14</Data></Cell><Cell><ss:Data ss:Type="String">'
         "<B>很好</B>，还会来</ss:Data><Comment><ss:Data>坏</ss:Data></Comment></Cell>",
         ("123456789012345", "很好，还会来")),
        ('<Cell ss:StyleID="s1"><Data ss:Type="Number">12</Data></Cell><Cell><Data ss:Type="String">很好，还会来</Data>'
         "</Cell>", ("00000012", "很好，还会来")),
    ],
)  # fmt: skip
def test_cells_of_spreadsheetml(cells: str, expected: tuple[str | None, str]) -> None:
    styles = '<Styles><Style ss:ID="s1"><NumberFormat ss:Format="00000000"/></Style></Styles>'
    assert read(book(f"{HEADINGS}<Row>{cells}</Row>", styles=styles)) == [expected]


def test_rows_left_out_errors_and_formulas_without_a_value() -> None:
    error = '<Cell><Data ss:Type="Error">#N/A</Data></Cell>'
    text = '<Cell><Data ss:Type="String">很好，还会来</Data></Cell>'
    rows = f'<Row>{text}{error}</Row><Row ss:Index="9">{text}<Cell ss:Formula="=A1"/></Row>'
    [sheet] = spreadsheetml.parse(io.BytesIO(book(rows).encode()), asdict(LIMITS))
    assert (sheet.title, sheet.is_visible) == ("评论", True)
    assert [list(line) for line in sheet.lines] == [
        [1, ["很好，还会来", "#N/A"], "sx"],
        [9, ["很好，还会来", ""], "sf"],
    ]


def test_spreadsheetml_that_says_it_is_gbk() -> None:
    row = (
        '<Row><Cell><Data ss:Type="Number">1</Data></Cell><Cell><Data ss:Type="String">很好，还会来</Data></Cell></Row>'
    )
    assert read(book(HEADINGS + row).replace("UTF-8", "gb2312").encode("gbk")) == [("1", "很好，还会来")]


def test_entities_of_ones_own_are_refused() -> None:
    content = book(HEADINGS).replace("\n<Work", '\n<!DOCTYPE Workbook [<!ENTITY a "b">]>\n<Work')
    with pytest.raises(InvalidInput, match="DTD"):
        read(content)


@pytest.mark.parametrize("name", ["rows.html", "rows.csv", "rows.txt"])
def test_rows_are_a_table_that_nobody_began(name: str) -> None:
    """As the shell of SQLite writes them."""
    head = "<TR><TH>编号</TH>\n<TH>评论内容</TH>\n</TR>\n"
    rows = "<TR><TD>1</TD>\n<TD>很好, 还会来</TD>\n</TR>\n<TR><TD>2</TD>\n<TD>太慢</TD>\n</TR>\n"
    assert read(head + rows, name) == [("1", "很好, 还会来"), ("2", "太慢")]
