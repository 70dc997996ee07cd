"""Delimited text of every dialect: bytes to records."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator

import pytest

from api.ingest.delimited.reader import read_delimited, read_lines
from api.ingest.options import Reading
from api.ingest.source import Source
from sentiq.core.errors import InvalidInput
from tests.support.reading import LIMITS, cut

Rows = list[list[str] | str]  #: cells, or the code of an error


@pytest.fixture(scope="module", autouse=True)
def csv_limit() -> Iterator[None]:
    """The csv module has one limit for the whole process."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


def read(data: str | bytes, kind: str = "csv", size: int = 65_536, **asked: str | bool) -> tuple[Rows, Source]:
    raw = data.encode() if isinstance(data, str) else data
    source = Source(kind, raw[:65_536], cut(raw, size), Reading(**asked), LIMITS)  # type: ignore[arg-type]
    (table,) = (read_lines if kind == "txt" else read_delimited)(source)
    return [record.error.code if record.error else list(record.cells) for record in table.records], source


def numbers(data: str, kind: str = "csv") -> list[tuple[int, bool]]:
    source = Source(kind, data.encode(), cut(data.encode(), 7), Reading(), LIMITS)
    return [(record.number, record.error is None) for record in read_delimited(source)[0].records]


@pytest.mark.parametrize(
    ("data", "delimiter", "rows"),
    [
        ("a;b\n1;好,真好\n", ";", [["a", "b"], ["1", "好,真好"]]),
        ("a\x01b\n1\x01好\n", "\x01", [["a", "b"], ["1", "好"]]),
        ("sep=;\na;b\n1;好\n", ";", [["a", "b"], ["1", "好"]]),
        ('\n"SEP=|"\r\na|b\r\n', "|", [["a", "b"]]),
        ("sep=\t\na,b\tc\n", "\t", [["a,b", "c"]]),
        ("sep=\\t\na,b\tc\n", "\t", [["a,b", "c"]]),
        # Title lines are of no width; comments are none of the records.
        ("某店, 2024 年, 1 月\n导出\na;b\n1;好\n2;差\n3;好\n", ";", None),
        ("# 导出, 2024\n-- x\n\na\tb\n1\t好\n", "\t", [["a", "b"], ["1", "好"]]),
        ("# 导出,,\n编号,评论,x\n1,好,y\n# 共 1 条\n", ",", [["编号", "评论", "x"], ["1", "好", "y"]]),
        ("#编号,评论\n1,好\n", ",", [["#编号", "评论"], ["1", "好"]]),
        ("#好吃# 去\n真好\n", ",", [["#好吃# 去"], ["真好"]]),
        (" id | text\n 1|好\n(1 row)\n", "|", [[" id ", " text"], [" 1", "好"]]),
        ("1\t好\n\\.\n", "\t", [["1", "好"]]),
        # A heading alone: its column is not cut, whatever the texts hold.
        ("评论\n好,不错\n差,再也,不来\n", None, [["评论"], ["好,不错"], ["差,再也,不来"]]),
        ('评论\n"好,不错"\n差\n', ",", [["评论"], ["好,不错"], ["差"]]),
        ("好,不错\n差\n还行,吧\n", None, [["好,不错"], ["差"], ["还行,吧"]]),
        ("\n\r\n\n", ",", []),
    ],
)
def test_the_delimiter_and_what_stands_above(data: str, delimiter: str | None, rows: Rows | None) -> None:
    found, source = read(data)
    assert source.facts["delimiter"] == delimiter
    assert rows is None or found == rows


