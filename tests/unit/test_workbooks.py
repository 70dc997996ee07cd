"""Workbooks as people and programs write them: texts and ids come as people see them."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.ingest.files import File
from api.ingest.limits import Limits
from api.ingest.options import Reading
from api.ingest.parsing import child, ole, workbook
from api.ingest.parsing.formats import PLAIN, Shown, number_text, shown
from api.ingest.parsing.strings import unescaped
from api.ingest.parsing.tables import Line, Refusal
from sentiq.core.errors import BodyTooLarge, InvalidInput

LIMITS = Limits(
    inflated_bytes=10**9, inflate_ratio=10**4, rows=10**6, columns=100, cell_chars=10_000, text_chars=10_000
)
BOUNDS: Mapping[str, Any] = {"inflated_bytes": 10**9, "inflate_ratio": 10**4, "columns": 100}
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="inlineStr"><is><t>手机&amp;壳</t></is></c></row>'
)


def relations(*targets: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets, 1)
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'{DECLARED}<Relationships xmlns="{package}">{links}</Relationships>'


def sheet(rows: str) -> str:
    return f'{DECLARED}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def strings(*items: str) -> str:
    return f'{DECLARED}<sst xmlns="{MAIN}">{"".join(f"<si>{item}</si>" for item in items)}</sst>'


def book(parts: Mapping[str, str | bytes] | None = None, rows: str = ROWS, extra: str = "", state: str = "") -> bytes:
    """Return a workbook of one sheet; `parts` replace or add parts, and "" leaves one out."""
    usual: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{DECLARED}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        f'<sheet name="评论" sheetId="1" {state} r:id="rId1"/></sheets>{extra}</workbook>',
        "xl/_rels/workbook.xml.rels": relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")
        ),
        "xl/worksheets/sheet1.xml": sheet(rows),
        "xl/sharedStrings.xml": strings("<t>编号</t>", "<t>评论</t>", "<t>0007</t>"),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in (usual | dict(parts or {})).items():
            if part:
                archive.writestr(name, part)
    return out.getvalue()


def lines(data: bytes) -> list[Line]:
    """Return the lines of the first sheet, as the process of a file would."""
    return list(workbook.parse(io.BytesIO(data), BOUNDS)[0].lines)


def text_of(cell: str) -> str:
    """Return the text of a cell."""
    (line,) = lines(book(rows=f"<row>{cell}</row>"))
    (text,) = line[1]
    return text


def moved(names: Mapping[str, str]) -> bytes:
    """Return the usual workbook with its parts under other names."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book())) as usual, zipfile.ZipFile(out, "w") as archive:
        for name in usual.namelist():
            archive.writestr(zipfile.ZipInfo(names.get(name, name)), usual.read(name))
    return out.getvalue()


def prefixed(text: str) -> str:
    return re.sub(r"<(/?)(?=[a-z])", r"<\1x:", text).replace("xmlns=", "xmlns:x=")


