"""Labels by time, and by two things at once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.evaluation import Figure
from api.schemas.results import FilterQuery


class TimelineQuery(FilterQuery):
    step: Literal["auto", "hour", "day", "week", "month"] = Field(
        "auto", description="`auto`: the finest that gives a readable chart; weeks begin on Monday"
    )


class TimelineChange(BaseModel):
    """A share that differs from that of the step before it more than chance would explain."""

    label: str
    difference: float = Field(description="of the shares")
    p_value: float = Field(description="adjusted for all comparisons of this timeline (Holm)")


class TimelinePoint(BaseModel):
    start: str = Field(description="of the step, as `from` takes it", examples=["2024-03-04"])
    end: str = Field(description="its last period, as `to` takes it", examples=["2024-03-10"])
    rows: int
    counts: dict[str, int] = Field(description="rows of each label, `failed` and `without_text`")
    shares: dict[str, Figure] = Field(description="of each label among the rows that have one, with its interval")
    averages: dict[str, float] = Field(description="the same of this step and those before it, `averaged` in all")
    changes: list[TimelineChange] = Field(description="from the last step before that has labelled rows")


class Timeline(BaseModel):
    object: str = "timeline"
    job_id: str
    state: str
    step: str = Field(examples=["week"])
    rows: int = Field(description="finished rows with a date that the filters take")
    undated: dict[str, int] = Field(description="the same of rows without a date")
    averaged: int = Field(description="steps in a moving average, also those without rows")
    comparisons: int = Field(description="tests of which the p-values were adjusted")
    points: list[TimelinePoint] = Field(description="the steps that have rows, in order of time")