@pytest.mark.parametrize(
    ("data", "kind", "rows"),
    [
        # PostgreSQL, ClickHouse, jq, mariadb -B, Miller
        (
            "a\tb\n1\t红\\n蓝\\\\n\n2\t\\N\n3\t\\'好\\t\n",
            "tsv",
            [["a", "b"], ["1", "红\n蓝\\n"], ["2", ""], ["3", "'好\t"]],
        ),
        ("1\tx\n2\tC:\\\\new\\n好\n", "tsv", [["1", "x"], ["2", "C:\\new\n好"]]),
        # MySQL INTO OUTFILE
        ("1\t红\\\n蓝\tx\n2\t好\\\t\\\\\ty\n", "tsv", [["1", "红\n蓝", "x"], ["2", "好\t\\", "y"]]),
        ("1\t红\\\r\n蓝\tx\n2\t好\ty\n", "tsv", [["1", "红\r\n蓝", "x"], ["2", "好", "y"]]),
        ("1,好\\, 真好\n2,红\\\n蓝\n3,\\N\n", "csv", [["1", "好, 真好"], ["2", "红\n蓝"], ["3", ""]]),
        ('1,"红,""N"\n2,"N\n3,"差"\n', "csv", [["1", '红,"N'], ["2", ""], ["3", "差"]]),
        # Spark, PHP, MySQL with ENCLOSED BY
        ('1,"说\\"好\\"，x\\\\"\n2,C:\\new\n', "csv", [["1", '说"好"，x\\'], ["2", "C:\\new"]]),
        ('1,"a\\",b"\n2,"c\\\nd"\n', "csv", [["1", 'a",b'], ["2", "c\nd"]]),
        # Python's csv module with an escape instead of doubled marks, or without marks at all
        (
            '1,说\\"好\\"\n2,"a, \\"b\\"\\\\"\n3,C:\\\\new\n',
            "csv",
            [["1", '说"好"'], ["2", 'a, "b"\\'], ["3", "C:\\new"]],
        ),
        ("1\t红\r\\\n蓝\t\\\\\n2\t黄\\\t绿\tx\n", "tsv", [["1", "红\r\n蓝", "\\"], ["2", "黄\t绿", "x"]]),
        # MySQL without marks: a text between marks is just that
        ('1,好\\, 真\n2,"赞"\n3,行\n', "csv", [["1", "好, 真"], ["2", '"赞"'], ["3", "行"]]),
    ],
)
def test_escapes_are_undone_where_the_lines_show_that_they_are(data: str, kind: str, rows: Rows) -> None:
    found, source = read(data, kind)
    assert found == rows
    assert [note.code for note in source.notes.all()] == ["escapes_undone"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("C:\\new\\test", "tsv"),
        ("D:\\r.txt 打不开", "tsv"),
        ("\\\\nas\\temp 慢", "tsv"),
        ("$\\nabla \\times \\theta$", "tsv"),
        ("¯\\_(ツ)_/¯\\n好", "tsv"),
        ("末尾\\", "tsv"),
        ("好\\n不好", "csv"),
        ("\\N", "csv"),
        ("说\\", "csv"),
        ("C:\\new, D:\\", "tsv"),
    ],
)
def test_other_backslashes_stay(text: str, kind: str) -> None:
    delimiter = "\t" if kind == "tsv" else ","
    found, source = read(f"id{delimiter}text\n1{delimiter}{text}\n2{delimiter}好\n", kind)
    assert found[1:] == [["1", text], ["2", "好"]]
    assert not source.notes.all()


def test_what_shows_an_escape_may_come_late() -> None:
    plain = "".join(f"{n}\t好吃\n" for n in range(9_000))
    found, _ = read(f"{plain}1\t红\\n蓝\n2\t\\N\n")
    assert found[-2:] == [["1", "红\n蓝"], ["2", ""]]
    assert len(found) == 9_002
    found, _ = read(f"{plain}1\tC:\\new\n2\t¯\\_(ツ)_/¯\n")
    assert found[-2:] == [["1", "C:\\new"], ["2", "¯\\_(ツ)_/¯"]]


