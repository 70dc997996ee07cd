"""The aspects of a row as readers see them."""

from __future__ import annotations

from typing import NamedTuple

from sentiq.aspects.sets import AspectSet
from sentiq.jobs.types import JobOptions

_BETWEEN = (
    " \t\r\n　，,。.;；、~～"  #: what a clause ends with and is not shown: exclamation and question marks say something
)


class AspectReading(NamedTuple):
    """What one row says of one aspect."""

    aspect: str  # its name
    label: str
    score: float
    clause: str  # the part of the text that tells it best


def aspect_names(options: JobOptions) -> tuple[str, ...]:
    """Return the names of the aspects of a job, in the order of its set; none where it has no set."""
    if not options.aspects:
        return ()
    return tuple(aspect.name for aspect in AspectSet.loads(options.aspects).aspects)


def clause(text: str, start: int, end: int) -> str:
    """Return a clause as it is shown, without the marks around it."""
    whole = text[start:end]
    return whole.strip(_BETWEEN) or whole
