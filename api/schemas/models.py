"""Prepared models and the active one."""

from __future__ import annotations

from pydantic import BaseModel, Field

from api.schemas.common import Request


class ActivationRequest(Request):
    model: str = Field(min_length=1, max_length=200, description="`id` or `id@version` of /api/v1/models")


class StoredModelDocument(BaseModel):
    id: str
    version: str
    labels: list[str]
    max_tokens: int
    precision: str = Field(examples=["int8"])
    source: str = Field(description="where its weights come from")
    accuracy: float | None = Field(
        description="how often it was right on the texts of its test, 0 to 1; null: it came without", examples=[0.8784]
    )
    tested_on: int | None = Field(description="how many texts those were", examples=[12315])
    active: bool = Field(description="loaded, and used for jobs that ask for no model")
    workers: list[str] = Field(description="those that have it on their disk")


class ActivationDocument(BaseModel):
    """Models as `id@version`."""

    active: str | None = Field(description="null while each worker serves the model of its settings")
    candidate: str | None = Field(description="being tried by the workers")
    error: str | None = Field(description="why the last candidate was dropped")


class ModelList(BaseModel):
    object: str = "list"
    data: list[StoredModelDocument]
