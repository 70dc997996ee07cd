"""Formats times as answers show them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(ms: float) -> str:
    """Return Unix milliseconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
