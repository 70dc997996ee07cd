"""A worker app that writes what its autoscaler sees and decides to the file AUTOSCALE_TRACE, as CSV.

It makes tests/unit/autoscale_trace.csv:
`python -m tests.support.programs.worker tests.support.programs.recording_autoscaler --autoscale=4,1 …`.
"""

from __future__ import annotations

import os
from dataclasses import astuple, fields
from pathlib import Path

from worker.app import app
from worker.parent import autoscaler
from worker.parent.autoscale_policy import Calm, Decision, Limits, Sample, decide

__all__ = ["app"]

_trace = Path(os.environ["AUTOSCALE_TRACE"])
_began_s: list[float] = []


def _recorded(limits: Limits, sample: Sample, calm: Calm | None = None) -> Decision:
    decision = decide(limits, sample, calm)
    if not _began_s:
        _trace.write_text(",".join(field.name for field in fields(Sample)) + ",wanted\n")
    _began_s.append(sample.now_s)
    now_s, *values = astuple(sample)
    with _trace.open("a") as file:
        file.write(",".join(map(str, (round(now_s - _began_s[0], 3), *values, decision.wanted))) + "\n")
    return decision


autoscaler.decide = _recorded  # type: ignore[attr-defined]
