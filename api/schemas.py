"""Requests and answers as pydantic models: they validate what comes in and document both in OpenAPI."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from jobs.models import JobOptions, LongTexts
from jobs.settings import Settings

Label = Annotated[str, Field(examples=["positive"], description="negative, positive or neutral")]
Score = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        description="probability of `label`; of a row that the neutral band made neutral, "
        "1 - |p(positive) - p(negative)|: 1 where both are as likely, less the nearer one of them is to certain",
    ),
]
NeutralBand = Annotated[
    float,
    Field(
        ge=0,
        le=0.5,
        allow_inf_nan=False,
        description="rows whose p(positive) is nearer to 0.5 than this are neutral; 0 for none. Applied when results "
        "are read, to models whose labels are negative and positive alone; probabilities stay as they are",
    ),
]


class Request(BaseModel):
    """A JSON body: unknown fields and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


RequestT = TypeVar("RequestT", bound=Request)


class Options(BaseModel):
    """What may be asked for beside the texts, in a body or in the query of a streamed one."""

    long_texts: LongTexts | None = Field(
        None,
        description="texts longer than the model reads: `truncate` reads their beginning, `head_tail` their beginning "
        "and end, `windows` all, in overlapping windows whose probabilities are averaged. Default: a setting",
    )
    neutral_band: NeutralBand | None = None

    def resolved(self, settings: Settings) -> JobOptions:
        return JobOptions(self.long_texts or settings.long_texts, self.neutral_band)


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


class AnalyzeRequest(Request, Options):
    text: str


class SentimentRequest(Request, Options):
    text: str
    return_confidence: bool = True


class SentimentBatchRequest(Request, Options):
    texts: list[str] = Field(min_length=1)
    batch_size: int = Field(32, ge=1, description="accepted for compatibility; batches follow the load")
    return_details: bool = True


class ActivationRequest(Request):
    model: str = Field(min_length=1, max_length=200, description="`id` or `id@version` of /api/v1/models")


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


class ResultsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before")
    include: Annotated[str, Field(pattern="^text$")] | None = Field(None, description="`text`: rows carry their text")
    neutral_band: NeutralBand | None = Field(None, description="instead of that of the job or the setting")


class ErrorDocument(BaseModel):
    code: str
    detail: str


class Counts(BaseModel):
    total: int
    completed: int
    failed: int


class ModelDocument(BaseModel):
    id: str | None = Field(description="null while no model has answered a job that asks for none")
    version: str | None = Field(description="of the model that answered last; each row names its own")


class StoredModelDocument(BaseModel):
    id: str
    version: str
    labels: list[str]
    max_tokens: int
    precision: str = Field(examples=["int8"])
    source: str = Field(description="where its weights come from")
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


class JobList(BaseModel):
    object: str = "list"
    data: list[JobDocument]
    next: str | None


class ResultsPage(BaseModel):
    object: str = "list"
    data: list[RowDocument]
    next: str | None


class JobWithResults(JobDocument):
    results: ResultsPage


class Analysis(BaseModel):
    text: str
    label: Label
    score: Score


class EmojiSentiment(BaseModel):
    text: str
    sentiment: str
    confidence: Score
    emoji: str = Field(description="😊 positive, 😞 negative, 😐 everything else")


class SentimentData(BaseModel):
    text: str
    sentiment: str = Field(examples=["积极"])
    confidence: Score | None = None
    english_label: str | None = None
    analysis_time_ms: float | None = None


class SentimentAnswer(BaseModel):
    success: bool
    data: SentimentData
    request_id: str


class SentimentBatchAnswer(BaseModel):
    success: bool
    data: list[SentimentData]
    request_id: str


class ProblemError(BaseModel):
    code: str
    detail: str
    pointer: str | None = None
    line: int | None = None


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemError]
    request_id: str


#: Models that the documentation refers to by name, beside those of successful answers.
DOCUMENTED = (ActivationRequest, JobRequest, AnalyzeRequest, SentimentRequest, SentimentBatchRequest, Problem)


def components() -> dict[str, dict[str, Any]]:
    """JSON schemas of `DOCUMENTED` and of what they contain, for OpenAPI's `components`."""
    schemas: dict[str, dict[str, Any]] = {}
    for model in DOCUMENTED:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    return schemas


def body_of(model: type[Request], **other_types: Any) -> dict[str, Any]:
    """The OpenAPI request body of a handler that reads its body itself."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}} | other_types
    return {"requestBody": {"required": True, "content": content}}


def problems(*statuses: int) -> dict[str | int, Any]:
    """The OpenAPI responses of a handler for these HTTP statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {s: {"description": HTTPStatus(s).phrase, "content": {"application/problem+json": schema}} for s in statuses}


JOB_BODY = body_of(
    JobRequest,
    **{
        "application/x-ndjson": {
            "schema": {"type": "string"},
            "example": '{"text": "味道不错", "custom_id": "a1"}\n"物流太慢了"\n',
        }
    },
)
