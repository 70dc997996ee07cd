"""Reports for people."""

from __future__ import annotations

from pydantic import Field

from api.schemas.results import Language, SliceQuery
from api.schemas.timeline import AnyStep

_LANG = "of the words; default: what `Accept-Language` prefers, else English"


class PictureQuery(SliceQuery):
    """Which rows, and the language of a picture."""

    lang: Language | None = Field(None, description=_LANG)


class TimelinePictureQuery(PictureQuery):
    step: AnyStep = Field("auto", description="as in `timeline`")


class ReportQuery(PictureQuery):
    by: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="a column of the file that the job kept, by heading or number from 1, by which rows are grouped; "
        "default: the one that tells most groups apart, if one does",
    )
