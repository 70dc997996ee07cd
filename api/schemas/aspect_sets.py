"""Sets of aspects."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.aspect_definitions import AspectSetDefinition
from api.schemas.common import Parameters
from api.schemas.evaluation import Figure


class AspectSetPath(BaseModel):
    set_name: str = Field(max_length=100, description="`id`, or `id@version` of an older version")


class AspectSetIdPath(BaseModel):
    set_id: str = Field(max_length=100)


class AspectSetQuery(Parameters):
    model_config = ConfigDict(extra="forbid")
    format: Literal["json", "yaml"] = Field("json", description="`yaml`: the definition alone, for people")


class AspectSetVersion(BaseModel):
    version: str
    stored_at: str | None


class AspectSetDocument(BaseModel):
    id: str
    object: str = "aspect_set"
    version: str = Field(description="a digest of the definition", examples=["0f3c1b2a9d4e"])
    built_in: bool = Field(description="it came along with the service, and stays as it is")
    stored_at: str | None
    definition: AspectSetDefinition = Field(description="as PUT and the option `aspects` of a job take it")
    versions: list[AspectSetVersion] | None = Field(
        None,
        exclude_if=lambda versions: versions is None,
        description="only of a single set: all that are stored, the newest first",
    )


class AspectSetList(BaseModel):
    object: str = "list"
    data: list[AspectSetDocument]


class AspectCounts(BaseModel):
    """What the rows of a job say of one aspect."""

    aspect: str = Field(examples=["物流"])
    rows: int = Field(description="that speak of it")
    share: Figure | None = Field(description="of these among the rows that have a label; null: none has")
    counts: dict[str, int] = Field(description="of these rows, by what they say of the aspect")
    shares: dict[str, Figure] = Field(description="of each label among the rows that speak of it; empty: none does")


class JobAspects(BaseModel):
    object: str = "aspects"
    job_id: str
    state: str
    aspect_set: str = Field(description="`id@version`", examples=["shop@0f3c1b2a9d4e"])
    rows: int = Field(description="finished, with a label, that the filter takes")
    rows_with_aspects: int = Field(description="of these, the rows that speak of any aspect")
    data: list[AspectCounts] = Field(
        description="all aspects of the set; first the one whose negative share is largest at the lower end of its "
        "interval, so that a handful of rows does not come first"
    )
    worst: list[str] = Field(
        description="names of what to mend first, at most 3: the aspects that most rows are negative about, of those "
        "with 3 such rows at least",
        examples=[["物流"]],
    )
