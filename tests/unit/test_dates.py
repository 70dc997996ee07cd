"""The dates of rows, in the spellings of people and programs, and the column that has them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import get_args

import polars
import pytest
from openpyxl import Workbook

from api.export.periods import Step, begin_of, named, period, step_after
from api.ingest.files import File
from api.ingest.options import Reading
from api.ingest.recognition import dates as recognition
from api.ingest.recognition.date_cells import Found, date_in
from sentiq.core.errors import InvalidInput
from sentiq.jobs.dates import DateOrder, minutes_of, moment_of, resolved
from sentiq.jobs.types import FileFormat, Row
from tests.support.reading import LIMITS

TEXTS = ("味道不错，还会再来", "等了一个小时，太慢了", "还行吧，一分钱一分货", "包装破了，很失望")


def moment(written: str) -> int:
    return minutes_of(datetime.fromisoformat(written))


def read(data: bytes, reading: Reading | None = None) -> tuple[list[Row], FileFormat]:
    with File(iter([data]), reading or Reading(), LIMITS) as file:
        return list(file.rows()), file.format


def table(heading: str, dates: Sequence[str]) -> bytes:
    """Return a CSV file with a text and a date in each row."""
    rows = (f'{TEXTS[n % len(TEXTS)]},"{cell}"' for n, cell in enumerate(dates))
    return f"评价内容,{heading}\n{chr(10).join(rows)}\n".encode()


def shown(rows: Sequence[Row], order: FileFormat) -> list[str | None]:
    """Return the dates of rows as a filter sees them."""
    found = resolved([row.when for row in rows], order.date_order)
    return [None if when is None else moment_of(when).isoformat(" ", "minutes") for when in found]


def notes(found: FileFormat) -> dict[str, dict[str, object]]:
    return {note.code: dict(note.facts) for note in found.notes}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2024-03-05", "2024-03-05 00:00"),
        ("民國113年3月5日 下午3:04", "2024-03-05 15:04"),
        ("民国 113/03/05", "2024-03-05 00:00"),
        ("113年3月5日", "2024-03-05 00:00"),
        ("113/03/05 15:04", "2024-03-05 15:04"),
        ("113.3.5", "2024-03-05 00:00"),
        ("民國99年3月", "2010-03-01 00:00"),
        ("2024-3-5 9:07", "2024-03-05 09:07"),
        ("2024-03-05T15:04:05.123+08:00", "2024-03-05 15:04"),
        ("2024-03-05 07:04:05Z", "2024-03-05 07:04"),
        ("2024/3/5", "2024-03-05 00:00"),
        ("2024.03.05 15:04", "2024-03-05 15:04"),
        ("2024年3月5日", "2024-03-05 00:00"),
        ("2024年3月5日 星期二 下午3点", "2024-03-05 15:00"),
        ("２０２４年３月５日１５：０４", "2024-03-05 15:04"),
        ("2024/3/5 下午3点半", "2024-03-05 15:30"),
        ("2024/3/5 上午12:05:00", "2024-03-05 00:05"),
        ("2024/3/5 下午 3:04:05 [GMT+8]", "2024-03-05 15:04"),
        ("2024-03-05 15:04:05 +0800 CST", "2024-03-05 15:04"),
        ("2024/3/5 中午12点", "2024-03-05 12:00"),
        ("2024/3/5 晚上12点", "2024-03-05 23:59"),
        ("2024/3/5 24:00", "2024-03-05 23:59"),
        ("13/03/2024 3:04 PM", "2024-03-13 15:04"),
        ("5.3.2024", "2024-03-05 00:00"),
        ("Mar 5, 2024", "2024-03-05 00:00"),
        ("5 March 2024 15:04", "2024-03-05 15:04"),
        ("Tue, 05 Mar 2024 15:04:05 GMT", "2024-03-05 15:04"),
        ("Tue Mar 05 15:04:05 +0800 2024", "2024-03-05 15:04"),
        ("5-Mar-24", "2024-03-05 00:00"),
        ("05-MAR-24", "2024-03-05 00:00"),
        ("05-MAR-24 03.04.05.000000 PM", "2024-03-05 15:04"),
        ("5 Mar 99 15:04", "1999-03-05 15:04"),
        ('="2024-03-05"', "2024-03-05 00:00"),
        ('="2024/3/5 15:04"', "2024-03-05 15:04"),
        ("`2024-03-05 15:04:05", "2024-03-05 15:04"),
        ("'2024-03-05", "2024-03-05 00:00"),
        ("20240305", "2024-03-05 00:00"),
        ("20240305150405", "2024-03-05 15:04"),
        ("1709651045", "2024-03-05 15:04"),
        ("1709651045123", "2024-03-05 15:04"),
        ("45356", "2024-03-05 00:00"),
        ("45356.6278", "2024-03-05 15:04"),
    ],
)
def test_a_date_is_read_in_the_spellings_of_people_and_programs(cell: str, expected: str) -> None:
    found = date_in(cell, UTC)
    assert isinstance(found, Found)
    assert moment_of(found.minutes) == datetime.fromisoformat(expected)
    assert not found.is_unclear


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "昨天",
            "3小时前",
            "15:04",
            "05-03",
            "5/3",
            "24-05",
            "2024-02-30",
            "2024-13",
            "2024/13/32",
            "13/13/2024",
            "0000-00-00 00:00:00",
        ),
        *("0001-01-01", "9999-12-31", "2024/3/5 25:00", "2024/3/5 物流很慢", "12345678", "13800138000", "5", "4.5"),
        *("2024-03-055", "2024/3/5" * 100, "5-Mar-245", '="', '=""', "31-Feb-24", "5 Mar 24:30"),
    ],
)
def test_what_is_no_day_is_no_date(cell: str) -> None:
    assert date_in(cell, UTC) is None


@pytest.mark.parametrize("guard", ['=""{}""', "`{}", "'{}", "\t{}"])
def test_a_column_of_guarded_dates_is_one_of_dates(guard: str) -> None:
    rows, found = read(table("评价时间", [guard.format("2024-03-05"), guard.format("2024-03-06 10:00")]))
    assert found.date_column == "评价时间"
    assert shown(rows, found) == ["2024-03-05 00:00", "2024-03-06 10:00"]


FIVE = ("2024-03-05 15:04:05", "2024/3/5", "2024年3月5日 下午3点", "20240305", "Mar 5, 2024")


def test_one_column_may_have_five_spellings() -> None:
    rows, found = read(table("评价时间", FIVE * 3))
    day = "2024-03-05"
    assert shown(rows, found) == [f"{day} 15:04", f"{day} 00:00", f"{day} 15:00", f"{day} 00:00", f"{day} 00:00"] * 3
    assert (found.date_column, found.date_number) == ("评价时间", 2)
    assert notes(found) == {"date_column_recognised": {"column": "评价时间", "others": []}}


def workbook() -> bytes:
    book, out = Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["评论", "日期"])
    moments = (datetime(2024, 3, 5, 15, 4), date(2024, 3, 6), 45358, None)  # noqa: DTZ001  # a workbook has no zones
    for text, when in zip(TEXTS, moments, strict=True):
        sheet.append([text, when])
    sheet["B4"].number_format = "General"
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    moments = [datetime(2024, 3, 5, 15, 4), datetime(2024, 3, 6), datetime(2024, 3, 7), None]  # noqa: DTZ001
    polars.DataFrame({"评论": TEXTS, "日期": moments}).write_parquet(out)
    return out.getvalue()


def json_lines() -> bytes:
    cells: tuple[object, ...] = ("2024-03-05T15:04:00+08:00", 20240306, "2024/3/7", None)
    pairs = zip(TEXTS, cells, strict=True)
    return "\n".join(json.dumps({"text": text, "created_at": cell}) for text, cell in pairs).encode()


def csv() -> bytes:
    return table("日期", ("2024/3/5 15:04", "2024/3/6", "2024-03-07", ""))


@pytest.mark.parametrize("data", [workbook, parquet, json_lines, csv])
@pytest.mark.parametrize("is_named", [False, True])
def test_any_file_may_have_dates(data: object, *, is_named: bool) -> None:
    assert callable(data)
    rows, found = read(data(), Reading(date_column="2" if is_named else None))
    assert shown(rows, found) == ["2024-03-05 15:04", "2024-03-06 00:00", "2024-03-07 00:00", None]
    assert "dates_unreadable" not in notes(found), "an empty cell is none that cannot be read"
    assert ("date_column_recognised" in notes(found)) == (not is_named)


@pytest.mark.parametrize(
    ("headings", "expected", "others"),
    [
        (("下单时间", "评价时间", "更新时间"), "评价时间", ["下单时间", "更新时间"]),
        (("生日", "创建时间"), "创建时间", []),
        (("有效期", "截止日期"), None, None),
        (("甲", "乙"), "甲", ["乙"]),
        (("created_at", "date"), "created_at", ["date"]),
    ],
)
def test_the_column_is_the_one_that_says_when_texts_were_written(
    headings: tuple[str, ...], expected: str | None, others: list[str] | None
) -> None:
    lines = [f"{text}{''.join(f',2024-03-0{n}' for n in range(1, len(headings) + 1))}" for text in TEXTS]
    _, found = read(f"评价内容,{','.join(headings)}\n{chr(10).join(lines)}\n".encode())
    assert found.date_column == expected
    assert notes(found).get("date_column_recognised", {}).get("others") == others


@pytest.mark.parametrize(("others", "expected"), [(1, "评价时间"), (2, None)])
def test_most_cells_of_the_column_are_dates(others: int, expected: str | None) -> None:
    cells = ("昨天",) * others + ("2024-03-05",) * (5 - others)
    assert read(table("评价时间", cells))[1].date_column == expected


@pytest.mark.parametrize("heading", ["编号", "电话", "数量", "价格"])
def test_numbers_are_dates_only_where_the_heading_says_so(heading: str) -> None:
    numbers = ("20240305", "20240306", "20240307", "20240308")
    assert read(table(heading, numbers))[1].date_column is None
    assert read(table("日期", numbers))[1].date_column == "日期"


@pytest.mark.parametrize(
    ("last", "order", "expected"),
    [
        ("25/03/2024", "day_first", ["2024-05-03 00:00", "2024-04-03 00:00", "2024-03-25 00:00"]),
        ("03/25/2024", "month_first", ["2024-03-05 00:00", "2024-03-04 00:00", "2024-03-25 00:00"]),
        ("03/06/2024", None, [None, None, None]),
    ],
)
def test_the_column_tells_whether_the_day_stands_first(last: str, order: str | None, expected: list[str]) -> None:
    """Also where the first cell that shows it comes long after those by which the column was recognised."""
    first = [f"0{3}/0{4 + n % 2}/2024" for n in range(1, 201)]
    rows, found = read(table("日期", (*first, last)))
    assert found.date_order == order
    assert [*shown(rows, found)[:2], shown(rows, found)[-1]] == expected
    told = notes(found)
    if order is None:
        assert told["dates_unclear"] == {"count": 201, "example": last}
    else:
        assert told[f"dates_{order}"] == {"column": "日期", "example": last}
        assert "dates_unclear" not in told


def test_the_end_of_a_day_is_of_this_day_whatever_the_order() -> None:
    rows, found = read(table("日期", ("12/05/2024 24:00", "12/06/2024 9:07:59", "12/25/2024 3:00 PM")))
    assert shown(rows, found) == ["2024-12-05 23:59", "2024-12-06 09:07", "2024-12-25 15:00"]


def test_who_knows_the_order_says_so() -> None:
    cells = ("03/05/2024", "03/06/2024", "25/03/2024")
    rows, found = read(table("日期", cells), Reading(date_order="month_first"))
    assert shown(rows, found) == ["2024-03-05 00:00", "2024-03-06 00:00", None], "the last one contradicts"
    assert notes(found)["dates_unreadable"] == {"count": 1, "column": "日期", "example": "25/03/2024", "line": 4}


TODAY = datetime(2026, 1, 10)  # noqa: DTZ001  # the day on which the files below arrive


@pytest.fixture
def in_january(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "today", lambda: TODAY)


@pytest.mark.usefixtures("in_january")
@pytest.mark.parametrize(
    ("cells", "order", "expected"),
    [
        # 24-05-31 as 24 May 2031 is still to come, and there is no month 24
        (("24-05-03", "24-05-31 9:07"), "year_first", ["2024-05-03 00:00", "2024-05-31 09:07"]),
        (("24/5/3", "24/12/28"), "year_first", ["2024-05-03 00:00", "2024-12-28 00:00"]),
        (("5/3/24", "12/28/24"), "month_first", ["2024-05-03 00:00", "2024-12-28 00:00"]),
        (("03.05.24", "28.05.24"), "day_first", ["2024-05-03 00:00", "2024-05-28 00:00"]),
        (("98-05-03", "99-12-31"), "year_first", ["1998-05-03 00:00", "1999-12-31 00:00"]),
        (("03/05/24", "31/05/2024"), "day_first", ["2024-05-03 00:00", "2024-05-31 00:00"]),
        (("24年5月3日 14:20", "25年1月2日"), None, ["2024-05-03 14:20", "2025-01-02 00:00"]),
        (("24-05-03", "24-05-04"), None, [None, None]),
        (("03/05/24", "04/05/24"), None, [None, None]),
    ],
)
def test_the_column_tells_where_the_year_of_two_digits_stands(
    cells: tuple[str, ...], order: str | None, expected: list[str | None]
) -> None:
    for column in (cells, cells[::-1]):
        rows, found = read(table("评价时间", (*column, *column)))
        assert found.date_order == order
        assert shown(rows, found) == 2 * (expected if column == cells else expected[::-1])
        assert ("dates_unclear" in notes(found)) == (None in expected)
        if order is not None:
            assert notes(found)[f"dates_{order}"]["column"] == "评价时间"


def test_who_knows_where_the_year_stands_says_so() -> None:
    cells = ("24-05-03", "24-05-04", "89-05-04")
    expected: dict[DateOrder, list[str | None]] = {
        "year_first": ["2024-05-03", "2024-05-04", "2089-05-04"],
        "day_first": ["2003-05-24", "2004-05-24", None],
    }
    for order, days in expected.items():
        rows, found = read(table("评价时间", cells), Reading(date_order=order))
        assert shown(rows, found) == [day and f"{day} 00:00" for day in days]
        assert "dates_unclear" not in notes(found)


@pytest.mark.usefixtures("in_january")
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (("12月28日", "1月5日 14:20"), ["2025-12-28 00:00", "2026-01-05 14:20"]),
        (("12-28 14:20", "01-05 09:00"), ["2025-12-28 14:20", "2026-01-05 09:00"]),
        # the order shows late, and the year with it: on 10 January, the last 2 March is one of last year
        (("02/03 09:00", "05/01 09:00", "28/12 09:00"), ["2025-03-02 09:00", "2026-01-05 09:00", "2025-12-28 09:00"]),
        (("02/01 09:00", "01/05 09:00", "12/28 09:00"), ["2025-02-01 09:00", "2026-01-05 09:00", "2025-12-28 09:00"]),
        (("2月29日", "Mar 3"), ["2024-02-29 00:00", "2025-03-03 00:00"]),
        (("02/03 09:00", "05/01 09:00"), [None, None]),
    ],
)
def test_a_date_without_a_year_is_the_last_such_day_and_the_notes_say_so(
    cells: tuple[str, ...], expected: list[str | None]
) -> None:
    rows, found = read(table("评价时间", cells))
    assert shown(rows, found) == expected
    assert notes(found)["dates_without_year"] == {"example": cells[0], "day": "2026-01-10"}
    assert ("dates_unclear" in notes(found)) == (None in expected)


@pytest.mark.usefixtures("in_january")
def test_who_knows_the_year_says_so() -> None:
    cells = ("5月3日", "12-28 14:20", "2月29日")
    rows, found = read(table("评价时间", cells), Reading(date_column="2", date_year=2023))
    assert shown(rows, found) == ["2023-05-03 00:00", "2023-12-28 14:20", None]
    assert "dates_without_year" not in notes(found)


@pytest.mark.parametrize("cells", [("2024-05", "2024-06"), ("2024年5月", "2024年6月份"), ("5/2024", "Jun 2024")])
def test_a_month_alone_is_its_first_day_and_the_notes_say_so(cells: tuple[str, ...]) -> None:
    rows, found = read(table("月份", cells))
    assert shown(rows, found) == ["2024-05-01 00:00", "2024-06-01 00:00"]
    assert notes(found)["dates_of_months"] == {"example": cells[0]}


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("型号", ("24-05-03", "24-05-31", "24-06-01")),
        ("配送时间", ("1-2", "3-5", "2-4")),
        ("评分", ("3/5", "4/5", "5/5")),
    ],
)
def test_short_numbers_are_dates_only_where_the_heading_says_so(heading: str, cells: tuple[str, ...]) -> None:
    assert read(table(heading, cells))[1].date_column is None


def test_a_column_of_whole_dates_comes_before_one_of_short_ones() -> None:
    lines = "".join(f"{text},5月{n}日,2024-05-0{n}\n" for n, text in enumerate(TEXTS, start=1))
    assert read(f"评价内容,评价时间,日期\n{lines}".encode())[1].date_column == "日期"


@pytest.mark.usefixtures("in_january")
@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_every_kind_of_file_may_have_short_dates(form: str) -> None:
    cells = ("24-05-03", "2024年5月", "5月3日", "24-05-31 14:20")
    pairs = list(zip(TEXTS, cells, strict=True))
    if form == "csv":
        data = table("评价时间", cells)
    elif form == "jsonl":
        data = "\n".join(json.dumps({"text": text, "created_at": cell}) for text, cell in pairs).encode()
    else:
        book, out = Workbook(), io.BytesIO()
        for row in (("评价内容", "评价时间"), *pairs):
            book.worksheets[0].append(row)
        book.save(out)
        data = out.getvalue()
    rows, found = read(data)
    assert shown(rows, found) == ["2024-05-03 00:00", "2024-05-01 00:00", "2025-05-03 00:00", "2024-05-31 14:20"]


def test_unix_times_are_shown_by_the_clock_of_the_job() -> None:
    data = table("timestamp", ("1709651045", "1709651045000", "1709654645"))
    rows, found = read(data, Reading(time_zone="Asia/Shanghai"))
    assert shown(rows, found) == ["2024-03-05 23:04", "2024-03-05 23:04", "2024-03-06 00:04"]
    assert notes(found)["dates_of_unix"] == {"zone": "Asia/Shanghai"}
    with pytest.raises(InvalidInput) as refused:
        read(data, Reading(time_zone="Asia/Nowhere"))
    assert refused.value.errors[0].pointer == "/time_zone"


def test_a_cell_that_is_no_date_leaves_its_row_without_one_and_is_counted() -> None:
    cells = ("2024-03-05", "昨天", "", "-", "NULL", "2024-03-06", "2024-03-07", "2024-03-08", "上周", "2024-03-09")
    rows, found = read(table("日期", cells), Reading(date_column="日期"))
    assert all(row.error is None for row in rows)
    assert [row.when is None for row in rows] == [False, True, True, True, True, False, False, False, True, False]
    assert notes(found)["dates_unreadable"] == {"count": 2, "column": "日期", "example": "昨天", "line": 3}


def test_a_row_that_fails_keeps_its_date() -> None:
    (good, bad), found = read("评价内容,日期\n很好,2024-03-05\n,2024-03-06\n".encode(), Reading(text_column=("1",)))
    assert bad.error is not None
    assert shown([good, bad], found) == ["2024-03-05 00:00", "2024-03-06 00:00"]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ("日子", "unknown_column", "'评价内容', '日期'"),
        ("日期", "no_dates", "line 2 has '很久以前'"),
        ("评价内容", "ambiguous_column", "texts"),
    ],
)
def test_a_named_column_without_dates_is_refused_with_the_remedy(asked: str, code: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(table("日期", ("很久以前", "最近")), Reading(date_column=asked))
    (fault,) = refused.value.errors
    assert (fault.code, fault.pointer) == (code, "/date_column")
    assert said in fault.detail


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01 00:00", "2024-12-31 23:59"),
        ("2024-02", "2024-02-01 00:00", "2024-02-29 23:59"),
        ("2024-03-05", "2024-03-05 00:00", "2024-03-05 23:59"),
        ("2024-03-05T15", "2024-03-05 15:00", "2024-03-05 15:59"),
        ("2024-03-05 15:04", "2024-03-05 15:04", "2024-03-05 15:04"),
    ],
)
def test_a_period_is_all_its_minutes(text: str, first: str, last: str) -> None:
    assert period(text) == (moment(first), moment(last))


@pytest.mark.parametrize(
    "text", ["", "1899", "24-03-05", "2024-13", "2024-02-30", "2024-03-05T24", "last week", "2024-W10"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2024-03-05"):
        period(text)


@pytest.mark.parametrize("step", get_args(Step))
@pytest.mark.parametrize("written", ["2024-02-29 23:59", "2023-12-31 00:00", "1969-12-31 12:30", "1900-01-01 00:00"])
def test_a_step_has_a_name_that_leads_to_its_rows(step: Step, written: str) -> None:
    begin = begin_of(step)(moment(written))
    first, last = named(step, begin)
    assert period(first)[0] == begin <= moment(written) <= period(last)[1] == step_after(step, begin) - 1
    assert begin_of(step)(begin) == begin_of(step)(step_after(step, begin) - 1) == begin
