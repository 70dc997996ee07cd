"""A cell that holds a date, in the spellings of people, spreadsheets and programs, whole or short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple, get_args

from sentiq.jobs.dates import DAY, FIRST_YEAR, LAST_YEAR, DateOrder, minutes_of, of_three, year_of

MOST_CHARS = 60  #: of a date
CLOCKS_KNOWN = 20_000  #: times of a day that are read once
SERIALS = range(20_000, 80_000)  #: days since 1899-12-30 that are taken for a date: 1954 to 2119
UNIX_UNITS: Mapping[int, int] = {10: 1, 13: 10**3, 16: 10**6, 19: 10**9}  #: parts of a second, by the number of digits
LEAP_YEAR = 2024  #: has all days that any year has

YEAR_FIRST: frozenset[DateOrder] = frozenset(("year_first",))
MONTH_FIRST: frozenset[DateOrder] = frozenset(("month_first",))
ANY_ORDER: frozenset[DateOrder] = frozenset(get_args(DateOrder))

_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = {name: number for number, name in enumerate(_NAMES.split(), start=1)}
_MONTH = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_ZONE = r"(?:\[?(?:z|utc|gmt|cst|(?:gmt|utc)\s?[+-]\d{1,2}(?::?\d{2})?|[+-]\d{2}:?\d{2})\]?(?:\s(?:cst|gmt|utc))?)"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"

_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})\s*(?:[-/.]|年)\s*(?P<month>\d{1,2})\s*(?:[-/.]|月)\s*(?P<day>\d{1,2})(?!\d)\s*[日号]?(?P<clock>.*)"
)
_SHORT_YEAR_FIRST = re.compile(
    r"(?P<year>\d{2})\s*年\s*(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?(?P<clock>.*)"
)
_THREE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{1,2})(?![\d.])(?P<clock>.*)")
#: A year as Taiwan counts them, from 1912: 民國113年 is 2024. Three digits need no name.
_OF_THE_REPUBLIC = re.compile(r"民[國国]\s*(\d{1,3})(?=\s*[年/.-])|(1\d\d)(?=\s*年|([-/.])\d{1,2}\3\d{1,2}(?!\d))")
_BEFORE_THE_REPUBLIC = 1911
_ONLY_MONTH = (
    re.compile(r"(?P<year>\d{4}|\d{2}(?=\s*年))\s*年\s*(?P<month>\d{1,2})\s*月份?"),
    re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})[-/](?P<year>\d{4})"),
    re.compile(rf"{_MONTH},?[\s-]+(?P<year>\d{{4}})"),
)
_WITHOUT_YEAR = (
    re.compile(r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?(?P<clock>.*)"),
    re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY}(?P<clock>(?:,?\s+{_TIME}.*)?)"),
    re.compile(rf"{_WEEKDAY}{_DAY}[\s-]{_MONTH}(?P<clock>(?:,?\s+{_TIME}.*)?)"),
)
#: Two numbers are a day only where a time follows: 24/05 alone may be May of 2024, or the 24th.
_TWO = re.compile(r"(\d{1,2})[-/](\d{1,2})(?P<clock>\s+.*[:时時点點].*)")
_YEAR_LAST = re.compile(r"(?P<one>\d{1,2})([-/.])(?P<two>\d{1,2})\2(?P<year>\d{4})(?!\d)(?P<clock>.*)")
_NAMED = (
    re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY},?\s+(?P<year>\d{{4}})(?!\d)(?P<clock>.*)"),
    re.compile(rf"{_WEEKDAY}{_DAY}[\s-]{_MONTH},?[\s-](?P<year>\d{{4}})(?!\d)(?P<clock>.*)"),
    re.compile(rf"{_WEEKDAY}{_MONTH}\s+{_DAY}\s+(?P<clock>{_TIME})(?:\s+{_ZONE})?\s+(?P<year>\d{{4}})"),  # of Weibo
)
#: As Excel and Oracle write it: 5-Mar-24.
_NAMED_SHORT = re.compile(rf"{_DAY}[\s-]{_MONTH},?[\s-](?P<year>\d{{2}})(?![\d:])(?P<clock>.*)")
_DOTTED_CLOCK = re.compile(r"(\s\d{1,2})\.(\d{2})(?:\.(\d{2}))?(?=\D|$)")
_CLOCK = re.compile(
    r"[t\s,]*(?:(?:星期|周)[一二三四五六日天])?\s*"
    r"(?P<before>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|晚|[ap]\.?m\.?)?\s*"
    r"(?P<hour>\d{1,2})(?:\s*[:时時点點]\s*(?:(?P<half>半)|(?P<minute>\d{1,2})(?:\s*[:分]\s*(?:\d{1,2}(?:[.,]\d+)?\s*秒?)?)?)?)?"
    rf"\s*(?P<after>[ap]\.?m\.?)?\s*{_ZONE}?"
)
_PLAIN_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
_NO_CLOCK = re.compile(r"\s*(?:(?:星期|周)[一二三四五六日天])?\s*")
_NUMBER = re.compile(r"(\d{5,19})(?:\.(\d+))?")
_LATE = frozenset(("下午", "傍晚", "晚上", "夜里", "晚", "pm"))
_EARLY = frozenset(("凌晨", "清晨", "早上", "早晨", "上午", "am"))
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a spreadsheet knows no time zone


class Found(NamedTuple):
    """What a cell says."""

    minutes: int  #: of the clock; as if the day stood first where `first` and `second` may be either
    first: int = 0  #: the two numbers before the year, where the year is the last; else 0
    second: int = 0
    is_number: bool = False  #: it could be something else than a date
    is_unix: bool = False  #: it says nothing of a clock
    is_month: bool = False  #: it says nothing of a day

    @property
    def is_unclear(self) -> bool:
        """Tell whether day and month may change places."""
        return self.first != self.second and max(self.first, self.second) <= 12


class Short(NamedTuple):
    """A date without a century or without a year: its numbers, as written."""

    numbers: tuple[int, int, int] | tuple[int, int]
    minute: int  #: of the day
    orders: frozenset[DateOrder]  #: that its spelling allows
    is_number: bool = True  #: it could be something else than a date, and no word of it tells the order


@lru_cache(CLOCKS_KNOWN)
def plain_clock(text: str) -> int | None:
    """Return the minutes since midnight of 15:04 or 15:04:05; None for another spelling."""
    found = _PLAIN_CLOCK.fullmatch(text)
    return None if found is None else _minute(int(found[1]), int(found[2]))


def date_in(cell: str, zone: tzinfo) -> Found | Short | None:
    """Return the date that a cell holds; None where it holds none. `zone` gives the clock that shows Unix times."""
    if len(cell) > MOST_CHARS:
        return None
    text = " ".join(_bare(unicodedata.normalize("NFKC", cell)).casefold().split())
    if (number := _NUMBER.fullmatch(text)) is not None:
        return _of_number(number[1], number[2], zone)
    if (found := _OF_THE_REPUBLIC.match(text)) is not None:
        text = f"{int(found[1] or found[2]) + _BEFORE_THE_REPUBLIC}{text[found.end() :]}"
    if (found := _YEAR_FIRST.fullmatch(text)) is not None:
        return _found(found["year"], found["month"], found["day"], found["clock"])
    if (found := _YEAR_LAST.fullmatch(text)) is not None:
        one, two = int(found["one"]), int(found["two"])
        day, month = (two, one) if two > 12 else (one, two)
        read = _found(found["year"], month, day, found["clock"])
        return read if read is None or found[2] == "." else read._replace(first=one, second=two)
    for form in _NAMED:
        if (found := form.fullmatch(text)) is not None:
            return _found(found["year"], _MONTHS[found["name"]], found["day"], found["clock"])
    if (found := _NAMED_SHORT.fullmatch(text)) is not None:
        clock = _DOTTED_CLOCK.sub(r"\1:\2:\3", found["clock"])
        return _found(year_of(int(found["year"])), _MONTHS[found["name"]], found["day"], clock)
    return _month_in(text) or _short_in(text)


def _bare(cell: str) -> str:
    """Return a cell without the marks that keep spreadsheets from changing it: ="…", an apostrophe, `."""
    bare = cell.strip()
    if bare.startswith('="') and bare.endswith('"'):
        bare = bare[2:-1]
    return bare.strip("'`")


