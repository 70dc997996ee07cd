"""Files as people have them, each with what should become of it. All sentences are our own."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache

from openpyxl import Workbook

TEXTS = ("味道不错，下次还来", "物流太慢，很失望", "包装完整", "一点也不推荐，客服态度差")


@dataclass(frozen=True, slots=True)
class Odd:
    """A file, and either its rows (a text, or the code of a row's error) or the code with which it is refused."""

    name: str
    made: bytes | Callable[[], bytes]  # what takes long to make is made when it is sent: all are listed in each process
    rows: tuple[str, ...] = ()
    refused: str = ""  # code of the first error, else of the problem
    query: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None  # as the job reports it; None: not looked at

    @property
    def content(self) -> bytes:
        return self.made if isinstance(self.made, bytes) else self.made()


def odd_files() -> Iterator[Odd]:
    yield from _encodings()
    yield from _csv()
    yield from _lines()
    yield from _packed()
    yield from _foreign()
    yield from _workbooks()


def table(*rows: str, header: str = "id,text", end: str = "\n") -> str:
    return end.join((header, *(f"{n},{row}" for n, row in enumerate(rows, start=1)))) + end


def _encodings() -> Iterator[Odd]:
    text = table(*("A" + t.replace("，", "") for t in TEXTS))
    rows = tuple("A" + t.replace("，", "") for t in TEXTS)
    for name, encoding, reported in (
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8 with a mark", "utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030", "gb18030"),
        ("gbk", "gbk", "gb18030"),
        ("utf-16 with a mark", "utf-16", "utf-16"),
        ("utf-16-le without a mark", "utf-16-le", "utf-16-le"),
        ("utf-16-be without a mark", "utf-16-be", "utf-16-be"),
    ):
        yield Odd(f"{name}.csv", text.encode(encoding), rows, encoding=reported)
    ascii_first = "id,text\n" + "".join(f"{n},fine\n" for n in range(20_000)) + "x,很好\n"
    yield Odd("ascii, then gb18030.csv", ascii_first.encode("gbk"), ("fine",) * 20_000 + ("很好",), encoding="gb18030")
    yield Odd("named encoding.csv", text.encode("gb18030"), rows, query={"encoding": "gb18030"}, encoding="gb18030")
    broken = "id,text\n1,很好\n2,".encode() + b"\xff\xfe" + "坏\n3,不错\n".encode()
    yield Odd("some bytes are no utf-8.csv", broken, ("很好", "undecodable", "不错"), query={"encoding": "utf-8"})
    yield Odd("no encoding at all.csv", b"id,text\n1,\xff\xff\xff\n", refused="unknown_encoding")


def _csv() -> Iterator[Odd]:
    plain = ("味道不错", "物流太慢")
    yield Odd("crlf.csv", table(*plain, end="\r\n").encode(), plain)
    yield Odd("lone cr.csv", table(*plain, end="\r").encode(), plain)
    yield Odd("no newline at the end.csv", table(*plain).rstrip().encode(), plain)
    yield Odd("blank lines.csv", b"id,text\n\n1,good\n\n\n2,bad\n", ("good", "bad"))
    yield Odd("quoted newlines.csv", '1,"第一行\n第二行"\n2,"有,逗号"\n'.encode(), ("第一行\n第二行", "有,逗号"))
    yield Odd("doubled quotes.csv", 'id,text\n1,"他说""好"""\n'.encode(), ('他说"好"',))
    yield Odd("semicolons.csv", "id;text\n1;很好，真的\n2;不好\n".encode(), ("很好，真的", "不好"))
    yield Odd("pipes.csv", "id|text\n1|很好\n2|不好\n".encode(), ("很好", "不好"))
    yield Odd("tabs.tsv", "id\ttext\n1\t很好\n2\t不好\n".encode(), ("很好", "不好"))
    odd_quotes = ('"好"是真的好', '"没有关', "第三行", '他说"行"')
    rows = "".join(f"{n}\t{text}\n" for n, text in enumerate(odd_quotes))
    yield Odd("quotes as characters.tsv", f"id\ttext\n{rows}".encode(), odd_quotes)
    late = (*(f"第{n}行" for n in range(60)), '"没有关', "最后")
    yield Odd("a late quote.tsv", "".join(f"{n}\t{text}\n" for n, text in enumerate(late)).encode(), late)
    yield Odd(
        "enclosed.tsv", 'id\ttext\n1\t"第一行\n第二行"\n2\t"他说""好"""\n'.encode(), ("第一行\n第二行", '他说"好"')
    )
    spoken = ("还行", '"物美价廉"', "买过", '"买了三次', '他说"好"', "不买了")  # one that could be enclosed
    rows = "".join(f"{n}\t{text}\n" for n, text in enumerate(spoken))
    yield Odd("one text between marks.tsv", f"id\ttext\n{rows}".encode(), spoken)
    bought = (*(f'"第{n}个好"' if n == 20 else f"第{n}个" for n in range(60)), '"没有关', "最后")
    rows = "".join(f"{n}\t{text}\n" for n, text in enumerate(bought))
    yield Odd("between marks, and a late quote.tsv", f"id\ttext\n{rows}".encode(), bought)
    ragged = 'id\ttext\n1\t很好\n2\t"没有关\n3\t第一行\n续\n4\t不错\n'
    yield Odd(
        "an open quote before a short line.tsv", ragged.encode(), ("很好", '"没有关', "第一行", "ragged_row", "不错")
    )
    yield Odd("all enclosed.tsv", 'id\ttext\n1\t"很好"\n2\t"不好"\n'.encode(), ("很好", "不好"))
    yield Odd("commas enclosed.tsv", 'id\ttext\n1\t"好, 很好"\n2\t不好\n'.encode(), ("好, 很好", "不好"))
    yield Odd("tabs enclosed.tsv", 'id\ttext\n1\t"好\t很好"\n2\t不好\n'.encode(), ("好\t很好", "不好"))
    yield Odd("quotes denied.csv", 'id,text\n1,"好"\n'.encode(), ('"好"',), query={"quotes": "false"})
    yield Odd("a delimiter of its own.csv", "id^text\n1^很好\n".encode(), ("很好",), query={"delimiter": "^"})
    yield Odd("no header.csv", "1,味道不错，下次还来\n2,物流太慢\n".encode(), ("味道不错，下次还来", "物流太慢"))
    yield Odd("chinese header.csv", "编号,评论内容\n1,很好\n".encode(), ("很好",))
    yield Odd("header denied.csv", b"text\nfine\n", ("text", "fine"), query={"has_header": "false"})
    yield Odd("one column.csv", "很好\n不好\n".encode(), ("很好", "不好"))
    yield Odd(
        "column by number.csv", "a,b\n一,二\n".encode(), ("二",), query={"text_column": "2", "has_header": "true"}
    )
    yield Odd(
        "column by name.csv", "标题,正\n甲,乙\n".encode(), ("乙",), query={"text_column": "正", "has_header": "true"}
    )
    yield Odd("unknown column.csv", table(*plain).encode(), refused="unknown_column", query={"text_column": "txt"})
    twice = "text,text\n一,二\n".encode()
    yield Odd("duplicate column names.csv", twice, refused="ambiguous_column", query={"text_column": "text"})
    yield Odd("duplicate names, by number.csv", twice, ("二",), query={"text_column": "2"})
    yield Odd("ragged.csv", b"id,text\n1,good\n2\n3,bad\n4,a,b\n", ("good", "ragged_row", "bad", "ragged_row"))
    yield Odd("missing last cells.csv", b"id,text,note\n1,good\n", ("good",))
    yield Odd("empty cells.csv", b"id,text\n1,\n2,  \n3,good\n", ("empty_text", "empty_text", "good"))
    unseen = "\u200b \u2060\u00ad\u115f\u2800\u180e"
    yield Odd("cells that show nothing.csv", f"id,text\n1,{unseen}\n2,good\n".encode(), ("empty_text", "good"))
    yield Odd("lines that show nothing.txt", f"good\n{unseen}\nbad\n".encode(), ("good", "empty_text", "bad"))
    objects = f'{{"text": "{unseen}"}}\n"{unseen}"\n"good"\n'
    yield Odd("texts that show nothing.jsonl", objects.encode(), ("empty_text", "empty_text", "good"))
    yield Odd("nul.csv", b"id,text\n1,go\0od\n2,fine\n", ("nul_character", "fine"))
    yield Odd("empty.csv", b"", refused="empty_file")
    yield Odd("only header.csv", b"id,text\n", refused="no_rows")
    yield Odd("only blank lines.csv", b"\n\n \n", refused="no_rows")
    yield Odd(
        "two megabytes in a cell.csv", b"id,text\n1," + b"a" * 2_000_000 + b"\n2,fine\n", ("cell_too_long", "fine")
    )
    yield Odd("long text.csv", b"id,text\n1," + b"a" * 1_001 + b"\n2,fine\n", ("text_too_long", "fine"))
    yield Odd("long id.csv", b"id,text\n" + b"i" * 600 + b",fine\n2,good\n", ("invalid_id", "good"))
    stray = 'id,text\n1,"开了没关\n' + "".join(f"{n},行\n" for n in range(2, 120_000))
    yield Odd("stray quote.csv", stray.encode(), rows=('"开了没关', "*"))
    yield Odd(
        "3,000 columns.csv", (",".join(f"c{n}" for n in range(3_000)) + "\n").encode(), refused="too_many_columns"
    )
    yield Odd("mostly bad.csv", b"id,text\n" + b"1\n" * 300 + b"2,fine\n", refused="too_many_bad_rows")


def _lines() -> Iterator[Odd]:
    yield Odd("plain.txt", '很好\n\n不好，"真的"\n'.encode(), ("很好", '不好，"真的"'))
    yield Odd("gb18030.txt", "很好\r\n不好".encode("gb18030"), ("很好", "不好"), encoding="gb18030")
    yield Odd("one broken line.jsonl", b'{"text": "fine"}\n{broken\n"good"\n', ("fine", "invalid_json", "good"))
    yield Odd("with a mark.jsonl", b'\xef\xbb\xbf"fine"\n', ("fine",))
    yield Odd("no name says json", b'{"text": "fine"}\n{"text": "good"}\n', ("fine", "good"))


def _packed() -> Iterator[Odd]:
    packed = gzip.compress(table(*TEXTS[2:3]).encode())
    yield Odd("packed.csv.gz", packed, TEXTS[2:3])
    yield Odd("packed twice.csv.gz", packed + gzip.compress("2,不好\n".encode()), ("包装完整", "不好"))
    yield Odd("packed lines.jsonl.gz", gzip.compress(b'"fine"\n"good"\n'), ("fine", "good"))
    yield Odd("cut off.csv.gz", packed[:-12], refused="upload_interrupted")
    yield Odd("damaged.csv.gz", packed[:15] + b"\0\0\0\0" + packed[19:], refused="upload_interrupted")
    yield Odd("bomb.csv.gz", cache(lambda: gzip.compress(b"text\n" + b"a" * 30_000_000)), refused="body_too_large")


def _foreign() -> Iterator[Odd]:
    noise = random.Random(1).randbytes(5_000)
    yield Odd("image.csv", b"\x89PNG\r\n\x1a\n" + noise, refused="not_a_table")
    yield Odd("photo.txt", b"\xff\xd8\xff\xe0" + noise, refused="not_a_table")
    yield Odd("document.csv", b"%PDF-1.7\n" + noise, refused="not_a_table")
    yield Odd("archive.7z", b"7z\xbc\xaf\x27\x1c" + noise, refused="not_a_table")
    yield Odd("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, refused="not_a_table")
    yield Odd("noise.csv", b"\0\1\2" + noise, refused="binary_file")
    yield Odd("image in gzip.csv.gz", gzip.compress(b"\x89PNG\r\n" + noise), refused="not_a_table")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("a.csv", "text\nfine\n")
        z.writestr("__MACOSX/._a.csv", b"\0\5\x16\7")
    yield Odd("archive.zip", archive.getvalue(), ("fine",))
    with zipfile.ZipFile(archive, "a") as z:
        z.writestr("b.csv", "text\nfine\n")
    yield Odd("archive of two.zip", archive.getvalue(), refused="several_tables")


def workbook(rows: list[list[object]], hidden: bool = False) -> Workbook:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if hidden:
        sheet.sheet_state = "hidden"
        book.create_sheet("shown").append(["text"])
        book["shown"].append(["看得见"])
    return book


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def patched(content: bytes, member: str, change: bytes, to: bytes) -> bytes:
    """The same archive with something else in one of its members."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info.filename, data.replace(change, to, 1) if info.filename == member else data)
    return out.getvalue()


def _workbooks() -> Iterator[Odd]:
    rows: list[list[object]] = [["id", "text"], [1, "很好"], [2.0, "不好"], [3, None], [None, None], [5, 12.0]]
    good = saved(workbook(rows))
    yield Odd("good.xlsx", good, ("很好", "不好", "empty_text", "12"))
    yield Odd("named as csv.csv", good, ("很好", "不好", "empty_text", "12"))
    yield Odd("packed.xlsx.gz", gzip.compress(good), ("很好", "不好", "empty_text", "12"))
    yield Odd("hidden sheet.xlsx", saved(workbook(rows, hidden=True)), ("看得见",))
    yield Odd("sheet by number.xlsx", saved(workbook(rows, hidden=True)), ("看得见",), query={"sheet": "2"})
    yield Odd("unknown sheet.xlsx", good, refused="unknown_sheet", query={"sheet": "Budget"})
    yield Odd("formulas.xlsx", saved(workbook([["text"], ["=1+1"], ["很好"]])), ("formula_without_value", "很好"))
    yield Odd("empty.xlsx", saved(workbook([])), refused="no_rows")
    wide: list[list[object]] = [[f"c{n}" for n in range(3_000)], ["x"] * 3_000]
    yield Odd("3,000 columns.xlsx", cache(lambda: saved(workbook(wide))), refused="too_many_columns")
    yield Odd("cut off.xlsx", good[:-300], refused="damaged_workbook")
    sheet = "xl/worksheets/sheet1.xml"
    dtd = b'<!DOCTYPE lolz [<!ENTITY lol "lol">]><worksheet '
    yield Odd("dtd.xlsx", patched(good, sheet, b"<worksheet ", dtd), refused="damaged_workbook")

    def bomb() -> bytes:
        return patched(good, sheet, b"<sheetData>", b"<sheetData>" + b" " * 40_000_000)

    yield Odd("bomb.xlsx", cache(bomb), refused="body_too_large")

    def bloated() -> bytes:
        noise = f"<!--{random.Random(2).randbytes(9_000_000).hex()}--></styleSheet>".encode()
        return patched(good, "xl/styles.xml", b"</styleSheet>", noise)

    yield Odd("bloated styles.xlsx", cache(bloated), ("很好", "不好", "empty_text", "12"))
    yield Odd("damaged sheet.xlsx", patched(good, sheet, b"</sheetData>", b"</sheet>"), refused="damaged_workbook")
