"""CSV, TSV and plain text as spreadsheets, databases and programs write them."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator

from tests.files.case import Case
from tests.files.written.sentences import IDS, SHORT, TEXTS, TRADITIONAL

ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def cases() -> Iterator[Case]:
    yield from _dialects()
    yield from _first_lines()
    yield from _escapes()
    yield from _missing()
    yield from _ids()
    yield from _line_ends()
    yield from _lines()
    yield from _packed()
    yield from _put_together()
    yield from _no_texts()
    yield from _labelled()
    yield from _chats()


def table(*texts: str, delimiter: str = ",", end: str = "\n", heading: str = "评论", ids: tuple[str, ...] = IDS) -> str:
    rows = [f"编号{delimiter}{heading}", *(f"{i}{delimiter}{text}" for i, text in zip(ids, texts, strict=False))]
    return end.join(rows) + end


def _dialects() -> Iterator[Case]:
    for name, delimiter in (("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("pipe", "|")):
        for encoding in ENCODINGS:
            content = table(*TEXTS, delimiter=delimiter).encode(encoding)
            yield Case(f"{name} in {encoding}.csv", content, TEXTS, IDS)
        big5 = table(*TRADITIONAL, delimiter=delimiter, heading="評論").replace("编号", "編號").encode("big5")
        yield Case(f"{name} in big5.csv", big5, TRADITIONAL, IDS, may_be_refused=True)
        yield Case(f"{name} in big5, named.csv", big5, TRADITIONAL, IDS, query={"encoding": "big5"})
    euro = table("只要５€，很值得买", *TEXTS[1:]).encode("gb18030").replace("€".encode("gb18030"), b"\x80")
    yield Case("the euro of windows.csv", euro, ("只要５€，很值得买", *TEXTS[1:]), IDS)
    quoted = tuple(f'{text},真的\n"{text}"' for text in TEXTS)
    marks = ['"' + text.replace('"', '""') + '"' for text in quoted]
    yield Case("quoted, with line feeds.csv", table(*marks).encode(), quoted, IDS)
    yield Case("quoted, with line feeds, between tabs.txt", table(*marks, delimiter="\t").encode("utf-16"), quoted, IDS)


def _first_lines() -> Iterator[Case]:
    plain = table(*TEXTS)
    for mark in ("sep=,", "SEP=,", '"sep=,"'):
        yield Case(
            f"a first line {mark.strip(chr(34))} {mark.count(chr(34))}.csv", f"{mark}\n{plain}".encode(), TEXTS, IDS
        )
    semicolons = table(*(text.replace("，", ",") for text in TEXTS), delimiter=";")
    half = tuple(text.replace("，", ",") for text in TEXTS)
    yield Case("a first line sep=;.csv", f"sep=;\n{semicolons}".encode(), half, IDS)
    yield Case("a first line sep=; with a mark.csv", f"sep=;\r\n{semicolons}".encode("utf-8-sig"), half, IDS)
    yield Case("a comment above.csv", f"# 导出时间：2026-01-01\n{plain}".encode(), TEXTS, IDS)
    yield Case("two comments above.csv", f"# 报表\n# 共 3 条\n{plain}".encode(), TEXTS, IDS)
    yield Case("a title above.csv", f"评论导出,\n{plain}".encode(), TEXTS, IDS)
    yield Case("a title and an empty line above.csv", f"某店评论导出（2026年1月）\n\n{plain}".encode(), TEXTS, IDS)
    yield Case("empty lines above.csv", f"\n\n{plain}".encode(), TEXTS, IDS)
    yield Case("lines of delimiters above.csv", f",\n,\n{plain}".encode(), TEXTS, IDS)
    yield Case(
        "the row of headings by number.csv", f"评论,评论\n1,2\n{plain}".encode(), TEXTS, IDS, query={"header_row": "3"}
    )


def _escapes() -> Iterator[Case]:
    texts = ("第一行\n第二行，不错", "口味\t不错，下次再来", "路径 C:\\新 也行")
    escaped = [t.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") for t in texts]
    rows = "".join(f"{i}\t{text}\n" for i, text in zip(IDS, escaped, strict=True))
    yield Case("escapes of a database.tsv", f"id\tcomment\n{rows}".encode(), texts, IDS)
    yield Case("escapes of a database.txt", f"id\tcomment\n{rows}".encode(), texts, IDS)
    rows += "9\t\\N\n\\.\n"
    yield Case("escapes of a database, with its end.txt", f"id\tcomment\n{rows}".encode(), texts, IDS, failed=1)
    yield Case("escapes of a database, with its end.tsv", f"id\tcomment\n{rows}".encode(), texts, IDS, failed=1)
    rows = rows.removesuffix("9\t\\N\n\\.\n")
    yield Case("a missing value of a database.tsv", f"id\tcomment\n{rows}9\t\\N\n".encode(), texts, IDS, failed=1)
    yield Case(
        "escapes, named.tsv", "id\tcomment\n1\t一行\\n两行\n".encode(), ("一行\n两行",), query={"escape": "backslash"}
    )
    kept = ("表情 ¯\\_(ツ)_/¯ 不错", "在 D:\\new\\test 里，很好", "一般")
    yield Case("backslashes that are text.csv", table(*kept).encode(), kept, IDS)
    yield Case("backslashes that are text.tsv", table(*kept, delimiter="\t").encode(), kept, IDS)
    yield Case(
        "backslashes denied.tsv", "id\tcomment\n1\t一行\\n两行\n".encode(), ("一行\\n两行",), query={"escape": "none"}
    )
    spark = 'id,comment\n1,"他说\\"很好\\"，我信"\n2,"一般，吧"\n3,还行\n'
    yield Case("escaped marks.csv", spark.encode(), ('他说"很好"，我信', "一般，吧", "还行"))
    spark = 'id\tcomment\n1\t"他说\\"很好\\"\t我信"\n2\t一般，吧\n'
    yield Case("escaped marks between tabs.tsv", spark.encode(), ('他说"很好"\t我信', "一般，吧"), ("1", "2"))
    lines = "1\t第一行\\\n第二行，不错\n2\t还行，值得买\n3\t太慢了，不会再来\n"
    yield Case(
        "an escaped line feed.tsv",
        lines.encode(),
        ("第一行\n第二行，不错", "还行，值得买", "太慢了，不会再来"),
        may_be_refused=True,
    )


def _missing() -> Iterator[Case]:
    for value in ("NULL", "(null)", "[NULL]", "null", "\\N", "NaN", "nan", "None", "N/A", "#N/A", "<NA>"):
        name = value.replace("/", " ").replace("\\", "").replace("<", "").replace(">", "")
        content = table(*TEXTS[:2], value).encode()
        yield Case(f"missing as {name} {'nN'.find(value[0])}{len(value)}.csv", content, TEXTS[:2], IDS[:2], failed=1)
    content = table(TEXTS[0], "无", "暂无评论").encode()
    yield Case("missing as asked.csv", content, TEXTS[:1], failed=2, query={"null_values": ["无", "暂无评论"]})
    yield Case(
        "nothing is missing.csv",
        table(*TEXTS[:2], "NaN").encode(),
        (*TEXTS[:2], "NaN"),
        IDS,
        query={"null_values": ""},
        may_be_refused=True,
    )
    yield Case("an empty cell.csv", table(TEXTS[0], "", TEXTS[2]).encode(), (TEXTS[0], TEXTS[2]), failed=1)


def _ids() -> Iterator[Case]:
    guards = {
        "equals": '="{}"',
        "equals in marks": '"=""{}"""',
        "tab": "\t{}",
        "tab behind": "{}\t",
        "apostrophe": "'{}",
        "two apostrophes": "'{}'",
    }
    for name, guard in guards.items():
        content = table(*TEXTS, ids=tuple(guard.format(i) for i in IDS)).encode()
        yield Case(f"ids guarded by {name}.csv", content, TEXTS, IDS)
    rounded = table(*TEXTS, ids=("1.23457E+17",) * 3).encode()
    yield Case("ids rounded by a spreadsheet.csv", rounded, TEXTS, warns_of_ids=True)
    for name, number in (("Java", "8.601122334455667E17"), ("Python", "8.601122334455667e+17")):
        content = table(*TEXTS, ids=(number,) * 3).encode()
        yield Case(f"ids as numbers of {name}.csv", content, TEXTS, notes=("ids_rounded", "ids_repeat"))
    repeated = table(*TEXTS, ids=("7", "7", "8")).encode()
    yield Case("an id that comes twice.csv", repeated, TEXTS, ("7", "7", "8"), notes=("ids_repeat",))
    zeros = table(*TEXTS, ids=("0001", "0002", "0003")).encode()
    yield Case("ids with zeros.csv", zeros, TEXTS, ("0001", "0002", "0003"))


