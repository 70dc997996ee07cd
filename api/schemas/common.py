"""What the schemas of several endpoints share."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from api.schemas.aspect_definitions import Aspects
from sentiq.core.languages import CODE_PATTERN, language_code
from sentiq.core.long_texts import LongTexts
from sentiq.jobs.types import JobOptions

if TYPE_CHECKING:  # processes that write documents have none
    from sentiq.core.settings import Settings

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


def _language(written: str) -> str:
    code = language_code(written)
    if code and re.search(CODE_PATTERN, written):
        return code
    raise PydanticCustomError(
        "unknown_language",
        "{written} is no code of a language. {remedy}.",
        {
            "written": repr(written),
            "remedy": f"Write {code}" if code else "Write that of ISO 639, as zh, en or ja, or leave it out",
        },
    )


LanguageCode = Annotated[
    str,
    Field(
        max_length=35,
        json_schema_extra={"pattern": CODE_PATTERN},  # the validator checks it, and says more
        examples=["zh"],
        description="as ISO 639 codes it, such as `zh` or `en`; a script or a region behind it is left out",
    ),
    AfterValidator(_language),
]


def words_of(*known: str) -> AfterValidator:
    """Return a validator of comma-separated words; an unknown word is an error that lists the known ones."""

    def check(value: str) -> str:
        unknown = [word for word in value.split(",") if word not in known]
        if unknown:
            named = {"word": unknown[0], "known": ", ".join(known)}
            raise PydanticCustomError("unknown_value", "There is no '{word}'; there are: {known}.", named)
        return value

    return AfterValidator(check)


class Parameters(BaseModel):
    """What a request says beside its body. The framework asks for the schema at each request; it is made once."""

    _schemas: ClassVar[dict[type, dict[str, Any]]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        if args or options:
            return super().model_json_schema(*args, **options)
        if cls not in cls._schemas:
            cls._schemas[cls] = super().model_json_schema()
        return cls._schemas[cls]


class Request(BaseModel):
    """A JSON body: unknown fields and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Options(BaseModel):
    """What may be asked for beside the texts, in a body or in the query of a streamed one."""

    long_texts: LongTexts | None = Field(
        None,
        description="texts longer than the model reads: `truncate` reads their beginning, `head_tail` their beginning "
        "and end, `windows` all, in overlapping windows whose probabilities are averaged. Default: a setting",
    )
    neutral_band: NeutralBand | None = None
    aspects: Aspects | None = None
    language: LanguageCode | None = Field(
        None,
        description="of all texts that have none of their own, such as `zh` or `en`; default: detected, where models "
        "are chosen by language",
    )

    def resolved(self, settings: Settings) -> JobOptions:
        """Return the options, with the defaults of the settings. Raises InvalidInput."""
        return JobOptions(self.long_texts or settings.long_texts, self.neutral_band, language=self.language or "")


class ErrorDocument(BaseModel):
    code: str
    detail: str


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


def any_of(*models: type[BaseModel]) -> dict[str, Any]:
    """Return an OpenAPI schema that refers to one of these, or to each of several."""
    refs = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    return {"anyOf": refs} if len(refs) > 1 else refs[0]


def body_of(*models: type[BaseModel], **other_types: Any) -> dict[str, Any]:
    """Return the OpenAPI request body of a handler that reads its body itself: JSON of these models, or other types."""
    json_type = {"application/json": {"schema": any_of(*models)}} if models else {}
    return {"requestBody": {"required": True, "content": json_type | other_types}}


def problems(*statuses: int) -> dict[str | int, Any]:
    """Return the OpenAPI responses of a handler for these HTTP statuses."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {s: {"description": HTTPStatus(s).phrase, "content": {"application/problem+json": schema}} for s in statuses}
