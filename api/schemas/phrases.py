"""The phrases that set some rows of a job apart from others."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.common import Label
from api.schemas.evaluation import Figure
from api.schemas.results import FilterQuery

Against = Literal["rest", "labels", "groups"]


class PhrasesQuery(FilterQuery):
    """Which rows, and which others they are compared with."""

    against: Against = Field(
        "rest",
        description="`rest`: all rows that the filters do not take; `labels`: those that `label`, `min_score` and "
        "`max_score` alone leave out, so the other labels of the same product or month; `groups`: those with the same "
        "labels and scores that the other filters leave out, so the same label in other products or months",
    )
    limit: int = Field(20, ge=1, le=50)


class PhraseForm(BaseModel):
    phrase: str
    rows: int = Field(description="that the filters take and that have it; an estimate where not all were looked at")


class PhraseExample(BaseModel):
    index: int
    label: Label
    text: str = Field(description="the part of the text around the phrase")


class PhraseDocument(BaseModel):
    phrase: str = Field(description="in small letters; the filter `contains` finds its rows")
    rows: int = Field(description="that the filters take and that have it; an estimate where not all were looked at")
    share: Figure = Field(description="of these among all rows that the filters take")
    rows_against: int = Field(description="of the others that have it")
    share_against: Figure = Field(description="of these among all the others")
    log_odds: float = Field(description="natural logarithm of how many times as frequent it is, drawn towards 0")
    z: float = Field(description="`log_odds` in standard deviations; the phrases are in this order")
    negative: Figure | None = Field(
        description="share of negative rows among all on both sides that have it; null: the model has no such label"
    )
    forms: list[PhraseForm] = Field(description="longer phrases that it stands for, at most 3")
    examples: list[PhraseExample] = Field(description="at most 3")


class PhraseRows(BaseModel):
    rows: int = Field(description="with a label")
    looked_at: int = Field(description="of them: all, or where they are too many, so many drawn by chance")


class Phrases(BaseModel):
    object: str = "phrases"
    job_id: str
    here: PhraseRows = Field(description="rows that the filters take")
    against: PhraseRows = Field(description="rows that they are compared with")
    data: list[PhraseDocument]
