"""What a check found, how bad that is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    ADVICE = "advice"  # the service works; the remedy makes it faster or safer
    FAULT = "fault"  # the service does not work, or may lose work, until somebody acts


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    area: str  # such as redis or memory
    name: str  # of the thing within its area
    verdict: Verdict
    found: str  # what is so, a sentence without its point
    remedy: str = ""  # what to do, a sentence without its point; "" where all is well

    def __str__(self) -> str:
        return f"{self.found}: {self.remedy}." if self.remedy else f"{self.found}."


def ok(area: str, name: str, found: str) -> Check:
    """Say that all is well."""
    return Check(area, name, Verdict.OK, found)


def advice(area: str, name: str, found: str, remedy: str) -> Check:
    """Say what would be better otherwise."""
    return Check(area, name, Verdict.ADVICE, found, remedy)


def fault(area: str, name: str, found: str, remedy: str) -> Check:
    """Say what is wrong."""
    return Check(area, name, Verdict.FAULT, found, remedy)