def _month_in(text: str) -> Found | None:
    """Return the first day of a month that stands alone."""
    for form in _ONLY_MONTH:
        if (found := form.fullmatch(text)) is not None:
            year = found["year"] if len(found["year"]) == 4 else f"20{found['year']}"
            first = _found(year, _month_of(found), 1, "")
            return first and first._replace(is_month=True, is_number="年" not in text and form is not _ONLY_MONTH[-1])
    return None


def _month_of(found: re.Match[str]) -> int:
    parts = found.groupdict()
    return int(parts["month"]) if parts.get("month") else _MONTHS[parts["name"]]


def _short_in(text: str) -> Short | None:
    """Return a date whose year has two digits, or that has none."""
    if (found := _SHORT_YEAR_FIRST.fullmatch(text)) is not None:
        numbers = int(found["year"]), int(found["month"]), int(found["day"])
        return _short(numbers, found["clock"], YEAR_FIRST, is_number=False)
    if (found := _THREE.fullmatch(text)) is not None:
        numbers = int(found[1]), int(found[3]), int(found[4])
        return _short(numbers, found["clock"], ANY_ORDER - MONTH_FIRST if found[2] == "." else ANY_ORDER)
    for form in _WITHOUT_YEAR:
        if (found := form.fullmatch(text)) is not None:
            return _short((_month_of(found), int(found["day"])), found["clock"], MONTH_FIRST, is_number=False)
    if (found := _TWO.fullmatch(text)) is not None:
        return _short((int(found[1]), int(found[2])), found["clock"], ANY_ORDER)
    return None


