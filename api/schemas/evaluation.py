"""What the labels of a file say of the answers to it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import Label, NeutralBand, Parameters, Score


class EvaluationQuery(Parameters):
    model_config = ConfigDict(extra="forbid")
    neutral_band: NeutralBand | None = Field(None, description="instead of that of the job or the setting")
    by: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="a column of the file that the job kept, by heading or number from 1: `by_source` counts by it",
    )


class Figure(BaseModel):
    """A figure and the interval in which it lies, with 95 % confidence, for all texts like these."""

    value: float
    low: float
    high: float


class LabelFigures(BaseModel):
    label: str
    rows: int = Field(description="that people gave it")
    predicted: int = Field(description="that the model gave it")
    precision: Figure | None = Field(description="share of the predicted rows that have it; null: none was predicted")
    recall: Figure | None = Field(description="share of its rows that the model found; null: no row has it")
    f1: Figure | None = Field(description="harmonic mean of both")


class SourceFigures(BaseModel):
    source: str = Field(description="value of the column `by`; … for further ones")
    rows: int
    accuracy: Figure


class ScoreBin(BaseModel):
    low: float = Field(description="of the scores")
    high: float
    rows: int
    score: float = Field(description="mean")
    accuracy: Figure


class CalibrationFigures(BaseModel):
    """Whether scores mean what they say: of 100 texts at 80 %, about 80 should be right."""

    rows: int = Field(description="whose score is a probability: not those that the neutral band made neutral")
    error: Figure = Field(description="expected calibration error, 15 bins")
    by_chance: float = Field(description="error that scores without fault would show on so many rows")
    bins: list[ScoreBin]


class ConfusionCounts(BaseModel):
    labels: list[str]
    counts: list[list[int]] = Field(
        description="rows of each label, and in each the predictions, in the order of `labels`"
    )


class Mistake(BaseModel):
    index: int
    text: str = Field(description="its first 300 characters")
    label: str = Field(description="that people gave")
    predicted: Label
    score: Score
    source: str


class MissingLabel(BaseModel):
    """Rows that are wrong whatever the model would answer: it does not have their label."""

    label: str
    model: str = Field(description="that answered them", examples=["sentiq-small-zh@4bcc4e4b1c42"])
    rows: int


class EvaluationDocument(BaseModel):
    object: str = "evaluation"
    job_id: str
    label_column: str
    rows: int = Field(description="with a label and an answer")
    without_label: int = Field(description="with an answer, but no label or one that no row of the job can have")
    without_answer: int = Field(description="that failed or have no text")
    labels_missing: list[MissingLabel] = Field(
        description="of `rows`, those that count as wrong since the model that answered them does not have their label"
    )
    accuracy: Figure
    macro_f1: Figure = Field(description="mean F1 of the labels")
    by_label: list[LabelFigures]
    confusion: ConfusionCounts
    calibration: CalibrationFigures | None = Field(description="null: no score is a probability")
    by_source: list[SourceFigures] = Field(description="only with `by`")
    mistakes: list[Mistake] = Field(description="the 20 surest")