STRINGS = strings("<t>编号</t>", "<t>评论</t>", "<t>0007</t>")
DRESSES = {
    "usual": book(),
    "prefix": book({"xl/worksheets/sheet1.xml": prefixed(sheet(ROWS)), "xl/sharedStrings.xml": prefixed(STRINGS)}),
    "apostrophes": book(rows=ROWS.replace('"', "'")),
    "type before place": book(rows=re.sub(r'( r="[A-Z]+\d") (t="\w+")', r" \2\1", ROWS)),
    "no places": book(rows=re.sub(r' r="\w+"', "", ROWS)),
    "spread over lines": book(rows=re.sub(r"(</?)(?=row|c|v|is)", r"\n  \1", ROWS)),
    "blanks in tags": book(rows=ROWS.replace("</c>", "</c >").replace('"s">', '"s" >')),
    "comment": book(rows="<!-- </row> -->" + ROWS.replace("<v>2", "<!-- 9 --><v>2")),
    "characters by number": book(rows=ROWS.replace("机", "&#x673a;").replace("壳", "&#22771;")),
    "data section": book(rows=ROWS.replace("手机&amp;壳", "<![CDATA[手机&壳]]>")),
    "runs and pronunciation": book(
        {"xl/sharedStrings.xml": STRINGS.replace("<t>评论</t>", "<r><t>评</t></r><r><rPr/><t>论</t></r>")},
        ROWS.replace("<t>手机&amp;壳</t>", "<r><t>手机</t></r><r><t>&amp;壳</t></r><rPh><t>shǒu</t></rPh>"),
    ),
    "UTF-16": book({"xl/worksheets/sheet1.xml": sheet(ROWS).replace("UTF-8", "UTF-16").encode("utf-16")}),
    "strict": book(
        {
            "xl/workbook.xml": f'<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:r="{OFFICE}">'
            '<sheets><sheet name="评论" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": sheet(ROWS).replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"),
        }
    ),
    "backslashes": moved({"xl/worksheets/sheet1.xml": "xl\\worksheets\\sheet1.xml", "_rels/.rels": "_rels\\.rels"}),
    "large letters": moved({"xl/sharedStrings.xml": "xl/SharedStrings.xml"}),
    "no relations": moved({"_rels/.rels": "other.rels", "xl/_rels/workbook.xml.rels": "more.rels"}),
    "broken styles": book({"xl/styles.xml": "<styleSheet><fonts></styleSheet>"}),
    "broken properties": book({"docProps/core.xml": "<not closed"}),
    "formula for a text": book(
        rows=ROWS.replace('t="inlineStr"><is><t>', 't="str"><f>A1&amp;""</f><v>').replace("</t></is>", "</v>")
    ),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_workbook_is_read_in_whatever_clothes_it_comes(dress: str) -> None:
    found = [(line[0], list(line[1])) for line in lines(DRESSES[dress])]
    assert found == [(1, ["编号", "评论"]), (2, ["0007", "手机&壳"])]


def test_rows_and_cells_that_are_left_out_count() -> None:
    rows = '<row r="3"/><row/><row r="7"><c r="C7"><v>1</v></c></row><row><c t="b" r="B8"><v>1</v></c></row>'
    found = lines(book(rows=rows))
    assert found == [(7, ["", "", "1"], "ssn"), (8, ["", "TRUE", ""], "sb")]


def test_error_cells_and_formulas_without_a_value_are_told() -> None:
    values = '<c t="e"><f>NA()</f><v>#N/A</v></c><c><f>A1</f></c><c><f>A1</f><v>0</v></c><c><f>1+1</f><v>2</v></c>'
    row = f"<row>{values}</row>"
    (found,) = lines(book(rows=row))
    assert found[1:] == (["#N/A", "", "0", "2"], "xfnn")
    (found,) = lines(book(rows=row, extra='<calcPr fullCalcOnLoad="1"/>'))  # XlsxWriter stores 0 for every formula
    assert found[1:] == (["#N/A", "", "", "2"], "xffn")


@pytest.mark.parametrize(
    ("written", "how", "text"),
    [
        ("12.0", PLAIN, "12"),
        ("0.1", PLAIN, "0.1"),
        ("0.30000000000000004", PLAIN, "0.30000000000000004"),
        ("1.5E-3", PLAIN, "0.0015"),
        ("1.234567890123456E+17", PLAIN, "123456789012346000"),
        ("123456789012345601", PLAIN, "123456789012345601"),  # all digits are in the file
        ("1E+300", PLAIN, "1e+300"),
        ("-3", PLAIN, "-3"),
        ("1234", shown(164, {164: "00000000"}), "00001234"),
        ("1234567", shown(164, {164: "000-0000"}), "123-4567"),
        ("-5", shown(164, {164: "000"}), "-5"),
        ("1234", shown(164, {164: '"No."000000'}), "No.001234"),
        ("1234", shown(164, {164: '"No."0'}), "No.1234"),
        ("1234", shown(164, {164: "[$-804]\\A00000_ ;@"}), "A01234"),
        ("12", shown(164, {164: '"RMB"0'}), "12"),  # an amount
        ("12", shown(164, {164: '0"元"'}), "12"),
        ("0.5", shown(9, {}), "0.5"),
        ("45292", shown(14, {}), "2024-01-01"),
        ("45292", shown(31, {}), "2024-01-01"),  # 31 and 57 are dates in East Asian editions
        ("45292", shown(57, {}), "2024-01-01"),
        ("45292.5", shown(164, {164: 'yyyy"年"m"月"d"日" h:mm'}), "2024-01-01 12:00:00"),
        ("0.75", shown(20, {}), "18:00:00"),
        ("1.25", shown(46, {}), "30:00:00"),
        ("59", shown(14, {}), "1900-02-28"),
        ("-1", shown(14, {}), "-1"),  # no calendar has it
        ("5", shown(164, {164: '[Red]"days "0'}), "5"),
        ("abc", PLAIN, "abc"),
    ],
)
def test_numbers_are_read_as_people_see_them(written: str, how: Shown, text: str) -> None:
    assert number_text(written, how, starts_1904=False)[0] == text


def test_a_calendar_may_start_in_1904() -> None:
    assert number_text("0", Shown("d"), starts_1904=True) == ("1904-01-01", "d")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("一_x000D_\n二", "一\r\n二"),
        ("一_x000d_\n二", "一\r\n二"),
        ("_x005F_x000D_", "_x000D_"),
        ("x005F_", "x005F_"),
        ("_xD83D__xDE00_ 好", "😀 好"),
        ("_x00G0_", "_x00G0_"),
    ],
)
def test_escapes_are_undone_exactly_once(written: str, text: str) -> None:
    assert unescaped(written) == text
    assert text_of(f'<c t="inlineStr"><is><t xml:space="preserve">{written}</t></is></c>') == text


