"""Workbooks by two libraries, and what other programs make of their parts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import xlsxwriter
from openpyxl import Workbook

from tests.files.case import Case
from tests.files.written.sentences import IDS, SHORT, TEXTS

Rows = Sequence[Sequence[Any]]
REVIEWS: Rows = (("编号", "评论内容"), *zip(IDS, TEXTS, strict=True))


def cases() -> Iterator[Case]:
    for writer, save in (("openpyxl", by_openpyxl), ("xlsxwriter", by_xlsxwriter)):
        yield from _contents(writer, save)
    yield from _parts()


def by_openpyxl(*sheets: tuple[str, Rows]) -> bytes:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def by_xlsxwriter(*sheets: tuple[str, Rows]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as book:
        for title, rows in sheets:
            sheet = book.add_worksheet(title)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return out.getvalue()


def _contents(writer: str, save: Callable[..., bytes]) -> Iterator[Case]:
    notice: Rows = (("本表由系统导出，请勿修改",), ("如有疑问请联系客服",))
    products: Rows = (("商品", "价格"), ("耳机", 99), ("键盘", 199))
    yield Case(f"reviews by {writer}.xlsx", save(("评论", REVIEWS)), TEXTS, IDS)
    yield Case(f"reviews by {writer}, by another name.csv", save(("评论", REVIEWS)), TEXTS, IDS)
    titled = (("某店评论导出",), (), *REVIEWS)
    yield Case(f"a title by {writer}.xlsx", save(("评论", titled)), TEXTS, IDS)
    yield Case(
        f"a notice first by {writer}.xlsx",
        save(("说明", notice), ("评论", REVIEWS)),
        TEXTS,
        IDS,
        notes=("sheets_not_read",),
    )
    yield Case(
        f"products first by {writer}.xlsx",
        save(("商品", products), ("评论", REVIEWS)),
        TEXTS,
        IDS,
        notes=("sheets_not_read",),
    )
    yield Case(f"an empty sheet first by {writer}.xlsx", save(("Sheet1", ()), ("评论", REVIEWS)), TEXTS, IDS)
    yield Case(
        f"a sheet by name by {writer}.xlsx",
        save(("一月", REVIEWS), ("二月", (("评论",), ("很好",)))),
        ("很好",),
        query={"sheet": "二月"},
    )
    typed = (
        ("编号", "日期", "评分", "已付", "评论"),
        *((n, date(2026, 1, n), n * 1.5, n > 1, t) for n, t in enumerate(TEXTS, 1)),
    )
    yield Case(f"numbers and dates by {writer}.xlsx", save(("评论", typed)), TEXTS, ("1", "2", "3"))
    long_numbers = (("编号", "评论"), *((int(i), text) for i, text in zip(IDS, TEXTS, strict=True)))
    yield Case(f"long numbers by {writer}.xlsx", save(("评论", long_numbers)), TEXTS, warns_of_ids=True)
    lines = tuple(f"{text}\n第二行" for text in TEXTS)
    yield Case(f"line feeds by {writer}.xlsx", save(("评论", (("评论",), *((t,) for t in lines)))), lines)
    gaps = (("编号", "评论"), ("1", TEXTS[0]), (), ("3", TEXTS[2]))
    yield Case(f"an empty row by {writer}.xlsx", save(("评论", gaps)), (TEXTS[0], TEXTS[2]), ("1", "3"))
    yield Case(f"short reviews by {writer}.xlsx", save(("Sheet1", (("评论",), *((t,) for t in SHORT)))), SHORT)
    yield Case(f"no texts by {writer}.xlsx", save(("商品", (("编号", "价格"), (1, 99), (2, 199)))), is_refused=True)
    yield Case(f"nothing by {writer}.xlsx", save(("Sheet1", ())), is_refused=True)


def _parts() -> Iterator[Case]:
    plain = by_openpyxl(("评论", REVIEWS))
    shared = by_xlsxwriter(("评论", REVIEWS))
    yield Case("members with backslashes.xlsx", renamed(shared, lambda name: name.replace("/", "\\")), TEXTS, IDS)
    yield Case(
        "SharedStrings in capitals.xlsx",
        renamed(shared, lambda name: name.replace("sharedStrings", "SharedStrings")),
        TEXTS,
        IDS,
    )
    styles = changed(plain, "xl/styles.xml", rb"builtinId", b"biltinId")
    yield Case("a misspelt attribute of styles.xlsx", styles, TEXTS, IDS)
    core = changed(
        plain,
        "docProps/core.xml",
        rb"<dcterms:created[^>]*>[^<]*<",
        b'<dcterms:created xsi:type="dcterms:W3CDTF">gestern<',
    )
    yield Case("a date of its own in the properties.xlsx", core, TEXTS, IDS)
    strict = plain
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml"):
        strict = changed(
            strict,
            part,
            rb"http://schemas\.openxmlformats\.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        )
    yield Case("strict open xml.xlsx", strict, TEXTS, IDS)
    sheet = "xl/worksheets/sheet1.xml"
    error = changed(plain, sheet, rb'<c r="B2"[^>]*>.*?</c>', b'<c r="B2" t="e"><v>#N/A</v></c>')
    yield Case("an error cell.xlsx", error, TEXTS[1:], IDS[1:], failed=1)
    formula = changed(plain, sheet, rb'<c r="B2"[^>]*>.*?</c>', b'<c r="B2"><f>A2&amp;A3</f></c>')
    yield Case("a formula without a value.xlsx", formula, TEXTS[1:], IDS[1:], failed=1)
    cached = changed(
        plain, sheet, rb'<c r="B2"[^>]*>.*?</c>', '<c r="B2" t="str"><f>"a"</f><v>算出来的好评</v></c>'.encode()
    )
    yield Case("a formula with a value.xlsx", cached, ("算出来的好评", *TEXTS[1:]), IDS)
    returns = changed(
        plain,
        sheet,
        rb'<c r="B2"[^>]*>.*?</c>',
        '<c r="B2" t="inlineStr"><is><t>第一行_x000D_\n第二行</t></is></c>'.encode(),
    )
    yield Case("an escaped carriage return.xlsx", returns, ("第一行\r\n第二行", *TEXTS[1:]), IDS)
    rich = changed(
        plain,
        sheet,
        rb'<c r="B2"[^>]*>.*?</c>',
        '<c r="B2" t="inlineStr"><is><r><t>面条</t></r><r><t>很香</t></r></is></c>'.encode(),
    )
    yield Case("a rich text.xlsx", rich, ("面条很香", *TEXTS[1:]), IDS)
    yield Case("members that begin with a slash.xlsx", renamed(shared, lambda name: f"/{name}"), TEXTS, IDS)
    yield Case("no list of content types.xlsx", removed(shared, "[Content_Types].xml"), TEXTS, IDS)
    yield Case("zipped with its folder.zip", renamed(shared, lambda name: f"评论/{name}"), TEXTS, IDS)
    lost = renamed(shared, lambda name: name.replace("workbook.xml", "workbook2.xml"))
    yield Case("a main part of another name.xlsx", lost, TEXTS, IDS)
    typeless = changed(
        plain, sheet, rb'<c r="B2"[^>]*>.*?</c>', '<c r="B2"><is><t>没有写类型的好评</t></is></c>'.encode()
    )
    yield Case("an inline text without its type.xlsx", typeless, ("没有写类型的好评", *TEXTS[1:]), IDS)
    before = changed(shared, sheet, rb'<c r="B2" t="s"><v>[0-9]+<', b'<c r="B2" t="s"><v>-1<')
    yield Case("a shared text before the first.xlsx", before, is_refused=True)
    errors = (("编号", "评论"), ("1", TEXTS[0]), ("2", "#REF!"), ("3", "#DIV/0!"), ("4", TEXTS[1]))
    yield Case("errors as texts.xlsx", by_openpyxl(("评论", errors)), TEXTS[:2], ("1", "4"), failed=2)
    two = (("订单号", "评价信息"), (None, "评分", "评价内容"), *((i, 5, t) for i, t in zip(IDS, TEXTS, strict=True)))
    yield Case("headings in two rows.xlsx", by_openpyxl(("评论", two)), TEXTS, IDS)
    nameless = (("编号", "评论"), *((i, t, "备用") for i, t in zip(IDS, TEXTS, strict=True)))
    yield Case("a column without a heading.xlsx", by_openpyxl(("评论", nameless)), TEXTS, IDS)
    rounded = (("编号", "评论"), *((n * 10**15 + 2**53, t) for n, t in enumerate(TEXTS, 1)))
    yield Case("long numbers that differ.xlsx", by_openpyxl(("评论", rounded)), TEXTS, warns_of_ids=True)
    yield Case("an opendocument sheet in one file.fods", opendocument(IDS), TEXTS, IDS)
    zeros = opendocument(tuple(f"0000{n}" for n in range(1, 4)), as_numbers=True)
    yield Case("an opendocument sheet with zeros.fods", zeros, TEXTS, ("00001", "00002", "00003"))
    yield Case("cut off.xlsx", plain[:-400], is_refused=True)
    yield Case("no sheet.xlsx", removed(plain, sheet), is_refused=True)


def opendocument(ids: Sequence[str], *, as_numbers: bool = False) -> bytes:
    """Return a sheet in one XML file."""

    def cell(text: str, number: str = "") -> str:
        kind = f'office:value-type="float" office:value="{number}"' if number else 'office:value-type="string"'
        return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"

    rows = [cell("编号") + cell("评论内容")]
    rows += [cell(i, str(int(i)) if as_numbers else "") + cell(t) for i, t in zip(ids, TEXTS, strict=True)]
    table = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{name}="{space}:{name}:1.0"' for name in ("office", "table", "text"))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document {names} '
        'office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>'
        f'<table:table table:name="评论">{table}</table:table></office:spreadsheet></office:body></office:document>'
    ).encode()


def renamed(content: bytes, rename: Callable[[str], str]) -> bytes:
    return _rebuilt(content, lambda name, data: (rename(name), data))


def changed(content: bytes, member: str, pattern: bytes, to: bytes) -> bytes:
    def change(name: str, data: bytes) -> tuple[str, bytes]:
        if name != member:
            return name, data
        new, count = re.subn(pattern, lambda match: to, data, flags=re.DOTALL)
        assert count, f"{member} has {pattern!r}"
        return name, new

    return _rebuilt(content, change)


def removed(content: bytes, member: str) -> bytes:
    return _rebuilt(content, lambda name, data: None if name == member else (name, data))


def _rebuilt(content: bytes, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if (part := change(info.filename, old.read(info))) is not None:
                new.writestr(*part)
    return out.getvalue()
