"""Shares of rows as answers show them."""

from __future__ import annotations

from api.schemas.evaluation import Figure
from sentiq.core.labels import DECIMALS
from sentiq.evaluation.intervals import wilson


def share(part: int, whole: int) -> Figure:
    """Return a share of at least one row, with its interval of 95 %."""
    found = wilson(part, whole)
    return Figure(value=round(found.value, DECIMALS), low=round(found.low, DECIMALS), high=round(found.high, DECIMALS))
