"""When a job may start chunks: not before its start, and only within its window, by the wall clock of its time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from sentiq.jobs.types import JobOptions

_FORM = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–—]\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class Window:
    """A daily window from `opens` to `closes`; where `closes` is not later, it ends on the next day."""

    opens: time
    closes: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, time_zone: str) -> Self:
        """Parse `22:00-06:00`, with a hyphen or a dash; 24:00 is midnight. Raises ValueError that names the fault."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no window; write it as 22:00-06:00")
        try:
            zone = ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{time_zone!r} is no time zone; use a name such as Asia/Shanghai") from None
        first, last = _time(found[1], found[2]), _time(found[3], found[4])
        if first == last:
            raise ValueError("the window opens and closes at the same time; leave it out to work all day")
        return cls(first, last, zone)

    def next_change(self, now: datetime) -> tuple[bool, datetime]:
        """Return whether the window is open, and when that changes.

        On a day with a clock change the window follows the wall clock: a skipped time counts as the one after it, a
        repeated time as its first occurrence.
        """
        today = now.astimezone(self.zone).date()
        for day in (today + timedelta(days=n) for n in (-1, 0, 1, 2)):
            opens = self._at(day, self.opens)
            closes = self._at(day + timedelta(days=self.closes <= self.opens), self.closes)
            if now < opens:
                return False, opens
            if now < closes:
                return True, closes
        raise AssertionError("a window opens every day")

    def _at(self, day: date, at: time) -> datetime:
        # Through UTC, so that a time that the clock skips is not compared by its wall clock value.
        return datetime.combine(day, at, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What start, window and deadline mean for a job at one moment; Unix milliseconds."""

    expired: bool
    opens_at_ms: int | None  # held until then; None: it is not held
    next_change_ms: int | None  # when this must be computed again; None: never


def outlook(options: JobOptions, now_ms: int) -> Outlook:
    """Compute what start, window and deadline mean for a job now."""
    if options.expire_at_ms is not None and options.expire_at_ms <= now_ms:
        return Outlook(True, None, None)
    opens_at_ms, change_ms = None, None
    earliest_ms = max(now_ms, options.start_at_ms or 0)
    if earliest_ms > now_ms:
        opens_at_ms = change_ms = earliest_ms
    if options.window:
        window = Window.parse(options.window, options.time_zone)
        is_open, change = window.next_change(datetime.fromtimestamp(earliest_ms / 1000, UTC))
        if not is_open:
            opens_at_ms = change_ms = _ms(change)
        elif opens_at_ms is None:
            change_ms = _ms(change)
    changes = [ms for ms in (change_ms, options.expire_at_ms) if ms is not None]
    return Outlook(False, opens_at_ms, min(changes, default=None))


def _time(hours: str, minutes: str) -> time:
    if (hours, minutes) == ("24", "00"):
        return time(0)
    try:
        return time(int(hours), int(minutes))
    except ValueError:
        raise ValueError(f"{hours}:{minutes} is no time of day") from None


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
