"""Which requests are sent again, and when. No request is made here, and no time is waited."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sentiq_client.errors import ApiError, ConnectionFailed, SentiqError, UnexpectedAnswer

RETRIES = 2  #: after the first try
UPLOAD_RETRIES = 4
DOWNLOAD_RETRIES = 8
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 8.0
LONGEST_WAIT_S = 120.0  #: that is waited when the service asks for it
TOLD_FROM_S = 3.0  #: waits of this length are told

OnWait = Callable[[float, SentiqError], None]  #: seconds, and why

log = logging.getLogger("sentiq_client")


def tell(seconds: float, error: SentiqError) -> None:
    """Say that nothing is wrong with a program that seems to hang."""
    log.warning("waiting %.0f s before the next try: %s", seconds, error)


def worth_another_try(error: SentiqError, *, repeatable: bool) -> bool:
    """Whether the same request may get a better answer.

    `repeatable`: to do twice what it asks for is the same as to do it once, so it may be sent when nobody knows what
    became of the first. What the service refuses with a code is certain and never sent again, a 500 included.
    """
    if isinstance(error, ConnectionFailed):
        return repeatable or not error.sent
    if isinstance(error, UnexpectedAnswer):
        return repeatable and error.damaged
    if not isinstance(error, ApiError):
        return False
    match error.status:
        case 429:
            return True
        case 409:
            return error.code == "idempotency_in_progress"
        case 408 | 502 | 503 | 504:
            return repeatable
        case 500:
            return repeatable and not error.certain
    return False


class Tries:
    """What one request has left. `after(error)` gives the seconds until the next try, or raises."""

    def __init__(self, retries: int, *, repeatable: bool = True, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._left, self._repeatable, self._longest_wait_s = retries, repeatable, longest_wait_s
        self._delay_s = FIRST_DELAY_S
        self.sent_before = False  #: the service may have done already what is asked for

    def after(self, error: SentiqError) -> float:
        if self._left == 0 or not worth_another_try(error, repeatable=self._repeatable):
            raise error
        self._left -= 1
        self.sent_before |= not isinstance(error, ConnectionFailed) or error.sent
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        if asked_s is None:
            delay_s, self._delay_s = self._delay_s, min(self._delay_s * 2, LONGEST_DELAY_S)
            return delay_s * random.uniform(0.5, 1.0)
        if asked_s > self._longest_wait_s:
            why = _too_long(asked_s, self._longest_wait_s)
            error.args = (error.args[0] if why in error.args[0] else f"{error.args[0]} {why}",)
            raise error
        return asked_s + random.uniform(0, min(asked_s * 0.2, 5.0))  # so that clients spread


def _too_long(asked_s: float, longest_s: float) -> str:
    return f"It asks to wait {asked_s:,.0f} s; this client waits {longest_s:,.0f} s at most (`longest_wait_s`)."


def retry_after_s(value: str | None, now: str | None = None) -> float | None:
    """Seconds of a `Retry-After` header, which has them or a date; None for anything else. `now` is the server's."""
    value = (value or "").strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) < 12 else float("inf")
    try:
        at = _date(value)
    except ValueError:
        return None
    try:
        since = _date(now or "")
    except ValueError:
        since = datetime.now(UTC)
    return max((at - since).total_seconds(), 0.0)


def _date(value: str) -> datetime:
    found = parsedate_to_datetime(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
