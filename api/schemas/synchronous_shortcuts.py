"""The synchronous endpoints."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import Label, Options, Request, Score
from api.schemas.results import RowAspect


class AnalyzeRequest(Request, Options):
    text: str


class EmojiRequest(Request, Options):
    """As AnalyzeRequest, but that a text which is missing is told as an empty one."""

    text: str | None = None


class NoText(BaseModel):
    """The answer to an empty, blank or missing text."""

    error: str = Field(examples=["输入文本不能为空"])
    code: str = Field(examples=["empty_text"])
    request_id: str


class SentimentRequest(Request, Options):
    text: str
    return_confidence: bool = True


class SentimentBatchRequest(Request, Options):
    texts: list[str] = Field(min_length=1)
    batch_size: int = Field(32, ge=1, description="accepted for compatibility; batches follow the load")
    return_details: bool = True


RowAspects = Annotated[
    list[RowAspect] | None,
    Field(
        exclude_if=lambda aspects: aspects is None,
        description="only where the request names a set of aspects: those of which the text speaks",
    ),
]


class Analysis(BaseModel):
    text: str
    label: Label
    score: Score
    aspects: RowAspects = None


class EmojiSentiment(BaseModel):
    text: str
    sentiment: str
    confidence: Score
    emoji: str = Field(description="😊 positive, 😞 negative, 😐 everything else")
    aspects: RowAspects = None


class SentimentData(BaseModel):
    text: str
    sentiment: str = Field(examples=["积极"])
    confidence: Score | None = None
    english_label: str | None = None
    analysis_time_ms: float | None = None
    aspects: RowAspects = None


class SentimentAnswer(BaseModel):
    success: bool
    data: SentimentData
    request_id: str


class SentimentBatchAnswer(BaseModel):
    success: bool
    data: list[SentimentData]
    request_id: str