def _line_ends() -> Iterator[Case]:
    for name, end in ENDS.items():
        yield Case(f"lines end with {name}.csv", table(*TEXTS, end=end).encode(), TEXTS, IDS)
        yield Case(f"no end of the last line, {name}.csv", table(*TEXTS, end=end).rstrip().encode(), TEXTS, IDS)
    runs = "编号,评论,日期\r\n1,清晰\r\r一般,2026-01-01\r\n2,好用\r,2026-01-02\r\n"
    yield Case("runs of carriage returns.csv", runs.encode(), ("清晰\r\r一般", "好用\r"), ("1", "2"))
    bare = "id,评论,日期\n1,屏幕清晰\r音质一般,2026-01-01\n2,很好用,2026-01-02\n3,太差了,2026-01-03\n"
    yield Case("a bare carriage return.csv", bare.encode(), ("屏幕清晰\r音质一般", "很好用", "太差了"), ("1", "2", "3"))
    surplus = "编号,评论\n1,面条很香,,\n2,太差,,\n"
    yield Case("surplus empty cells.csv", surplus.encode(), ("面条很香", "太差"), ("1", "2"), notes=("surplus_cells",))
    yield Case(
        "an empty last column.csv", "编号,评论,\n1,面条很香,\n2,太差,\n".encode(), ("面条很香", "太差"), ("1", "2")
    )
    short = "编号,评论,备注\n1,面条很香\n2,太差,退了\n"
    yield Case("rows cut short.csv", short.encode(), ("面条很香", "太差"), ("1", "2"))
    yield Case(
        "too many cells in one row.csv",
        "编号,评论\n1,面条很香\n2,太差,真的,很差\n3,不错\n".encode(),
        ("面条很香", "不错"),
        ("1", "3"),
        failed=1,
    )