def test_a_carriage_return_in_a_text_stays() -> None:
    for tail in ("", "<rPh><t>x</t></rPh>"):
        assert text_of(f'<c t="inlineStr"><is><t>一\r\n二</t>{tail}</is></c>') == "一\r\n二"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (book(rows='<row><c t="s"><v>7</v></c></row>'), "text that does not exist"),
        (book({"xl/worksheets/sheet1.xml": sheet(ROWS)[:-60]}), "ends too early"),
        (book({"xl/worksheets/sheet1.xml": f"<!DOCTYPE x>{sheet(ROWS)}"}), "DTD"),
        (book({"xl/worksheets/sheet1.xml": ""}), "no sheet with rows"),
        (book({"xl/workbook.xml": "", "_rels/.rels": "", "word/document.xml": "<document/>"}), "no list of its sheets"),
        (book(rows=ROWS.replace("&amp;", "&nope;")), "no XML"),
        (book(rows='<row><c r="C1"><v>1</v></c><c r="B1"><v>1</v></c></row>'), "out of order"),
        (book()[:-30], "cut off"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, words: str) -> None:
    with pytest.raises(Refusal) as raised:
        lines(data)
    assert words in raised.value.detail


def test_sizes_are_checked_before_anything_is_unpacked() -> None:
    bomb = book({"xl/media/image1.png": b"\0" * 50_000_000})
    with pytest.raises(BodyTooLarge, match="SENTIQ_MAX_INFLATE_RATIO"):
        File(iter([bomb]), Reading(file_name="a.xlsx"), replace(LIMITS, inflate_ratio=100))


def test_hidden_sheets_are_told() -> None:
    shown_, hidden = (workbook.parse(io.BytesIO(book(state=state)), BOUNDS)[0] for state in ("", 'state="veryHidden"'))
    assert (shown_.is_visible, hidden.is_visible, hidden.title) == (True, False, "评论")


def test_a_cell_that_is_too_long_fails_its_row_alone() -> None:
    rows: Iterator[Line] = iter([(1, ["短"], ""), (2, ["长" * 11], "")])
    ((first, second),) = child._batches(rows, 10)
    assert first == (1, ["短"], "")
    assert second[3:4] == ("cell_too_long",)


