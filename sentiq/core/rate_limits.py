"""Rate limits as settings and API keys write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing it takes a tenth of a second, and most processes limit nobody
    import limits


def parse_rate_limits(text: str) -> list[limits.RateLimitItem]:
    """Return the limits of a text such as `20/second;600/minute`; none of "". Raises ValueError that says how."""
    if not text:
        return []
    import limits

    try:
        return limits.parse_many(text)
    except ValueError:
        raise ValueError(f"{text!r} is no rate limit. Write it as 600/minute, or as 20/second;600/minute.") from None