def _lines() -> Iterator[Case]:
    for encoding in ENCODINGS:
        content = "\n".join(TEXTS).encode(encoding)
        yield Case(f"lines in {encoding}.txt", content, TEXTS, may_be_refused=encoding in ("utf-16-le", "utf-16-be"))
    commas = ("味道好,分量足", "一般,不推荐", "慢,贵,难吃")
    yield Case("lines with commas.txt", "\n".join(commas).encode(), commas)
    yield Case("short lines.txt", "\n".join(SHORT).encode(), SHORT)
    yield Case("empty lines between.txt", "\n\n".join(TEXTS).encode(), TEXTS)
    yield Case("short lines.csv", "\n".join(SHORT).encode(), SHORT)
    yield Case("one column with a heading.csv", "\n".join(("评论内容", *SHORT)).encode(), SHORT)
    yield Case("no headings.csv", "".join(f"{n},{text}\n" for n, text in enumerate(TEXTS)).encode(), TEXTS)
    yield Case("a table between tabs.txt", table(*TEXTS, delimiter="\t").encode("gb18030"), TEXTS, IDS)
    yield Case(
        "a table between tabs, of windows.txt", table(*TEXTS, delimiter="\t", end="\r\n").encode("utf-16"), TEXTS, IDS
    )
    ragged = "编号\t评论\t备注\r\n1\t好用\r\n2\t太差\t退了\r\n3\t一般\r\n"
    yield Case("rows cut short, between tabs.txt", ragged.encode("utf-16"), ("好用", "太差", "一般"), ("1", "2", "3"))
    numbered = '1,"味道好，推荐",5\n2,太差,1\n3,"慢,贵",1\n'
    yield Case("no headings, with numbers.txt", numbered.encode(), ("味道好，推荐", "太差", "慢,贵"))
    padded = '"\t0012\t",好用\n"\t0013\t",太差\n'
    yield Case("no headings, ids between tabs.csv", padded.encode(), ("好用", "太差"))
    titled = "评论导出\r\n" + table(*TEXTS, delimiter="\t", end="\r\n")
    yield Case("a title above a table between tabs.txt", titled.encode("utf-16"), TEXTS, IDS)
    for mark in "^~@，":
        rows = ("编号", "评论", "评分"), ("1", "很好", "5"), ("2", "太差", "1")
        content = "".join(mark.join(row) + "\n" for row in rows).encode()
        yield Case(f"a rare delimiter {ord(mark)}.csv", content, ("很好", "太差"), ("1", "2"))
    drawn = "| 编号 | 评论 |\n| --- | --- |\n| 1 | 很好 |\n| 2 | 太差 |\n"
    for name in ("csv", "txt"):
        yield Case(f"a drawn table.{name}", drawn.encode(), (" 很好 ", " 太差 "))


def _packed() -> Iterator[Case]:
    content = table(*TEXTS).encode()
    yield Case("packed.csv.gz", gzip.compress(content), TEXTS, IDS)
    yield Case("packed, by another name.csv", gzip.compress(content), TEXTS, IDS)
    for name, members in (
        ("one table", {"评论.csv": content}),
        ("a table in a folder", {"导出/": b"", "导出/评论.csv": content}),
        (
            "what a Mac adds",
            {"评论.csv": content, "__MACOSX/._评论.csv": b"\0\5\x16\7" + bytes(60), ".DS_Store": bytes(9)},
        ),
        (
            "lines of JSON",
            {"a.jsonl": "".join(f'{{"id": "{i}", "text": "{t}"}}\n' for i, t in zip(IDS, TEXTS, strict=True)).encode()},
        ),
    ):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        yield Case(f"an archive of {name}.zip", out.getvalue(), TEXTS, IDS, notes=("archive_member",))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("一月.csv", content)
        archive.writestr("二月.csv", content)
    yield Case("an archive of two tables.zip", out.getvalue(), is_refused=True)


