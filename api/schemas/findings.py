"""What to mend first."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.evaluation import Figure
from api.schemas.phrases import PhraseExample, PhraseForm


class Rise(BaseModel):
    """The last step of the timeline in which more was negative than in the one before, beyond chance."""

    start: str = Field(description="of the step, as `from` takes it", examples=["2024-03-04"])
    end: str = Field(description="its last period, as `to` takes it", examples=["2024-03-10"])
    difference: float = Field(description="of the shares of negative")
    p_value: float = Field(description="adjusted for all comparisons of the timeline (Holm)")


class Finding(BaseModel):
    kind: Literal["aspect", "phrase"] = Field(description="`phrase` where the job looks for no aspects, or finds none")
    name: str = Field(description="of the aspect, or the phrase", examples=["物流"])
    rows: int = Field(description="whose text speaks of it; of phrases of a large job an estimate")
    negative: int = Field(description="of these, those that are negative, of an aspect: about it")
    share: Figure = Field(description="of `negative` among `rows`")
    of_all: Figure = Field(description="of `negative` among all rows with a label")
    rise: Rise | None = Field(description="of an aspect, where rows have dates and there is one")
    phrases: list[PhraseForm] = Field(description="what the negative rows say of it that others do not, at most 5")
    examples: list[PhraseExample] = Field(description="negative texts, at most 3")
    parameters: dict[str, str] = Field(description="of `results`, that take the negative rows beside the other filters")


class Findings(BaseModel):
    object: str = "findings"
    job_id: str
    state: str
    rows: int = Field(description="with a label, that the filters take")
    data: list[Finding] = Field(description="at most 3: those that most negative rows speak of first")
