"""How a file is to be read, as far as its sender says so; the rest is recognised."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields

from api.schemas.jobs import ReadingQuery
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.jobs.dates import DateOrder

#: Texts that stand for a missing value: as databases, statistics programs and spreadsheets write it, and as people do
#: who leave a field of a form empty.
NULL_VALUES = (
    *("NULL", "Null", "null", "\\N", "NaN", "NAN", "nan", "None", "N/A", "#N/A", "n/a", "NA", "<NA>", "nil"),
    *("(null)", "<null>", "[NULL]", "#NULL!", "undefined"),  # SQL Developer, DataGrip, DBeaver, SPSS, JavaScript
    *("#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#SPILL!", "#CALC!"),
    *("无", "無", "暂无", "暫無", "-", "--", "—", "——", "/"),
    *("(空)", "（空）", "(跳过)", "（跳过）", "."),  # survey platforms: not answered, not asked; SAS and Stata
)

#: Fields of Reading that every format obeys.
COMMON_OPTIONS = frozenset({"keep_columns", "null_values"})
#: Those of a format that has columns.
COLUMN_OPTIONS = frozenset(
    {"text_column", "id_column", "label_column", "date_column", "date_order", "date_year", "language_column"}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a sender asks for. None, "" and () mean: recognise it."""

    file_name: str = ""
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quotes: bool | None = None
    escape: str | None = None  # "none" or "backslash"
    has_header: bool | None = None
    header_row: int | None = None  # line of the file or row of the sheet with the headings, from 1
    sheet: str | None = None  # name, or number from 1
    text_column: tuple[str, ...] = ()  # names, or numbers from 1; several are joined
    id_column: str | None = None
    label_column: str | None = None
    date_column: str | None = None
    date_order: DateOrder | None = None  # of dates such as 03/05/2024 and 24/05/03
    date_year: int | None = None  # of dates such as 5月3日
    language_column: str | None = None
    keep_columns: bool = False
    null_values: tuple[str, ...] | None = None  # texts that are no text; None: NULL_VALUES
    time_zone: str = "UTC"  # of the clock that shows dates which are Unix times

    @classmethod
    def of(cls, query: ReadingQuery, time_zone: str) -> Reading:
        """Return what a query or a form asks for, and the time zone of the job."""
        same = {field.name for field in fields(cls)} - {"file_name", "time_zone"}
        asked = query.model_dump(include=same)
        asked["text_column"] = tuple(asked["text_column"] or ())
        if asked["null_values"] is not None:
            asked["null_values"] = tuple(asked["null_values"])
        return cls(file_name=query.filename or "", time_zone=time_zone, **asked)

    @property
    def nulls(self) -> frozenset[str]:
        """Return the texts that stand for a missing value."""
        return frozenset(NULL_VALUES if self.null_values is None else self.null_values)


def refuse_options(reading: Reading, format_: str, obeyed: Collection[str]) -> None:
    """Raise InvalidInput for the first option that this format cannot obey; `obeyed` are the others' names."""
    for field in fields(reading):
        name = field.name
        if name in obeyed or name in COMMON_OPTIONS or name in ("file_name", "format", "time_zone"):
            continue
        if getattr(reading, name) not in (None, "", ()):
            detail = f"`{name}` says nothing of {format_}: leave it out."
            raise bad_file("option_without_use", detail, name)


def bad_file(code: str, detail: str, field: str = "file") -> InvalidInput:
    """Return the error for a file that cannot be read as a whole; `field` is where the remedy lies."""
    return InvalidInput(detail, errors=(FieldError(code, detail, pointer=f"/{field}"),))