def _put_together() -> Iterator[Case]:
    texts = (*TEXTS, SHORT[0])
    marked = table(*TEXTS).encode("utf-8-sig") + table(SHORT[0], ids=("4",)).encode("utf-8-sig")
    yield Case("files with marks, put together.csv", marked, texts, (*IDS, "4"), notes=("lines_not_read",))
    yield Case("lines with marks.txt", "\n".join(f"\ufeff{text}" for text in TEXTS).encode(), TEXTS)
    yield Case(
        "a line of UTF-8 in GBK.csv",
        b"id,text\n1,\xe5\xbe\x88\xe5\xa5\xbd\n" + "2,太慢了\n".encode("gbk"),
        ("太慢了",),
        failed=1,
    )


def _no_texts() -> Iterator[Case]:
    filled_in = (
        *("此用户没有填写评价。", "此用户没有填写评论!", "此用户未填写评价内容", "15天内买家未作出评价"),
        *("评价方未及时做出评价,系统默认好评!", "您没有填写内容，默认好评", "(空)", "(跳过)", "."),
    )
    rows = "".join(f'{text},"{cell}"\n' for text, cell in zip((*TEXTS, *SHORT), (*"1234567",), strict=True))
    asked = "".join(f'"{cell}",8\n' for cell in filled_in)
    yield Case(
        "what shops fill in.csv", f"评价内容,序号\n{rows}{asked}".encode(), (*TEXTS, *SHORT), failed=len(filled_in)
    )
    taken = (*TEXTS, filled_in[0])
    yield Case(
        "what shops fill in, taken.csv", table(*taken, ids=(*IDS, "4")).encode(), taken, query={"null_values": ""}
    )
    sum_ = table(*TEXTS, "共3条", ids=(*IDS, "合计")).encode()
    yield Case("a sum below.csv", sum_, TEXTS, IDS, failed=1)
    for name, end in (
        ("the time", "导出时间：2026-01-05 10:00:00"),
        ("a count", "共 3 条记录"),
        ("a maker", "制表人：王某"),
    ):
        yield Case(f"{name} below.csv", "\n".join(("评价内容", *TEXTS, end)).encode(), TEXTS, failed=1)


def _labelled() -> Iterator[Case]:
    for name, labels in (
        ("fastText", ("__label__pos", "__label__neg", "__label__pos")),
        ("fastText, two labels", ("__label__pos __label__a", "__label__neg __label__b", "__label__pos __label__c")),
        ("names", ("正面", "负面", "正面")),
    ):
        lines = "".join(f"{label} {text}\n" for label, text in zip(labels, TEXTS, strict=True)).encode()
        notes = ("label_column_recognised",) if "two" not in name else ()
        yield Case(f"lines that begin with labels, {name}.txt", lines, TEXTS, notes=notes)
        yield Case(f"lines that begin with labels, {name}.train", lines, TEXTS, notes=notes)
    bits = "".join(f"{bit} {text}\n" for bit, text in zip("1010", (*TEXTS, SHORT[0]), strict=True)).encode()
    yield Case("lines that begin with bits.txt", bits, (*TEXTS, SHORT[0]), notes=("label_column_recognised",))
    counted = tuple(f"{n} {text}" for n, text in enumerate(TEXTS, start=1))
    yield Case("lines that are counted.txt", "\n".join(counted).encode(), counted)
    hive = "".join(f"{n}\x01{text}\x015\n" for n, text in enumerate(TEXTS[:2])).encode()
    yield Case("two rows of Hive.txt", hive, TEXTS[:2])


def _chats() -> Iterator[Case]:
    times = ("2026-01-05 10:00:01", "2026-01-05 10:02:30", "2026-01-06 9:12")
    forms = {
        "QQ": ("消息记录（此消息记录为文本格式，不支持重新导入）\n\n消息对象:售后群\n\n", "{} 王某(10001)"),
        "WeChat": ("", "王某 {}"),
        "brackets": ("", "[{}] 王某"),
    }
    for name, (title, form) in forms.items():
        chat = title + "".join(f"{form.format(at)}\n{text}\n\n" for at, text in zip(times, TEXTS, strict=True))
        yield Case(f"a chat of {name}.txt", chat.encode(), TEXTS, notes=("lines_not_read",))
    days = ("2026年1月5日 10:00:01", "2026年1月5日 10:02:30", "2026年1月6日 9:12")  # not as in the logs of the service
    dated = tuple(f"{at} {text[:4]}" for at, text in zip(days, TEXTS, strict=True))
    yield Case("texts behind times.txt", "\n".join(dated).encode(), dated)
