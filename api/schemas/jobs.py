"""Submissions and jobs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from api.schemas.aspect_definitions import Aspects, AspectSetName
from api.schemas.common import ErrorDocument, LanguageCode, Options, Parameters, Request, any_of, body_of
from api.schemas.encodings import ENCODINGS, known_encoding
from api.schemas.results import ResultsPage
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.settings import Settings
from sentiq.jobs.daily_window import Window
from sentiq.jobs.dates import FIRST_YEAR, LAST_YEAR, DateOrder
from sentiq.jobs.types import JobOptions, JobState, Priority

Instant = Annotated[AwareDatetime, Field(strict=False)]  # JSON has no times of its own

Metadata = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(max_length=512)],
    ],
    Field(
        max_length=16,
        description="words of your own that come back with the job and its webhook: at most 16, names of at most 64 "
        "characters, values of at most 512",
        examples=[{"campaign": "spring"}],
    ),
]


def _unpacked(value: object) -> object:
    """Decode what a query or a form has as the text of a JSON object."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError('give a JSON object, such as {"campaign": "spring"}') from None


PackedMetadata = Annotated[
    Metadata,
    BeforeValidator(_unpacked),
    WithJsonSchema(
        {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "a JSON object of words of your own, as in a JSON body",
            "examples": ['{"campaign": "spring"}'],
        }
    ),
]


