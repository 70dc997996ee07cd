"""Tables in HTML and XML, as shops, ERP systems and PHP programs export "Excel" files."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tests.files.case import Case
from tests.files.written.sentences import IDS, TEXTS

EXCEL = 'xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"'


def cases() -> Iterator[Case]:
    for name in ("export.xls", "export.csv", "export.html", "export.xlsx", "export"):
        yield Case(f"html as {name}", page().encode(), TEXTS, IDS)
    for encoding in ("gbk", "utf-8-sig", "utf-16"):
        yield Case(f"html in {encoding}.xls", page(charset=encoding.removesuffix("-sig")).encode(encoding), TEXTS, IDS)
    yield Case("html in gbk that does not say so.xls", page(charset="").encode("gbk"), TEXTS, IDS)
    yield Case("html without a head.xls", page(head=False).encode(), TEXTS, IDS)
    bold = page().replace("<td>", "<td nowrap><b><font color=red>").replace("</td>", "</font></b></td>")
    yield Case("html with fonts.xls", bold.encode(), TEXTS, IDS)
    yield Case(
        "html in capitals.xls",
        page().replace("<td", "<TD").replace("</td>", "</TD>").replace("tr>", "TR>").encode(),
        TEXTS,
        IDS,
    )
    yield Case("html without ends of cells.xls", page().replace("</td>", "").replace("</tr>", "").encode(), TEXTS, IDS)
    broken = page().replace(TEXTS[0], "第一行<br>第二行 &amp; 不错")
    yield Case("html with line breaks.xls", broken.encode(), ("第一行\n第二行 & 不错", *TEXTS[1:]), IDS)
    titled = page().replace("<table", "<table><tr><td>导出时间：2026-01-01</td></tr></table><table")
    yield Case("two tables.xls", titled.encode(), TEXTS, IDS)
    wide = page().replace("<tr><td>编号", '<tr><td colspan="2">某店评论导出</td></tr><tr><td>编号')
    yield Case("a title over all columns.xls", wide.encode(), TEXTS, IDS)
    scripts = page().replace("<body>", "<body><script>var t='<td>不是评论</td>'</script><style>td{color:red}</style>")
    yield Case("html with scripts.xls", scripts.encode(), TEXTS, IDS)
    notice = "PHP Notice:  Undefined variable: x in /var/www/export.php on line 3\n\n"
    yield Case("html below a notice of PHP.xls", (notice + page()).encode(), TEXTS, IDS)
    yield Case("html cut off in a cell.xls", page().partition(TEXTS[1][3:])[0].encode(), is_refused=True)
    yield Case("no rows.xls", b"<html><body><table></table></body></html>", is_refused=True)
    for name, number in (("String", "String"), ("Number", "Number")):
        yield Case(
            f"spreadsheetml, ids as {name}.xls",
            spreadsheetml(number).encode(),
            TEXTS,
            ids=IDS if name == "String" else None,
            may_be_refused=True,
        )
    returns = spreadsheetml("String").replace(TEXTS[0], "第一行&#13;&#10;第二行")
    yield Case("spreadsheetml with line ends.xls", returns.encode(), ("第一行\r\n第二行", *TEXTS[1:]), IDS)
    yield Case(
        "spreadsheetml in utf-16.xml",
        spreadsheetml("String").replace("utf-8", "utf-16").encode("utf-16"),
        TEXTS,
        IDS,
        may_be_refused=True,
    )


def page(*, charset: str = "utf-8", head: bool = True) -> str:
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    top = f"<html {EXCEL}><head>{meta}</head><body>" if head else ""
    rows = "".join(f"<tr><td>{i}</td><td>{escape(t)}</td></tr>\n" for i, t in zip(IDS, TEXTS, strict=True))
    table = f'<table border="1"><tr><td>编号</td><td>评论内容</td></tr>\n{rows}</table>'
    return top + table + ("</body></html>" if head else "")


def spreadsheetml(kind: str) -> str:
    def row(*cells: tuple[str, str]) -> str:
        data = "".join(f'<Cell><Data ss:Type="{kind}">{escape(value)}</Data></Cell>' for kind, value in cells)
        return f"<Row>{data}</Row>"

    rows = [row(("String", "编号"), ("String", "评论内容"))]
    rows += [row((kind, i), ("String", text)) for i, text in zip(IDS, TEXTS, strict=True)]
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        f'<Workbook xmlns="{space}" xmlns:ss="{space}"><Worksheet ss:Name="评论"><Table>{"".join(rows)}</Table>'
        "</Worksheet></Workbook>"
    )