def test_backslashes_that_can_be_meant_both_ways_change_no_text() -> None:
    found, _ = read('id,text\n1,"说\\"好\\"，x"\n2,"路径\\",一般"\n3,行\n4,"末尾\\"\n5,快\n')
    assert found == [["id", "text"], "misplaced_quote", "misplaced_quote", ["3", "行"], ["4", "末尾\\"], ["5", "快"]]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("a,b\n1,红\r蓝\n2,好\n", [["a", "b"], ["1", "红\r蓝"], ["2", "好"]]),  # pandas, SheetJS
        ("a,b\r\n1,红\r蓝\r\n2,好\r\n", [["a", "b"], ["1", "红\r蓝"], ["2", "好"]]),
        ('a,b\r1,"红\n蓝"\r2,好\r', [["a", "b"], ["1", "红\n蓝"], ["2", "好"]]),  # old Macs
        ("a,b\r\r\n1,好\r\r\n", [["a", "b"], ["1", "好"]]),  # a text file of a text file
        ('a,b\n1,"红\r\n\r蓝"\n2,黄\r绿,\r\n', [["a", "b"], ["1", "红\r\n\r蓝"], ["2", "黄\r绿", ""]]),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_a_cr_ends_lines_only_where_no_lf_does(data: str, rows: Rows, size: int) -> None:
    assert read(data, size=size)[0] == rows


def test_a_stray_mark_costs_its_own_row() -> None:
    rows = [f"{n},第{n}条" for n in range(2_000)]
    rows[700], rows[800], rows[1_900] = '700,"开', '800,尺寸5"', '1900,"到"处'
    found, _ = read("id,text\n" + "\n".join(rows))
    assert len(found) == 2_001
    assert [n for n, row in enumerate(found) if isinstance(row, str)] == [701, 1_901]
    assert found[801] == ["800", '尺寸5"']


def test_halves_of_a_row_are_no_rows() -> None:
    good = "".join(f"{n}\t好\t5\n" for n in range(9))
    found, _ = read(f"id\ttext\tstar\n{good}2\t红\n蓝\t4\n3\t差\t1\n4\t行\n5\t行\n6\ta\nb\nc\t1\n", "tsv")
    bad = "ragged_row"
    assert found[10:] == [bad, bad, ["3", "差", "1"], ["4", "行"], ["5", "行"], bad, bad, bad]


def test_a_text_that_its_commas_cut_is_no_text_though_no_headings_tell_how_many_cells_there_are() -> None:
    found, _ = read("1,好,5\n1,好,5\n2,差,1\n3,好,不错,5\n4,行,3,,\n")
    assert found == [["1", "好", "5"], ["1", "好", "5"], ["2", "差", "1"], "ragged_row", ["4", "行", "3", "", ""]]
    found, _ = read("id,text,a,b\n1,好,5\n2,差,1\n3,好,1,2\n4,好,5\n")
    assert found[3] == ["3", "好", "1", "2"]


def test_marks_in_the_texts_of_a_file_that_encloses_nothing() -> None:
    found, source = read('id,text\n1,"性价比"这个词\n2,好\n3,5"屏\n')
    assert found == [["id", "text"], ["1", '"性价比"这个词'], ["2", "好"], ["3", '5"屏']]
    assert source.facts["quotes"] is False


def test_a_mark_that_nobody_closes_takes_no_rows_of_a_file_that_encloses_others() -> None:
    data = 'id,text\n1,"好,吃"\n2,"坏了\n3,"红\n蓝"\n4,差\n'
    assert read(data)[0] == [["id", "text"], ["1", "好,吃"], "misplaced_quote", ["3", "红\n蓝"], ["4", "差"]]
    assert numbers(data) == [(1, True), (2, True), (3, False), (4, True), (6, True)]


def test_the_rest_of_a_broken_cell_is_no_row() -> None:
    found, _ = read('"id","text","x"\n"1","红 "坏" \n黄\n绿","y"\n"2","好,吃","z"\n"3","差","z"\n')
    assert found[1:] == ["misplaced_quote", "misplaced_quote", "misplaced_quote", ["2", "好,吃", "z"], ["3", "差", "z"]]