ODS = """<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s"
 xmlns:calcext="c"><office:automatic-styles><style:style style:name="ta2" style:family="table">
 <style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body>
 <office:spreadsheet><table:table table:name="说明" table:style-name="ta2"><table:table-row><table:table-cell/>
 </table:table-row></table:table><table:table table:name="评论"><table:table-row table:number-rows-repeated="2">
 <table:table-cell table:number-columns-repeated="16384"/></table:table-row><table:table-row>
 <table:table-cell office:value-type="string"><office:annotation><text:p>批注</text:p></office:annotation>
 <text:p>第一行<text:s text:c="2"/>空格</text:p><text:p>第二<text:span>行</text:span><text:tab/>完</text:p>
 </table:table-cell><table:table-cell table:number-columns-repeated="2"/>
 <table:table-cell office:value-type="float" office:value="1.5"><text:p>1,50</text:p></table:table-cell>
 <table:table-cell office:value-type="date" office:date-value="2026-01-02"><text:p>02.01.26</text:p></table:table-cell>
 <table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>
 <table:table-cell office:value-type="string"><text:p>一_x000d_</text:p><text:p>二&#12;</text:p></table:table-cell>
 <table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table></office:spreadsheet>
 </office:body></office:document-content>"""


@pytest.mark.parametrize("is_packed", [True, False])
def test_opendocument_sheets_are_read(is_packed: bool) -> None:
    data = ODS.encode()
    if is_packed:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            archive.writestr("content.xml", data)
        data = out.getvalue()
    hidden, found = workbook.parse(io.BytesIO(data), BOUNDS)
    assert (hidden.title, hidden.is_visible, list(hidden.lines)) == ("说明", False, [])
    assert (found.title, found.is_visible) == ("评论", True)
    texts = ["第一行  空格\n第二行\t完", "", "", "1.5", "2026-01-02", "#N/A", "一\r\n二"]
    assert list(found.lines) == [(3, texts, "sssndx")]


def compound(*streams: str) -> bytes:
    """Return a file of the old compound format with these names in its directory."""
    header = bytearray(512)
    header[:8] = ole.SIGNATURE
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)
    struct.pack_into("<I", header, 76, 0)
    table = struct.pack("<128I", 0xFFFFFFFD, 0xFFFFFFFE, *[0xFFFFFFFF] * 126)
    none = 0xFFFFFFFF
    last = len(streams) - 1
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<HHIII", len(name) * 2 + 2, 0, none, at + 1 if 0 < at < last else none, none if at else 1)
        + bytes(48)
        for at, name in enumerate(streams)
    )
    return bytes(header) + table + directory.ljust(512, b"\0")


@pytest.mark.parametrize(
    ("streams", "kind"),
    [
        (("Root Entry", "Workbook"), "xls"),
        (("Root Entry", "Book"), "xls"),
        (("Root Entry", "EncryptionInfo", "EncryptedPackage"), "password"),
        (("Root Entry", "WordDocument"), "Word"),
        (("Root Entry", "PowerPoint Document"), "PowerPoint"),
        (("Root Entry", "\u4840\u3f3f"), "installer"),
        (("Root Entry",), "no workbook"),
    ],
)
def test_old_files_are_called_by_their_names(streams: tuple[str, ...], kind: str) -> None:
    file = io.BytesIO(compound(*streams))
    assert kind in ole.ole_kind(file)
    if kind != "xls":
        with pytest.raises(InvalidInput, match=kind), File(iter([file.getvalue()]), Reading(file_name="a.xls"), LIMITS):
            pass


def test_the_process_of_a_file_gives_its_rows() -> None:
    with File(iter([book()]), Reading(file_name="a.xlsx"), LIMITS) as file:
        (row,) = file.rows()
    assert (row.text, row.custom_id, file.format.sheet) == ("手机&壳", "0007", "评论")


CASES = Path(__file__).parents[3] / "shared" / "cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="the collection of files is not beside the checkout")
def test_a_workbook_of_the_old_format_is_read() -> None:
    data = (CASES / "sheetjs.biff8.xls").read_bytes()
    assert lines(data)[1:] == [
        (2, ["123456789012345601", "送货很快\r\n师傅态度也好"], ""),
        (3, ["123456789012345602", "差评，退货"], ""),
    ]
