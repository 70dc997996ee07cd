"""How many examples a generated test tries, or requests a test of many makes."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings


def effort(examples: int) -> int:
    """Return how many of its `examples`, all of which `--full` tries, a test tries in the current profile."""
    return max(1, examples * hypothesis_settings().max_examples // 100)
