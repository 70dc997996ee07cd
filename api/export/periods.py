"""Hours, days, weeks and months of the clock by which a file was written, and the periods that a query names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal

from sentiq.jobs.dates import DAY, FIRST_YEAR, LAST_YEAR, minutes_of, moment_of

Step = Literal["hour", "day", "week", "month"]

HOUR, WEEK = 60, 7 * DAY
DATES_KNOWN = 100_000  #: minutes whose step is remembered
_MONDAY = minutes_of(datetime(1970, 1, 5))  # noqa: DTZ001  # weeks begin on it (ISO 8601)
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2})(?::(\d{2}))?)?)?)?", re.ASCII)


def period(text: str) -> tuple[int, int]:
    """Return the first and the last minute of 2024, 2024-03, 2024-03-05, 2024-03-05T15 or 2024-03-05T15:30.

    Raises ValueError with what to write instead.
    """
    found = _PERIOD.fullmatch(text.strip())
    year, month, day, hour, minute = (int(part) if part else None for part in found.groups()) if found else [None] * 5
    first = None
    with suppress(ValueError):
        first = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0)  # noqa: DTZ001  # as the file has it
    if first is None or not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise ValueError(f"{text!r} is no period; write 2024, 2024-03, 2024-03-05, 2024-03-05T15 or 2024-03-05T15:30")
    if month is None:
        following = first.replace(year=first.year + 1)
    elif day is None:
        following = _next_month(first)
    else:
        following = first + timedelta(minutes=DAY if hour is None else HOUR if minute is None else 1)
    return minutes_of(first), minutes_of(following) - 1


def begin_of(step: Step) -> Callable[[int], int]:
    """Return a function from a minute to the first minute of its step."""
    if step == "hour":
        return lambda minute: minute - minute % HOUR
    if step == "day":
        return lambda minute: minute - minute % DAY
    if step == "week":
        return lambda minute: minute - (minute - _MONDAY) % WEEK
    return lambda minute: minutes_of(moment_of(minute).replace(day=1, hour=0, minute=0))


class Begins(dict[int | None, int | None]):
    """The first minute of the step in which each minute lies; None for None."""

    def __init__(self, step: Step) -> None:
        super().__init__({None: None})
        self._begin = begin_of(step)

    def __missing__(self, minute: int) -> int:
        self[minute] = found = self._begin(minute)
        return found

    def of(self, dates: Sequence[int | None]) -> list[int | None]:
        """Return the first minutes of the steps in which these lie."""
        if len(self) > DATES_KNOWN:
            self.clear()
            self[None] = None
        return list(map(self.__getitem__, dates))


def step_after(step: Step, begin: int) -> int:
    """Return the first minute of the step behind the one that begins at `begin`."""
    if step == "month":
        return minutes_of(_next_month(moment_of(begin)))
    return begin + {"hour": HOUR, "day": DAY, "week": WEEK}[step]


def named(step: Step, begin: int) -> tuple[str, str]:
    """Return the first and the last period of the step that begins there, as `period` reads them."""
    first = moment_of(begin)
    if step == "week":
        return f"{first:%Y-%m-%d}", f"{first + timedelta(days=6):%Y-%m-%d}"
    name = f"{first:{ {'hour': '%Y-%m-%dT%H', 'day': '%Y-%m-%d', 'month': '%Y-%m'}[step] }}"
    return name, name


def cut(step: Step, begin: int, since: int | None, until: int | None) -> tuple[str, str]:
    """Return the first and the last period of what lies within these minutes of the step that begins there."""
    first, last = named(step, begin)
    if since is not None and since > begin:
        first = _minute(since) if since % DAY else f"{moment_of(since):%Y-%m-%d}"
    if until is not None and until < step_after(step, begin) - 1:
        last = _minute(until) if (until + 1) % DAY else f"{moment_of(until):%Y-%m-%d}"
    return first, last


def _minute(minute: int) -> str:
    return f"{moment_of(minute):%Y-%m-%dT%H:%M}"


def _next_month(first: datetime) -> datetime:
    return (first.replace(day=1) + timedelta(days=31)).replace(day=1)