def test_marks_that_never_match_cost_no_more_than_a_few_readings() -> None:
    found, _ = read('"x,1\n' + 'x","x,1\n' * 60_000)
    assert 0 < len(found) <= 60_001
    found, _ = read("1\t2\n" * 9 + "1\tx\ry\\\n" * 60_000, "tsv", escape="backslash")
    assert 9 < len(found) <= 60_010


@pytest.mark.parametrize(
    ("data", "format_", "rows"),
    [
        ("编号\t评论\r\n1\t好, 真好\r\n".encode("utf-16"), "tsv", [["编号", "评论"], ["1", "好, 真好"]]),
        ('a\tb\n1\t"红\n蓝"\n', "tsv", [["a", "b"], ["1", "红\n蓝"]]),
        ("编号,评论\n1,好\n2,差\n", "csv", [["编号", "评论"], ["1", "好"], ["2", "差"]]),
        ("sep=;\n1;好\n", "csv", [["1", "好"]]),
        ("好,真的\n差,再也不来\n", None, [["好,真的"], ["差,再也不来"]]),
        ("好\t真的\n差\n", None, [["好\t真的"], ["差"]]),
        ('"好\n# 差\n', None, [['"好'], ["# 差"]]),
        ("内容很好,推荐\n差,再也不来\n", None, [["内容很好,推荐"], ["差,再也不来"]]),
    ],
)
def test_a_txt_is_a_table_if_its_lines_say_so(data: str | bytes, format_: str | None, rows: Rows) -> None:
    found, source = read(data, "txt")
    assert found == rows
    assert source.facts.get("format") == format_


def test_a_sender_says_what_a_txt_is() -> None:
    assert read("1,好\n", "txt", delimiter=",")[0] == [["1", "好"]]
    assert read("a\tb\n1\t好\n", "txt", format="txt")[0] == [["a\tb"], ["1\t好"]]
    with pytest.raises(InvalidInput, match="delimiter"):
        read("a\tb\n", "txt", format="txt", delimiter=",")


def test_options_are_obeyed() -> None:
    assert read("1\t红\\n蓝\n", "tsv", escape="none")[0] == [["1", "红\\n蓝"]]
    assert read("1\t红\\nb\n", "tsv", escape="backslash")[0] == [["1", "红\nb"]]
    assert read('1,"a\\"\n2,b\n', escape="backslash", quotes=True)[0] == ["misplaced_quote", ["2", "b"]]
    assert read('1,"a"\n', quotes=False)[0] == [["1", '"a"']]


def test_noise_ends_and_loses_no_line_in_silence() -> None:
    chance = random.Random(16)
    for _ in range(300):
        data = "".join(chance.choices(',;\t"\\\n\r|a好1N#', weights=[9, 2, 2, 6, 5, 9, 3, 1, 9, 9, 9, 2, 1], k=300))
        for kind in ("csv", "tsv", "txt"):
            source = Source(kind, data.encode(), cut(data.encode(), 40), Reading(), LIMITS)
            (table,) = (read_lines if kind == "txt" else read_delimited)(source)
            places = [record.number for record in table.records]
            assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("txt", "编号|评论|星\n1|好吃|5\n2|第一行\n第二行|4\n3|不好|2\n"),  # psql --no-align, sqlite3 -list
        ("txt", '"编号" "评论" "星"\n"1" "a" "好吃" 5\n"2" "b" "还, 行" 4\n'),  # write.table of R
        ("tsv", '"编号"\t"评论"\n"a"\t"他说\\"好\\""\n"b"\t"第一行\n第二行"\n"c"\t"一\t二"\n'),  # with tabs
    ],
)
def test_headings_are_none_of_the_texts_where_rows_are_torn(kind: str, data: str) -> None:
    rows, source = read(data, kind)
    assert rows[0] == (["编号", "评论", "星"] if kind == "txt" else ["编号", "评论"])
    assert source.facts["delimiter"] != ",", "it is cut"
    assert not any('"' in cell for row in rows if isinstance(row, list) for cell in row if "他说" not in cell)
