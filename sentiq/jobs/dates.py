"""Dates of rows: whole minutes since 1970-01-01 00:00 of the clock by which the file was written.

A time zone that stands beside a date is not looked at: 15:00+08:00 is 15:00, as the people saw it who wrote the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

DateOrder = Literal["day_first", "month_first"]  #: of dates such as 03/05/2024

DAY = 1_440
FIRST_YEAR, LAST_YEAR = 1900, 2199  #: what lies outside stands for "no date" in most systems that write it

#: Is added to a date of which it was not known whether its day or its month stands first; it was read as if the day
#: did. Which it is may be known only at the end of the file, when chunks are stored already.
UNCLEAR = 1 << 30

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # the clock of nobody in particular


def minutes_of(moment: datetime) -> int:
    """Return the minutes of what a clock shows; what it says of a time zone, and its seconds, are left out."""
    return (moment.toordinal() - _EPOCH.toordinal()) * DAY + moment.hour * 60 + moment.minute


def moment_of(minutes: int) -> datetime:
    """Return what the clock shows, without a time zone."""
    return _EPOCH + timedelta(minutes=minutes)


def resolved(dates: Sequence[int | None], order: DateOrder | None) -> Sequence[int | None]:
    """Return the dates of rows as far as they are clear; `order` is that of the file, None where nothing shows it."""
    if not any(when is not None and when >= UNCLEAR for when in dates):
        return dates
    return [when if when is None or when < UNCLEAR else _resolved(when - UNCLEAR, order) for when in dates]


def _resolved(minutes: int, order: DateOrder | None) -> int | None:
    if order is None:
        return None
    if order == "day_first":
        return minutes
    moment = moment_of(minutes)
    return minutes_of(moment.replace(day=moment.month, month=moment.day))
