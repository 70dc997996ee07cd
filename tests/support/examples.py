"""How many examples a generated test tries."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings


def effort(examples: int) -> int:
    """How many examples a generated test tries in the current profile of Hypothesis, of so many in the usual one."""
    return examples * (hypothesis_settings().max_examples or 100) // 100
