"""Sets of aspects."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.aspect_definitions import AspectSetDefinition
from api.schemas.common import Parameters


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
