"""Webhooks and their deliveries."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.common import Request, words_of
from sentiq.webhooks.store import EVENTS


class WebhookRequest(Request):
    url: str = Field(max_length=2000, description="https; http only for networks of SENTIQ_WEBHOOK_NETWORKS")
    description: str = Field("", max_length=200)
    events: list[Annotated[str, words_of(*EVENTS), Field(json_schema_extra={"enum": list(EVENTS)})]] = Field(
        list(EVENTS), min_length=1, description="of which it is told; default: all"
    )


class WebhookPath(BaseModel):
    webhook_id: str = Field(max_length=64)


class DeliveryPath(WebhookPath):
    delivery_id: str = Field(max_length=64)


class WebhookDocument(BaseModel):
    id: str
    object: str = "webhook"
    url: str
    description: str
    events: list[str]
    created_at: str
    disabled: str | None = Field(description="why nothing is sent any more")


class WebhookWithSecret(WebhookDocument):
    secret: str = Field(description="signs messages; shown once")


class WebhookList(BaseModel):
    object: str = "list"
    data: list[WebhookDocument]


class AttemptDocument(BaseModel):
    delivery_id: str
    event: str
    attempt: int
    at: str
    status: int | None = Field(description="of the receiver's answer; null when there was none")
    error: str | None = Field(description="null when it arrived")
    took_ms: int | None
    next_at: str | None = Field(description="of the next try, if there is one")


class AttemptList(BaseModel):
    object: str = "list"
    data: list[AttemptDocument]
