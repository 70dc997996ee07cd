"""Rate limits as settings and API keys write them."""

from __future__ import annotations

import limits


def parse_rate_limits(text: str) -> list[limits.RateLimitItem]:
    """Return the limits of a text such as `20/second;600/minute`; none of "". Raises ValueError that says how."""
    try:
        return limits.parse_many(text) if text else []
    except ValueError:
        raise ValueError(f"{text!r} is no rate limit. Write it as 600/minute, or as 20/second;600/minute.") from None
