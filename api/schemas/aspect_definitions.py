"""Sets of aspects as they are sent, and how a job names one. What is in a set is checked by `sentiq.aspects` alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

from sentiq.aspects.sets import MAX_ASPECTS, MAX_WORDS_OF_ASPECT


class AspectDefinition(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(description="heading of a column, and what the filter `aspect` takes", examples=["物流"])
    words: list[str] = Field(
        min_length=1, max_length=MAX_WORDS_OF_ASPECT, description="any of them shows that a text speaks of the aspect"
    )
    excepted: list[str] | None = Field(
        None,
        alias="except",
        max_length=MAX_WORDS_OF_ASPECT,
        exclude_if=lambda words: words is None,
        description="longer words in which a word does not count",
    )


class AspectSetDefinition(BaseModel):
    """What texts are looked through for; a word belongs to one aspect."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(description="1 to 64 small letters, digits, - and _", examples=["shop"])
    title: str = Field("", description="for people")
    aspects: list[AspectDefinition] = Field(min_length=1, max_length=MAX_ASPECTS)


_NAME = {"type": "string", "maxLength": 100}
_MEANING = "each text is divided by it, and each aspect of a text has a label"


class _NamedOrWhole:
    """Describes what a JSON body has: the name of a set, or a set."""

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(AspectSetDefinition.__pydantic_core_schema__)
        named = _NAME | {"description": "`id` or `id@version`"}
        return {"anyOf": [named, whole], "description": f"a set of aspects, such as shop: {_MEANING}"}


def _name(value: object) -> object:
    """Refuse what a query or a form cannot have."""
    if value is not None and not isinstance(value, str):
        raise ValueError("give the id of a set of aspects; a set itself is taken in a JSON body")
    return value


Aspects = Annotated[str | dict[str, Any], _NamedOrWhole()]
AspectSetName = Annotated[
    str | dict[str, Any],
    BeforeValidator(_name),
    WithJsonSchema(_NAME | {"description": f"`id` or `id@version` of a set of aspects, such as shop: {_MEANING}"}),
]
