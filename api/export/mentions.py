"""The aspects of a row as readers see them."""

from __future__ import annotations

from typing import NamedTuple

from sentiq.aspects.sets import AspectSet
from sentiq.jobs.types import JobOptions


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