class JobOptionsRequest(Options):
    """What may be asked for beside the texts of a job."""

    name: str | None = Field(None, max_length=200, description="for people; a file's name where none is given")
    priority: Literal["high", "normal", "low"] | None = Field(
        None, description="which of the waiting jobs go first; default: normal"
    )
    start_at: Instant | None = Field(None, description="no text is classified before; with a time zone")
    window: str | None = Field(
        None, max_length=40, description="texts are classified only within these hours of each day, as in 22:00-06:00"
    )
    time_zone: str | None = Field(
        None,
        max_length=64,
        description="of the window, and of dates in a file that are Unix times, such as Asia/Shanghai; default: a "
        "setting",
    )
    webhook: str | None = Field(
        None, max_length=64, description="id of the webhook that is told when the job has ended"
    )
    expire_at: Instant | None = Field(None, description="the job ends then with what is done; with a time zone")
    metadata: Metadata | None = None

    def resolved(self, settings: Settings) -> JobOptions:
        options = super().resolved(settings)
        zone = self.time_zone or settings.time_zone
        now = datetime.now(UTC)
        latest = now + timedelta(seconds=settings.job_ttl_s)
        if self.start_at and self.start_at > latest:
            raise _invalid(
                "start_at", f"A job lives {settings.job_ttl_s:,} s (SENTIQ_JOB_TTL_S): it can start by {latest}."
            )
        if self.expire_at and self.expire_at <= max(now, self.start_at or now):
            raise _invalid("expire_at", "The deadline must be in the future and after `start_at`.")
        if self.window:
            try:
                Window.parse(self.window, zone)
            except ValueError as error:
                field = "time_zone" if "time zone" in str(error) else "window"
                raise _invalid(field, f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        return replace(
            options,
            name=self.name or "",
            priority=Priority(self.priority or "normal"),
            start_at_ms=_ms(self.start_at) if self.start_at and self.start_at > now else None,
            window=self.window or "",
            time_zone=zone,
            expire_at_ms=_ms(self.expire_at),
            webhook=self.webhook or "",
            metadata=self.metadata or {},
        )


def _invalid(field: str, detail: str) -> InvalidInput:
    return InvalidInput(detail, errors=(FieldError(f"invalid_{field}", detail, pointer=f"/{field}"),))


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


class Item(Request):
    text: str
    custom_id: str | None = Field(None, max_length=512)
    language: LanguageCode | None = None
    date: str | None = Field(
        None,
        max_length=40,
        description="when the text was written, by the clock on the wall (ISO 8601), for `timeline`, `from` and `to`",
        examples=["2024-03-05 15:00"],
    )


class JobRequest(Request, JobOptionsRequest):
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


def _listed(value: object) -> object:
    """Take one word for a list of one."""
    return [value] if isinstance(value, str) else value


Columns = Annotated[
    list[Annotated[str, Field(max_length=255)]], BeforeValidator(_listed), Field(min_length=1, max_length=8)
]
NullValues = Annotated[list[Annotated[str, Field(max_length=64)]], BeforeValidator(_listed), Field(max_length=64)]


class ReadingQuery(Parameters):
    """How a file is to be read, as far as its sender knows better than what is recognised."""

    filename: str | None = Field(
        None,
        max_length=255,
        description="its ending tells the format where the type does not; with a name, a body of application/json is a "
        "file of any JSON",
    )
    format: (
        Literal["csv", "tsv", "txt", "jsonl", "json", "xlsx", "xls", "xlsb", "ods", "html", "xml", "parquet", "arrow"]
        | None
    ) = Field(None, description="default: recognised")
    encoding: Annotated[str, Field(max_length=64), BeforeValidator(known_encoding)] | None = Field(
        None,
        description=f"{', '.join(ENCODINGS)}, or another usual name of one of them, such as gbk; default: recognised "
        "by what the bytes would say in each",
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="of CSV; default: recognised")
    quotes: bool | None = Field(
        None,
        description="of CSV and TSV: quotation marks enclose cells (true) or are ordinary characters (false); default: "
        "true, but between tabs only where the first rows cannot be meant otherwise",
    )
    has_header: bool | None = Field(None, description="the first row has headings; default: recognised")
    sheet: str | None = Field(None, max_length=64, description="of a workbook: name, or number from 1")
    header_row: int | None = Field(
        None,
        ge=1,
        description="line of the file, or row of the sheet, with the headings, from 1; default: recognised",
    )
    text_column: Columns | None = Field(
        None,
        description="name, or number from 1; of several, the texts are joined in this order; default: recognised",
    )
    id_column: str | None = Field(None, max_length=255, description="name, or number from 1; default: recognised")
    label_column: str | None = Field(
        None,
        max_length=255,
        description="of labels that people gave, with which `evaluation` compares the answers: name, or number from 1; "
        "default: recognised where it has sentiments",
    )
    date_column: str | None = Field(
        None,
        max_length=255,
        description="of dates, by which `timeline` counts and `from` and `to` filter: name, or number from 1; default: "
        "recognised",
    )
    language_column: str | None = Field(
        None,
        max_length=255,
        description="of the languages of the texts, as codes (`zh`, `en-US`) or names: name, or number from 1; "
        "default: recognised",
    )
    date_order: DateOrder | None = Field(
        None,
        description="whether 03/05/2024 is of May (`day_first`) or of March (`month_first`), or the year is what "
        "stands first, as in 24/05/03; default: as the column shows",
    )
    date_year: int | None = Field(
        None,
        ge=FIRST_YEAR,
        le=LAST_YEAR,
        description="of dates without one, such as 5月3日; default: each is the last such day until today",
    )
    keep_columns: bool = Field(False, description="all columns of the file come back with the results")
    escape: Literal["none", "backslash"] | None = Field(
        None,
        description="what a backslash is in the cells of CSV and TSV: an ordinary character, or the mark of an "
        "escape, as databases write it; default: recognised",
    )
    null_values: NullValues | None = Field(
        None, description="cells that hold one of these have no text; default: NULL, \\N, NaN, None, N/A and their like"
    )


class SubmitQuery(JobOptionsRequest, ReadingQuery):
    """Options of a file or an NDJSON body. JSON has them as fields of the body, a form as fields before the file."""

    model_config = ConfigDict(extra="forbid")
    model: str | None = Field(None, min_length=1, max_length=200)
    metadata: PackedMetadata | None = None
    aspects: AspectSetName | None = None
    dry_run: bool = Field(False, description="only read and count: nothing is stored")
    max_bad_share: float | None = Field(
        None, ge=0, le=1, description="share of unreadable rows from which on the job fails; default: a setting"
    )

    def resolved(self, settings: Settings) -> JobOptions:
        return replace(
            super().resolved(settings), keep_columns=self.keep_columns, name=self.name or self.filename or ""
        )


class SubmitHeaders(Parameters):
    idempotency_key: str = Field(
        "", alias="Idempotency-Key", max_length=255, description="one of your own for each submission, e.g. a UUID"
    )
    prefer: str = Field("", alias="Prefer", description="`wait=5` waits up to 5 seconds for the result")


class UploadRequest(SubmitQuery):
    """A job of a file that was uploaded before."""

    upload: str = Field(max_length=64, description="id of an upload")
    metadata: Metadata | None = None
    aspects: Aspects | None = None


class JobsQuery(Parameters):
    model_config = ConfigDict(extra="forbid")
    limit: int = Field(20, ge=1, le=100)
    after: str | None = Field(None, max_length=64, description="`next` of the page before")
    state: str | None = Field(
        None, max_length=200, description="only jobs in one of these states, as in `running,queued`"
    )
    idempotency_key: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="only the job that your submission with this `Idempotency-Key` made, also while its rows still "
        "arrive; the other parameters then say nothing",
    )

    @property
    def states(self) -> frozenset[JobState]:
        """Raises InvalidInput."""
        words = [word.strip() for word in (self.state or "").split(",") if word.strip()]
        unknown = [word for word in words if word not in set(JobState)]
        if unknown:
            raise _invalid("state", f"There is no state {unknown[0]!r}; there are: {', '.join(JobState)}.")
        return frozenset(map(JobState, words))


class Counts(BaseModel):
    """Of rows; at the end `total` is the sum of the others."""

    total: int = Field(description="received so far")
    completed: int = Field(description="with a label")
    failed: int
    without_text: int = Field(description="with nothing to read: an empty cell, a text of blanks")


class ModelDocument(BaseModel):
    id: str | None = Field(description="null while no model has answered a job that asks for none")
    version: str | None = Field(description="of the model that answered last; each row names its own")


