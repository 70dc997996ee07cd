"""What a report is made of."""

from __future__ import annotations

from pydantic import BaseModel

from api.schemas.aspect_sets import JobAspects
from api.schemas.findings import Findings
from api.schemas.phrases import PhraseExample, Phrases
from api.schemas.timeline import Cross, Timeline


class Report(BaseModel):
    """The documents of the rows that a report is about; None for what the job does not have."""

    counts: dict[str, int]  # rows of each label, failed ones and those without a text
    findings: Findings | None
    aspects: JobAspects | None
    surest: dict[str, list[PhraseExample]]  # negative texts by aspect
    timeline: Timeline | None
    column: str | None  # by which the rows are grouped
    groups: Cross | None  # its values by label
    heat: Cross | None  # its values by aspect
    phrases: Phrases | None  # of the negative texts
