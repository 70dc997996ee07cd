"""Decides how many units there should be. Pure arithmetic: it reads no clock, no host and no Redis.

A unit is what is scaled: a child of a worker, or a worker on a host. Units are added at once, by doubling, while the
host has room. They are removed only after a quiet time, down to the largest number that was needed in it. So a gap
between two jobs costs nothing, and a load that swings keeps the units that its peaks need.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator has set."""

    least: int  # units that always exist
    most: int
    keepalive_s: float  # quiet time before units go
    reserve_bytes: int  # memory that must stay available beside a new unit
    cpu_share: float  # share of the host's CPU in use, 0 to 1, above which no unit is added; 1: no limit


@dataclass(frozen=True, slots=True)
class Sample:
    """What is measured at one moment."""

    now_s: float  # of any clock that never goes back
    units: int
    settled: bool  # the last decision is carried out: no unit is starting or ending
    busy: int  # units that work
    demand: int  # units that would find work now, the busy ones included
    available_bytes: int  # memory that processes can still take
    unit_bytes: int  # memory that one more unit takes
    cpu_share: float  # share of the CPU in use since the last sample, 0 to 1


class Reason(StrEnum):
    """Why a decision is what it is."""

    BOUNDS = "outside its bounds"
    ENOUGH = "enough for what waits"
    UNSETTLED = "an earlier step is under way"
    DEMAND = "more work than units"
    MEMORY = "more work than units, but no memory for another"
    CPU = "more work than units, but no CPU for another"
    CALM = "fewer would do, but not for long yet"
    QUIET = "fewer would have done for a while"


@dataclass(frozen=True, slots=True)
class Calm:
    """A time in which fewer units would do."""

    since_s: float
    peak: int  # the most that were needed in it


@dataclass(frozen=True, slots=True)
class Decision:
    wanted: int
    reason: Reason
    calm: Calm | None = None  # to be handed in again with the next sample


def decide(limits: Limits, sample: Sample, calm: Calm | None = None) -> Decision:
    """Return how many units there should be now; `calm` is that of the decision before."""
    bounded = _clamp(sample.units, limits)
    if bounded != sample.units:
        return Decision(bounded, Reason.BOUNDS)
    needed = _clamp(max(sample.demand, sample.busy), limits)
    if needed < sample.units:
        return _fewer(limits, sample, needed, calm)
    if needed == sample.units or sample.busy < sample.units:
        return Decision(sample.units, Reason.ENOUGH)  # where some idle beside waiting work, it is just being fetched
    return _more(limits, sample, needed)


def _more(limits: Limits, sample: Sample, needed: int) -> Decision:
    if not sample.settled:
        return Decision(sample.units, Reason.UNSETTLED)
    if sample.cpu_share > limits.cpu_share:
        return Decision(sample.units, Reason.CPU)
    fitting = max(0, sample.available_bytes - limits.reserve_bytes) // max(1, sample.unit_bytes)
    wanted = min(needed, 2 * sample.units, sample.units + fitting)
    return Decision(wanted, Reason.DEMAND if wanted > sample.units else Reason.MEMORY)


def _fewer(limits: Limits, sample: Sample, needed: int, calm: Calm | None) -> Decision:
    calm = Calm(sample.now_s, needed) if calm is None else Calm(calm.since_s, max(calm.peak, needed))
    if sample.now_s - calm.since_s < limits.keepalive_s or not sample.settled:
        return Decision(sample.units, Reason.CALM, calm)
    return Decision(calm.peak, Reason.QUIET)


def _clamp(units: int, limits: Limits) -> int:
    return min(max(units, limits.least), limits.most)
