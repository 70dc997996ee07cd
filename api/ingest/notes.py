"""What was decided while a file was read, and what was left out: codes with facts, for the job and for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentiq.jobs.types import Note

#: The sentence of each code; the page has the same in its languages (api/static/app/words).
SENTENCES: Mapping[str, str] = {}


class Notes:
    """Collects the notes on one file. A code occurs once; what is counted grows."""

    def __init__(self) -> None:
        self._facts: dict[str, dict[str, Any]] = {}

    def add(self, code: str, **facts: str | int | list[str]) -> None:
        """Note a decision, with the facts that its sentence names."""
        self._facts[code] = facts

    def count(self, code: str, more: int = 1) -> None:
        """Note that something happened, once more."""
        facts = self._facts.setdefault(code, {"count": 0})
        facts["count"] += more

    def all(self) -> tuple[Note, ...]:
        """Return the notes so far, in the order in which their codes first came."""
        return tuple(Note(code, SENTENCES[code].format_map(facts), dict(facts)) for code, facts in self._facts.items())
