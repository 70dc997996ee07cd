"""Dates of rows: whole minutes since 1970-01-01 00:00 of the clock by which the file was written.

A time zone that stands beside a date is not looked at: 15:00+08:00 is 15:00, as the people saw it who wrote the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

DateOrder = Literal["day_first", "month_first", "year_first"]  #: of dates such as 03/05/2024 and 03/05/24

DAY = 1_440
FIRST_YEAR, LAST_YEAR = 1900, 2199  #: what lies outside stands for "no date" in most systems that write it
_CENTURY, _FIRST_SHORT = 1900, 90  # a year of two digits is one from 1990 to 2089

#: Is added to a date whose order is not known yet. Which it is may be known only at the end of the file, when chunks
#: are stored already. Each kind of such dates has a range of its own; all are whole numbers of 32 bits.
UNCLEAR = 1 << 30
_KIND = 1 << 28
_FROM = UNCLEAR - (1 << 27)  # the first kind is minutes, which may be negative
#: Kinds: day and month change places, within a year or so that the year changes too; or the three numbers as written.
_SAME_YEAR, _YEAR_LATER, _YEAR_EARLIER, _THREE = range(4)
_MONTHS, _YEARS = 13, 100  # one more than the largest month and two-digit year

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the clock of nobody in particular


def minutes_of(moment: datetime) -> int:
    """Return the minutes of what a clock shows; what it says of a time zone, and its seconds, are left out."""
    return (moment.toordinal() - _EPOCH.toordinal()) * DAY + moment.hour * 60 + moment.minute


def iso_minutes(text: str) -> int | None:
    """Return the minutes of a date in ISO 8601; None for anything else, and for years that stand for "no date"."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return minutes_of(moment) if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def moment_of(minutes: int) -> datetime:
    """Return what the clock shows, without a time zone."""
    return _EPOCH + timedelta(minutes=minutes)


def is_unclear(when: int) -> bool:
    """Tell whether the order of a date is not known yet."""
    return when >= _FROM


def unclear(day_first: int, month_first: int) -> int:
    """Return a date that is one of these two: day and month change places, and the year by one at most."""
    years = moment_of(month_first).year - moment_of(day_first).year
    return UNCLEAR + {0: _SAME_YEAR, 1: _YEAR_LATER, -1: _YEAR_EARLIER}[years] * _KIND + day_first


def unclear_of_three(numbers: tuple[int, int, int], minute: int) -> int:
    """Return a date with a year of two digits; `numbers` are as written, the second at most 12, and the first 31."""
    first, second, third = numbers
    return UNCLEAR + _THREE * _KIND + ((first * _MONTHS + second) * _YEARS + third) * DAY + minute


def year_of(two_digits: int) -> int:
    """Return the year from 1990 to 2089 that ends so."""
    return _CENTURY + two_digits + 100 * (two_digits < _FIRST_SHORT)


def of_three(numbers: tuple[int, int, int], order: DateOrder) -> datetime | None:
    """Return the day that three numbers are, one of which is a year of two digits; None where they are none."""
    first, second, third = numbers
    year, month, day = {
        "year_first": (first, second, third),
        "day_first": (third, second, first),
        "month_first": (third, first, second),
    }[order]
    try:
        return datetime(year_of(year), month, day)  # noqa: DTZ001  # as written
    except ValueError:
        return None


def resolved(dates: Sequence[int | None], order: DateOrder | None) -> Sequence[int | None]:
    """Return the dates of rows as far as they are clear; `order` is that of the file, None where nothing shows it."""
    if not any(when is not None and when >= _FROM for when in dates):
        return dates
    return [when if when is None or when < _FROM else _resolved(when - UNCLEAR, order) for when in dates]


def _resolved(coded: int, order: DateOrder | None) -> int | None:
    if order is None:
        return None
    kind = max(coded, 0) // _KIND
    value = coded - kind * _KIND
    if kind == _THREE:
        value, minute = divmod(value, DAY)
        value, third = divmod(value, _YEARS)
        day = of_three((*divmod(value, _MONTHS), third), order)
        return None if day is None else minutes_of(day) + minute
    if order == "day_first":
        return value
    moment = moment_of(value)
    year = moment.year + (0, 1, -1)[kind]
    return minutes_of(moment.replace(year, moment.day, moment.month))