def _short(
    numbers: tuple[int, int, int] | tuple[int, int],
    clock: str,
    orders: frozenset[DateOrder],
    *,
    is_number: bool = True,
) -> Short | None:
    """Return the date with its time; None where the time is none, or no order makes a date of the numbers."""
    minute = _minute_of_day(clock)
    possible = frozenset(order for order in orders if day_of(numbers, order) is not None)
    return Short(numbers, minute, possible, is_number) if minute is not None and possible else None


def day_of(numbers: tuple[int, ...], order: DateOrder, year: int = LEAP_YEAR) -> datetime | None:
    """Return the day that numbers are in this order, with the year where they have none; None where they are none."""
    if len(numbers) == 3:
        return of_three((numbers[0], numbers[1], numbers[2]), order)
    month, day = numbers[::-1] if order == "day_first" else numbers
    return _moment(year, month, day)


def _found(year: str | int, month: str | int, day: str | int, clock: str) -> Found | None:
    minutes = _minute_of_day(clock)
    whole = None if minutes is None else _moment(int(year), int(month), int(day))
    return None if minutes is None or whole is None else Found(minutes_of(whole) + minutes)


def _moment(year: int, month: int, day: int) -> datetime | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return datetime(year, month, day)  # noqa: DTZ001  # as written
    except ValueError:
        return None


def _minute_of_day(clock: str) -> int | None:
    """Return the minutes since midnight that follow a day, 0 where nothing does; None where it is no time."""
    if _NO_CLOCK.fullmatch(clock):
        return 0
    found = _CLOCK.fullmatch(clock)
    if found is None:
        return None
    hour, minute = int(found["hour"]), 30 if found["half"] else int(found["minute"] or 0)
    part = (found["before"] or found["after"] or "").replace(".", "")
    if (part in _LATE and hour < 12) or (part == "中午" and hour < 11):
        hour += 12
    elif part in _EARLY and hour == 12:
        hour = 0
    elif part in ("晚上", "夜里", "晚") and hour == 12:
        hour = 24
    return _minute(hour, minute)


def _minute(hour: int, minute: int) -> int | None:
    """Return the minutes since midnight; None for what is no time. 24:00 is the last minute of its day."""
    is_time = minute < 60 and (hour < 24 or (hour, minute) == (24, 0))
    return min(hour * 60 + minute, DAY - 1) if is_time else None


def _of_number(digits: str, fraction: str | None, zone: tzinfo) -> Found | None:
    if len(digits) in UNIX_UNITS:
        seconds = int(digits) // UNIX_UNITS[len(digits)]
        moment = datetime.fromtimestamp(seconds, zone)
        return Found(minutes_of(moment), is_number=True, is_unix=True) if moment.year <= LAST_YEAR else None
    if len(digits) in (8, 12, 14) and not (fraction or "").strip("0"):
        clock = digits[8:]
        found = _found(digits[:4], digits[4:6], digits[6:8], f"{clock[:2]}:{clock[2:4]}" if clock else "")
        return found and found._replace(is_number=True)
    if int(digits) in SERIALS:
        days = float(f"{digits}.{fraction or 0}")
        minutes = round(days % 1 * DAY)
        return Found(minutes_of(_SERIAL_EPOCH + timedelta(days=int(digits))) + minutes, is_number=True)
    return None
