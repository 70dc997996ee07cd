"""How a file is to be read, as far as its sender says so; the rest is recognised."""

from __future__ import annotations

from dataclasses import dataclass, fields

from api.schemas.jobs import ReadingQuery
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.core.settings import Settings

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be")
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may have at most."""

    file_bytes: int
    inflated_bytes: int
    inflate_ratio: int
    rows: int
    columns: int
    cell_chars: int
    text_chars: int


def limits(settings: Settings) -> Limits:
    """Those of the settings."""
    return Limits(
        file_bytes=settings.max_file_bytes,
        inflated_bytes=settings.max_inflated_bytes,
        inflate_ratio=settings.max_inflate_ratio,
        rows=settings.max_rows,
        columns=settings.max_columns,
        cell_chars=settings.max_cell_chars,
        text_chars=settings.max_text_chars,
    )


def bad_file(code: str, detail: str, field: str = "file") -> InvalidInput:
    """The file as a whole cannot be read; `field` is where the remedy lies."""
    return InvalidInput(detail, errors=(FieldError(code, detail, pointer=f"/{field}"),))
