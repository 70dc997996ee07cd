"""Labels by time, and by two things at once."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.evaluation import Figure
from api.schemas.results import FilterQuery

StepName = Literal["hour", "day", "week", "month"]
AnyStep = Literal["auto", "hour", "day", "week", "month"]


class TimelineQuery(FilterQuery):
    step: AnyStep = Field("auto", description="`auto`: the finest that gives a readable chart; weeks begin on Monday")


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
    step: StepName = Field(examples=["week"])
    rows: int = Field(description="finished rows with a date that the filters take")
    undated: dict[str, int] = Field(description="the same of rows without a date")
    averaged: int = Field(description="steps in a moving average, also those without rows")
    comparisons: int = Field(description="tests of which the p-values were adjusted")
    points: list[TimelinePoint] = Field(description="the steps that have rows, in order of time")


class CrossQuery(FilterQuery):
    rows: str = Field(
        min_length=1,
        max_length=255,
        description="a column of the file that the job kept, by heading or number from 1; or `label`, `language`, "
        "`aspect`, `hour`, `day`, `week`, `month`. A column that is called so has its number",
    )
    columns: str = Field(min_length=1, max_length=255, description="the same for the other side")
    limit: int = Field(20, ge=1, le=50, description="values of each side; the others are one")


class CrossGroup(BaseModel):
    value: str | None = Field(description="null: all others; of a period, its beginning; empty: none")
    rows: int
    parameters: dict[str, str] | None = Field(
        description="of `results`, that take its rows beside the other filters; null where none do"
    )


class CrossCell(BaseModel):
    rows: int
    counts: dict[str, int] = Field(description="of each label that occurs, `failed` and `without_text`")
    shares: dict[str, Figure] = Field(description="of each label among the rows that have one, with its interval")


class Cross(BaseModel):
    object: str = "cross"
    job_id: str
    state: str
    counted: str = Field(
        examples=["rows"],
        description="`rows`; or `mentions` where a side is `aspect`: a row counts once for each aspect of which its "
        "text speaks, with the label of the aspect",
    )
    total: int = Field(description="of all cells: finished ones that the filters take")
    rows: list[CrossGroup] = Field(description="the largest first, periods in order of time; the others last")
    columns: list[CrossGroup]
    cells: list[list[CrossCell]] = Field(description="row by row")
