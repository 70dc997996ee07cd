"""Which column of a table says when its rows were written, and the dates in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from api.cell_kinds import TEXT
from api.ingest.notes import Notes
from api.ingest.options import Reading, bad_file
from api.ingest.recognition.cells import HOLDS_NOTHING
from api.ingest.recognition.date_cells import ANY_ORDER, YEAR_FIRST, Found, Short, date_in, day_of, plain_clock
from api.ingest.recognition.names import plain
from api.ingest.table import Record
from sentiq.jobs.dates import (
    UNCLEAR,
    DateOrder,
    is_unclear,
    iso_minutes,
    minutes_of,
    resolved,
    unclear,
    unclear_of_three,
)

ONE_OF = 5  #: of the first cells of a column of dates, at most one of so many is none
SURE_CELLS = 3  #: that are dates, all of them, where no heading says so
KNOWN_CELLS = 20_000  #: whose dates are remembered
LATEST_ZONE = timedelta(hours=14)  #: before UTC: of Kiribati, where each day begins
YEARS_BACK = 8  #: in which each day comes at least once, also 29 February
_REMEDY = "Write dates as 2024-03-05 or 2024-03-05 15:00"

#: How headings of dates end, as `plain` gives them, and what they say of the date: when the text was written, or not.
_HEADING = re.compile(
    r".*(?:日期|时间|时刻|年月|月份|日|date|time|datetime|timestamp|day|month|at|created|posted)|.*时间戳记?|ts|when"
)
_PLAIN = frozenset(("日期", "时间", "date", "time", "datetime", "timestamp", "ts", "day", "when"))
_WRITTEN = re.compile(
    r"评|论|留言|反馈|发表|发布|提交|发送|投诉|咨询|填写|创建|review|comment|post|publish|feedback|submit|created|sent"
)
_OTHERWISE = re.compile(r"回复|追评|追加|更新|修改|注册|reply|update|modif|register")
_NEVER = re.compile(r"生日|出生|截止|到期|失效|有效|birth|expir|deadline|due")


def date_column(
    names: Sequence[str], body: Sequence[Record], reading: Reading, but: Collection[int], notes: Notes
) -> int | None:
    """Return the place of the column that says when the rows were written; None where none is sure.

    `names` are the headings ("" where there is none), and `body` the first rows; `but` are columns of another meaning.
    """
    ranks = {at: _rank(name, _filled(body, at, reading)) for at, name in enumerate(names) if at not in but}
    found = sorted((rank, at) for at, rank in ranks.items() if rank is not None)
    if not found:
        return None
    best = found[0][1]
    others = [names[at] or f"column {at + 1}" for _, at in found[1:]]
    notes.add("date_column_recognised", column=names[best] or f"column {best + 1}", others=others)
    return best


def check_dates(name: str, at: int, body: Sequence[Record], reading: Reading) -> None:
    """Raise InvalidInput if the column that the sender named has cells among the first rows, and none is a date."""
    cells = _filled(body, at, reading)
    if cells and not any(_date_in(cell) for _, cell in cells):
        line, cell = cells[0]
        detail = f"The column {name!r} has no dates that can be read; line {line} has {cell[:50]!r}. {_REMEDY}, or "
        raise bad_file("no_dates", f"{detail}leave `date_column` out.", "date_column")


def _filled(body: Sequence[Record], at: int, reading: Reading) -> list[tuple[int, str]]:
    """Return the line and the text of each cell of a column that holds something."""
    return [
        (number, cells[at])
        for number, cells, kinds, _ in body
        if at < len(cells)
        and cells[at].strip()
        and cells[at].strip() not in reading.nulls
        and (kinds[at : at + 1] or TEXT) not in HOLDS_NOTHING
    ]


def _rank(name: str, cells: Sequence[tuple[int, str]]) -> int | None:
    """Return how far behind the surest a column comes; None where it is none of dates."""
    heading = plain(name)
    if not cells or _NEVER.search(heading):
        return None
    read: list[Found | Short] = []
    for place, (_, cell) in enumerate(cells):
        date = _date_in(cell)
        if date is not None:
            read.append(date)
        elif (place + 1 - len(read)) * ONE_OF > len(cells):
            return None  # most columns are none of dates, and are not read to the end
    behind = 4 if any(isinstance(date, Short) or date.is_month for date in read) else 0  # whole dates say more
    if _HEADING.fullmatch(heading):
        is_written = _WRITTEN.search(heading) and not _OTHERWISE.search(heading)
        return behind + (0 if is_written else 1 if heading in _PLAIN else 2)
    is_sure = len(read) == len(cells) >= SURE_CELLS and not any(date.is_number for date in read)
    return behind + 3 if is_sure else None


def _date_in(cell: str) -> Found | Short | None:
    return date_in(cell, UTC)


class Dates:
    """The dates of the rows of a file, one after the other, and what is found out of them on the way.

    Dates such as 03/05/2024 and 24-05-03 are told apart by the cells that cannot be read in every order, wherever they
    stand: each takes away the orders in which it is no day, or one that is still to come.
    """

    def __init__(self, at: int, name: str, reading: Reading, notes: Notes) -> None:
        """`at`, `name`: of the column. Raises InvalidInput for an unknown time zone."""
        self._at, self._name, self._notes, self._nulls = at, name, notes, reading.nulls
        self._zone = _zone_of(reading)
        self._today = today()
        self._year = reading.date_year
        self._asked = reading.date_order
        self._orders = ANY_ORDER if reading.date_order is None else frozenset((reading.date_order,))
        self._has_short_years = False  # whose order is not known
        self._known: dict[str, int | None] = {}
        self._first_fault: tuple[str, int] | None = None

    @property
    def order(self) -> DateOrder | None:
        """The order that the cells so far show; None where none does."""
        if len(self._orders) == 1:
            return next(iter(self._orders))
        # where dates have no year, the month stands first in both
        is_clear = "day_first" not in self._orders and not self._has_short_years
        return "month_first" if is_clear else None

    def of(self, cells: Sequence[str], kinds: str, line: int) -> int | None:
        """Return the date of a row as `Row.when` has it; None, which is noted, where the cell holds no date."""
        cell = cells[self._at] if self._at < len(cells) else ""
        if cell[4:5] == "-" and len(cell) >= 10:  # most dates are in ISO 8601, and half of what they cost is saved
            written = iso_minutes(cell)
            if written is not None:
                return written
        bare = cell.strip()
        if not bare or bare in self._nulls or (kinds and kinds[self._at : self._at + 1] in HOLDS_NOTHING):
            return None
        found = self._date(bare)
        if found is None:
            self._first_fault = self._first_fault or (bare, line)
            example, first = self._first_fault
            self._notes.count("dates_unreadable", column=self._name, example=example, line=first)
        elif is_unclear(found) and self.order is None:
            self._notes.count("dates_unclear", example=bare)
        return found

    def _date(self, cell: str) -> int | None:
        """Return the date in a cell, None where there is none. Days come again and again, which times do not."""
        day, _, clock = cell.partition(" ")
        if clock and (minutes := plain_clock(clock)) is not None and (found := self._known_date(day)) is not None:
            return found + minutes
        return self._known_date(cell)

    def _known_date(self, text: str) -> int | None:
        if text not in self._known:
            if len(self._known) >= KNOWN_CELLS:
                self._known.clear()
            self._known[text] = self._read(text)
        return self._known[text]

    def _read(self, cell: str) -> int | None:
        found = date_in(cell, self._zone)
        if found is None:
            return None
        if isinstance(found, Short):
            return self._short(found, cell)
        if found.is_unix:
            self._notes.add("dates_of_unix", zone=self._zone.key)
        if found.is_month and "dates_of_months" not in self._notes:
            self._notes.add("dates_of_months", example=cell)
        if not found.first or self._asked == "year_first":
            return found.minutes if max(found.first, found.second) > 12 or not found.is_unclear else None
        if max(found.first, found.second) > 12:
            order: DateOrder = "day_first" if found.first > 12 else "month_first"
            return found.minutes if self._is_possible(frozenset((order,)), cell) else None
        if not self._is_possible(ANY_ORDER - YEAR_FIRST, cell):
            return None
        if not found.is_unclear:
            return found.minutes
        when = UNCLEAR + found.minutes
        return when if self.order is None else resolved((when,), self.order)[0]

    def _short(self, found: Short, cell: str) -> int | None:
        """Return a date without a century or a year; None where it is none in any order that is left."""
        days = {order: day for order in found.orders if (day := self._day(found.numbers, order)) is not None}
        if not days or (found.is_number and not self._is_possible(frozenset(days), cell)):
            return None
        if len(found.numbers) == 2 and self._year is None and "dates_without_year" not in self._notes:
            self._notes.add("dates_without_year", example=cell, day=f"{self._today:%Y-%m-%d}")
        left = {day for order, day in days.items() if order in self._orders or not found.is_number}
        if len(left) == 1:
            return minutes_of(left.pop()) + found.minute
        if len(found.numbers) == 2:
            return unclear(minutes_of(days["day_first"]), minutes_of(days["month_first"])) + found.minute
        self._has_short_years = True
        return unclear_of_three(found.numbers, found.minute)

    def _day(self, numbers: tuple[int, ...], order: DateOrder) -> datetime | None:
        """Return the day that numbers are in this order, None where they are none.

        What has no year is the last such day until today, unless the year is asked for. What has two digits of one is
        no day to come, as no text was written on it, unless the order is asked for.
        """
        if len(numbers) == 3:
            day = day_of(numbers, order)
            return None if day is not None and self._asked is None and day > self._today else day
        if self._year is not None:
            return day_of(numbers, order, self._year)
        years = range(self._today.year, self._today.year - YEARS_BACK, -1)
        days = (day_of(numbers, order, year) for year in years)
        return next((day for day in days if day is not None and day <= self._today), None)

    def _is_possible(self, orders: frozenset[DateOrder], example: str) -> bool:
        """Take away all other orders, as a cell shows; tell whether one is left, else none is taken away."""
        left = self._orders & orders
        if left and left != self._orders:
            before, self._orders = self.order, left
            if before is None and self.order is not None:
                self._decided(self.order, example)
        return bool(left)

    def _decided(self, order: DateOrder, example: str) -> None:
        for code in ("dates_unclear", "dates_month_first"):
            self._notes.drop(code)
        if order == "day_first":
            self._notes.add("dates_day_first", column=self._name, example=example)
        elif order == "month_first":
            self._notes.add("dates_month_first", column=self._name, example=example)
        else:
            self._notes.add("dates_year_first", column=self._name, example=example)


def today() -> datetime:
    """Return the midnight with which today begins where the day is latest."""
    return datetime.now(timezone(LATEST_ZONE)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _zone_of(reading: Reading) -> ZoneInfo:
    try:
        return ZoneInfo(reading.time_zone)
    except (KeyError, ValueError, OSError):
        detail = f"{reading.time_zone!r} is no time zone; use a name such as Asia/Shanghai."
        raise bad_file("invalid_time_zone", detail, "time_zone") from None
