"""When a window is open, over midnight and over days whose clocks are moved."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sentiq.jobs.daily_window import Outlook, Window, outlook
from sentiq.jobs.types import JobOptions


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(text: str) -> int:
    return round(at(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "zone", "now", "is_open", "change"),
    [
        ("22:00-06:00", "UTC", "2026-03-01T21:59", False, "2026-03-01T22:00"),
        ("22:00-06:00", "UTC", "2026-03-01T22:00", True, "2026-03-02T06:00"),
        ("22:00–06:00", "UTC", "2026-03-02T05:59", True, "2026-03-02T06:00"),
        ("22:00-06:00", "UTC", "2026-03-02T06:00", False, "2026-03-02T22:00"),
        ("22:00-06:00", "Asia/Shanghai", "2026-03-01T14:00", True, "2026-03-01T22:00"),
        ("09:00-17:30", "UTC", "2026-03-01T17:30", False, "2026-03-02T09:00"),
        ("09:00-09:01", "UTC", "2026-03-01T09:00", True, "2026-03-01T09:01"),
        ("18:00-24:00", "UTC", "2026-03-01T23:59", True, "2026-03-02T00:00"),
        ("0:00 - 24:00", "UTC", "2026-03-01T12:00", None, None),
        # Berlin: 2026-03-29 has no 02:00 to 03:00, 2026-10-25 has it twice.
        ("22:00-06:00", "Europe/Berlin", "2026-03-28T22:00", True, "2026-03-29T04:00"),
        ("22:00-06:00", "Europe/Berlin", "2026-10-24T21:00", True, "2026-10-25T05:00"),
        ("02:30-05:00", "Europe/Berlin", "2026-03-29T01:31", True, "2026-03-29T03:00"),
    ],
)
def test_a_window_opens_and_closes(window: str, zone: str, now: str, is_open: bool | None, change: str | None) -> None:
    if is_open is None:
        with pytest.raises(ValueError, match="the same time"):
            Window.parse(window, zone)
        return
    assert Window.parse(window, zone).next_change(at(now)) == (is_open, at(change or ""))


@pytest.mark.parametrize(
    ("window", "zone", "reason"),
    [
        ("22-6", "UTC", "write it as"),
        ("25:00-06:00", "UTC", "no time of day"),
        ("22:00-06:00", "Mars/Base", "time zone"),
    ],
)
def test_what_is_no_window_says_why(window: str, zone: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Window.parse(window, zone)


def test_start_window_and_deadline_together() -> None:
    options = JobOptions(start_at_ms=ms("2026-03-01T23:00"), window="22:00-06:00", expire_at_ms=ms("2026-03-03T00:00"))
    assert outlook(options, ms("2026-03-01T22:30")) == Outlook(False, ms("2026-03-01T23:00"), ms("2026-03-01T23:00"))
    assert outlook(options, ms("2026-03-01T23:00")) == Outlook(False, None, ms("2026-03-02T06:00"))
    assert outlook(options, ms("2026-03-02T06:00")) == Outlook(False, ms("2026-03-02T22:00"), ms("2026-03-02T22:00"))
    assert outlook(options, ms("2026-03-02T22:00")) == Outlook(False, None, ms("2026-03-03T00:00"))
    assert outlook(options, ms("2026-03-03T00:00")).expired


def test_a_start_outside_the_window_waits_for_it() -> None:
    options = JobOptions(start_at_ms=ms("2026-03-01T12:00"), window="22:00-06:00")
    assert outlook(options, ms("2026-03-01T08:00")).opens_at_ms == ms("2026-03-01T22:00")


def test_a_job_without_times_is_never_looked_at_again() -> None:
    assert outlook(JobOptions(), ms("2026-03-01T08:00")) == Outlook(False, None, None)
