"""Rows with their predictions."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ErrorDocument, Label, NeutralBand, Score


class ResultsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before")
    include: Annotated[str, Field(pattern="^text$")] | None = Field(None, description="`text`: rows carry their text")
    neutral_band: NeutralBand | None = Field(None, description="instead of that of the job or the setting")


class RowDocument(BaseModel):
    index: int
    custom_id: str | None
    label: Label | None
    label_zh: str | None = Field(examples=["积极"])
    score: Score | None
    probabilities: dict[str, float] | None
    truncated: bool
    model: str = Field(examples=["sentiq-small-zh@1"])
    degraded: bool
    error: ErrorDocument | None
    text: str | None = Field(None, exclude_if=lambda text: text is None, description="only with `include=text`")


class ResultsPage(BaseModel):
    object: str = "list"
    data: list[RowDocument]
    next: str | None
