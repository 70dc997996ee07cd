"""Submissions and jobs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas.common import ErrorDocument, Options, Request, body_of
from api.schemas.results import ResultsPage


class Item(Request):
    text: str
    custom_id: str | None = Field(None, max_length=512)


class JobRequest(Request, Options):
    """One of `text`, `texts` and `items`, and options beside it."""

    text: str | None = None
    texts: list[str] | None = Field(None, min_length=1)
    items: list[Item] | None = Field(None, min_length=1)
    model: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="`id` or `id@version`; left out: the active one",
    )

    @model_validator(mode="after")
    def _one_input(self) -> JobRequest:
        if sum(given is not None for given in (self.text, self.texts, self.items)) != 1:
            raise ValueError("give exactly one of `text`, `texts` and `items`")
        return self


class JobPath(BaseModel):
    job_id: str = Field(max_length=64)


class SubmitQuery(Options):
    """Options of an NDJSON body; a JSON body has them as fields."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = Field(None, min_length=1, max_length=200, description="NDJSON only; in JSON it is a field")


class SubmitHeaders(BaseModel):
    idempotency_key: str = Field(
        "", alias="Idempotency-Key", max_length=255, description="one of your own for each submission, e.g. a UUID"
    )
    prefer: str = Field("", alias="Prefer", description="`wait=5` waits up to 5 seconds for the result")


class JobsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(20, ge=1, le=100)
    after: str | None = Field(None, max_length=64, description="id of the last job of the page before")


class Counts(BaseModel):
    total: int
    completed: int
    failed: int


class ModelDocument(BaseModel):
    id: str | None = Field(description="null while no model has answered a job that asks for none")
    version: str | None = Field(description="of the model that answered last; each row names its own")


class OptionsDocument(BaseModel):
    long_texts: str = Field(examples=["truncate"])
    neutral_band: float | None = Field(description="null: that of the setting, at the time of reading")


class JobDocument(BaseModel):
    id: str
    object: str = "job"
    state: str = Field(examples=["running"])
    lane: str = Field(examples=["bulk"])
    model: ModelDocument
    options: OptionsDocument
    counts: Counts
    created_at: str = Field(examples=["2026-01-31T08:00:00.000Z"])
    started_at: str | None
    ended_at: str | None
    expires_at: str
    texts_per_second: float | None
    eta_s: float | None
    error: ErrorDocument | None
    links: dict[str, str]


class JobList(BaseModel):
    object: str = "list"
    data: list[JobDocument]
    next: str | None


class JobWithResults(JobDocument):
    results: ResultsPage


JOB_BODY = body_of(
    JobRequest,
    **{
        "application/x-ndjson": {
            "schema": {"type": "string"},
            "example": '{"text": "味道不错", "custom_id": "a1"}\n"物流太慢了"\n',
        }
    },
)
