"""Rows with their predictions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import ErrorDocument, Label, LanguageCode, NeutralBand, Parameters, Score, words_of

#: What rows are sorted by, upwards or (with `-`) downwards; api/export/order.py says what each means.
Sort = Literal["polarity", "-polarity", "score", "-score"]
Language = Literal["en", "zh"]

VALUE_CHARS = 1_000  #: of a cell that a query names
MOST_CELLS = 50  #: that one query names: more values than groups are shown

Include = Annotated[
    str, words_of("text", "columns"), Field(json_schema_extra={"pattern": "^(text|columns)(,(text|columns))*$"})
]


class SliceQuery(Parameters):
    """Which rows, whatever is found of them."""

    model_config = ConfigDict(extra="forbid")
    contains: str | None = Field(
        None,
        min_length=1,
        max_length=200,
        description="only rows whose text or `custom_id` has this in it; capital and small letters are the same",
    )
    column: list[Annotated[str, Field(min_length=1, max_length=255)]] | None = Field(
        None,
        max_length=MOST_CELLS,
        description="a column of the file that the job kept, by heading or number from 1: only rows with `value` in "
        "it. Both may be repeated, pair by pair: a row has one of the values of each column that is named",
    )
    value: list[Annotated[str, Field(max_length=VALUE_CHARS)]] | None = Field(
        None, max_length=MOST_CELLS, description="the whole cell of `column`; may be empty"
    )
    from_: str | None = Field(
        None,
        alias="from",
        max_length=16,
        description="only rows whose date is in this period or later: 2024, 2024-03, 2024-03-05, 2024-03-05T15 or "
        "2024-03-05T15:30, by the clock of the file. Rows without a date are left out",
    )
    to: str | None = Field(None, max_length=16, description="only rows whose date is in this period or earlier")
    language: list[LanguageCode] | None = Field(
        None,
        max_length=20,
        description="only rows of these languages, as rows name them; `language=zh&language=ja`",
    )
    neutral_band: NeutralBand | None = Field(None, description="instead of that of the job or the setting")


class FilterQuery(SliceQuery):
    """Which rows."""

    label: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None,
        max_length=100,
        description="only rows of these labels, as in `label=negative&label=neutral` or `label=negative,neutral`; one "
        "whose name has commas is taken whole",
    )
    min_score: float = Field(0, ge=0, le=1)
    max_score: float = Field(1, ge=0, le=1)
    only: Literal["failed", "without_text"] | None = Field(
        None, description="`failed`: rows that failed, with their reasons; `without_text`: rows with nothing to read"
    )
    aspect: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="only rows whose text speaks of this aspect of the job's set; `label`, `min_score`, `max_score` "
        "and `sort` are then about the aspect, not about the whole text",
    )


class ViewQuery(FilterQuery):
    """Which rows, and how they are shown."""

    include: Include | None = Field(
        None, description="`text`: rows carry their text; `columns`: those of the file, if the job kept them"
    )
    sort: Sort | None = Field(
        None,
        description="`polarity`: the most negative first, by p(positive) − p(negative); `score`: the least sure first; "
        "with `-` the other way round. Rows without a prediction come last. Only of a job that has ended.",
    )


class WorkbookQuery(ViewQuery):
    """What else a workbook says."""

    by: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="a column of the file that the job kept, by heading or number from 1: the summary counts by it too",
    )
    report: bool = Field(
        True,
        description="sheets of what to mend, aspects, time, groups and phrases, with charts; of an ended job that has "
        "aspects or dates, unless rows are chosen by `label`, scores, `only` or `aspect`",
    )
    lang: Language | None = Field(
        None, description="of headings, labels and notes; default: what `Accept-Language` prefers, else English"
    )


class ResultsQuery(ViewQuery):
    limit: int = Field(100, ge=1, le=1000)
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before")


class SummaryQuery(Parameters):
    model_config = ConfigDict(extra="forbid")
    neutral_band: NeutralBand | None = Field(None, description="instead of that of the job or the setting")
    by: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="a column of the file that the job kept, by heading or number from 1: `groups` counts its values",
    )


class RowErrorDocument(ErrorDocument):
    line: int | None = Field(description="of the input, where the reason is there")


class RowAspect(BaseModel):
    aspect: str = Field(description="its name in the set of the job", examples=["物流"])
    label: Label
    score: Score
    clause: str = Field(description="the part of the text that tells it best")


class RowDocument(BaseModel):
    index: int
    custom_id: str | None
    label: Label | None
    label_zh: str | None = Field(examples=["积极"])
    score: Score | None
    probabilities: dict[str, float] | None
    truncated: bool
    model: str | None = Field(
        description="`id@version` of the model that answered; of a pair or of routes, the one of them that did. Of a "
        "row that failed, the model that was to answer it; null where routes sent it to none, as a row without a text",
        examples=["sentiq-small-zh@1"],
    )
    degraded: bool = Field(
        description="the bundled model, or the student of a pair, stood in, since texts waited too long for the other"
    )
    error: RowErrorDocument | None
    language: str | None = Field(
        None,
        exclude_if=lambda language: language is None,
        description="as it was given, or as it was detected where models are chosen by language: a code of ISO 639",
        examples=["zh"],
    )
    aspects: list[RowAspect] | None = Field(
        None,
        exclude_if=lambda aspects: aspects is None,
        description="only of a job with a set of aspects: those of which the text speaks",
    )
    columns: list[tuple[str, str]] | None = Field(
        None, exclude_if=lambda columns: columns is None, description="only with `include=columns`: heading and cell"
    )
    text: str | None = Field(None, exclude_if=lambda text: text is None, description="only with `include=text`")


class ResultsPage(BaseModel):
    object: str = "list"
    data: list[RowDocument]
    next: str | None


class MatchesQuery(FilterQuery):
    cursor: str | None = Field(None, max_length=64, description="`next` of the answer before")


class Matches(BaseModel):
    object: str = "matches"
    matches: int = Field(description="finished rows that the filter takes, of those looked at for this answer")
    next: str | None = Field(description="where to go on; null: that was all. The whole number is the sum")


class Bin(BaseModel):
    start: float
    end: float
    count: int


class Failure(BaseModel):
    code: str
    count: int
    index: int = Field(description="of the first row that failed so")
    detail: str = Field(description="of that row")
    line: int | None


class Group(BaseModel):
    value: str | None = Field(description="of the column; null for all that are not among the largest groups")
    counts: dict[str, int] = Field(description="rows of each label, `failed` and `without_text`")
    rows: int


class Summary(BaseModel):
    object: str = "summary"
    job_id: str
    state: str
    rows: int = Field(description="finished so far")
    counts: dict[str, int] = Field(description="rows of each label, `failed` and `without_text`")
    shares: dict[str, float] = Field(
        description="of each label among the rows that have one; `failed`, `without_text` and `truncated` among all "
        "finished rows"
    )
    histogram: list[Bin] = Field(description="rows by p(positive)")
    failures: list[Failure] = Field(description="why rows failed, the most frequent reason first")
    languages: dict[str, int] | None = Field(
        None,
        exclude_if=lambda languages: languages is None,
        description="rows of each language, the most first; only where languages were given, or models are chosen by "
        "them",
    )
    groups: list[Group] | None = Field(
        None,
        exclude_if=lambda groups: groups is None,
        description="only with `by`: the 50 largest, the most rows first, and the others as one",
    )


class Point(BaseModel):
    at: str = Field(description="when the step began", examples=["2026-01-31T08:00:00.000Z"])
    rows: int = Field(description="recorded within it")


class Throughput(BaseModel):
    object: str = "throughput"
    step_s: int = Field(description="length of each step, seconds")
    points: list[Point]
