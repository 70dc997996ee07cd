"""How a file is to be read, as far as its sender says so; the rest is recognised."""

from __future__ import annotations

from dataclasses import dataclass, fields

from api.schemas.jobs import ReadingQuery
from sentiq.core.errors import FieldError, InvalidInput

FORMATS = ("csv", "tsv", "txt", "jsonl", "xlsx")


@dataclass(frozen=True, slots=True)
class Reading:
    """None and "" mean: recognise it."""

    file_name: str = ""
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotes: bool | None = None
    has_header: bool | None = None
    sheet: str | None = None  # name, or number from 1
    text_column: str | None = None  # name, or number from 1
    id_column: str | None = None
    keep_columns: bool = False

    @classmethod
    def of(cls, query: ReadingQuery) -> Reading:
        """Return what a query or a form asks for."""
        same = {field.name for field in fields(cls)} - {"file_name"}
        return cls(file_name=query.filename or "", **query.model_dump(include=same))


def bad_file(code: str, detail: str, field: str = "file") -> InvalidInput:
    """The file as a whole cannot be read; `field` is where the remedy lies."""
    return InvalidInput(detail, errors=(FieldError(code, detail, pointer=f"/{field}"),))