class OptionsDocument(BaseModel):
    long_texts: str = Field(examples=["truncate"])
    neutral_band: float | None = Field(description="null: that of the setting, at the time of reading")
    priority: str = Field(examples=["normal"])
    start_at: str | None
    window: str | None
    time_zone: str = Field(description="of the window")
    expire_at: str | None
    webhook: str | None
    keep_columns: bool
    language: str | None = Field(description="of rows without one of their own; null: detected where models need it")
    aspects: str | None = Field(
        description="`id@version` of the set of aspects; null: none", examples=["shop@0f3c1b2a9d4e"]
    )


class NoteDocument(BaseModel):
    """One thing that was decided while a file was read, or left out."""

    code: str = Field(examples=["sheets_not_read"])
    detail: str
    facts: dict[str, Any] = Field(description="what the sentence names: words, numbers, lists of words")


class FileDocument(BaseModel):
    """How the file was read."""

    name: str
    format: str = Field(examples=["csv"])
    compression: str | None = Field(examples=["gzip"])
    encoding: str | None = Field(examples=["gb18030"])
    delimiter: str | None
    quotes: bool | None
    has_header: bool | None
    header_row: int | None = Field(description="line of the file, or row of the sheet, with the headings, from 1")
    sheet: str | None
    text_column: str | None = Field(description="its heading; of several columns that are joined, that of the first")
    text_number: int | None = Field(description="its place, from 1: headings may come twice")
    text_numbers: list[int] = Field(description="places of all columns whose texts are joined, in this order")
    id_column: str | None
    id_number: int | None
    label_column: str | None = Field(description="of the labels that people gave; null: none")
    label_number: int | None
    date_column: str | None = Field(description="of the dates of the rows; null: none")
    date_number: int | None
    date_order: DateOrder | None = Field(description="of dates such as 03/05/2024 and 24/05/03; null: no cell shows it")
    language_column: str | None = Field(description="of the languages of the rows; null: none")
    language_number: int | None
    columns: list[str]
    notes: list[NoteDocument] = Field(description="what was decided and what was left out")


class JobDocument(BaseModel):
    id: str
    object: str = "job"
    name: str | None
    metadata: dict[str, str] = Field(description="as it was submitted", examples=[{"campaign": "spring"}])
    state: str = Field(examples=["running"])
    lane: str = Field(examples=["bulk"])
    model: ModelDocument
    options: OptionsDocument
    file: FileDocument | None = Field(description="null for texts in a JSON document")
    has_languages: bool = Field(
        description="rows say their language: it was given with them or the job, or their models were chosen by it"
    )
    counts: Counts
    created_at: str = Field(examples=["2026-01-31T08:00:00.000Z"])
    started_at: str | None
    ended_at: str | None
    expires_at: str = Field(description="when the job and its results are forgotten")
    paused_at: str | None
    scheduled_for: str | None = Field(description="when it starts or goes on, while its time is still to come")
    queue_position: int | None = Field(description="1 for the bulk job that starts next; null once it has started")
    texts_per_second: float | None
    eta_s: float | None
    error: ErrorDocument | None
    links: dict[str, str]


class JobList(BaseModel):
    object: str = "list"
    data: list[JobDocument]
    next: str | None = Field(description="null: no job follows. Of a rare state a page may be short, or empty")


class JobWithResults(JobDocument):
    results: ResultsPage


class LineError(ErrorDocument):
    line: int | None


class DryRunDocument(BaseModel):
    """What a submission would be."""

    object: str = "dry_run"
    rows: int
    bad_rows: int = Field(description="rows that would fail")
    without_text: int = Field(description="rows with nothing to read, which are not among those")
    duplicates: int = Field(description="rows whose text came before")
    duplicates_complete: bool = Field(description="false: only the first 500,000 different texts were compared")
    over_long: int = Field(description="texts of more characters than the model reads tokens")
    characters: int
    format: FileDocument | None
    errors: list[LineError] = Field(description="of the first rows of both kinds")
    estimated_s: float | None = Field(description="seconds of work at the speed of late; null when it is not known")


FILE_BODY: dict[str, Any] = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary"}},
            "required": ["file"],
            "additionalProperties": {"type": "string"},
            "description": "options are further fields, of the names of the query, before the file; "
            "what a query may have several times, a form may too",
        }
    },
    "text/csv": {"schema": {"type": "string"}, "example": "id,text\n1,味道不错\n"},
    "application/x-ndjson": {
        "schema": {"type": "string"},
        "example": '{"text": "味道不错", "custom_id": "a1"}\n"物流太慢了"\n',
    },
    # Whatever else is taken, an XLSX workbook or gzip: `filename` tells what it is where its bytes do not.
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}

JOB_BODY = body_of(JobRequest, UploadRequest, **FILE_BODY)

UPLOAD_BODY = body_of(**FILE_BODY)

JOB_ANSWER = {
    "description": "the job with its results, as `Prefer: wait` asked; or what it would be, as `dry_run` asked",
    "content": {"application/json": {"schema": any_of(JobWithResults, DryRunDocument)}},
}
