"""Turns the texts of a JSON body into rows, all or nothing: one bad text, and none is accepted."""

from __future__ import annotations

from collections.abc import Sequence

from api.http.problems import pointer
from api.ingest.faults import is_unicode, text_fault
from api.schemas.jobs import JobRequest
from sentiq.core.errors import FieldError, InvalidInput
from sentiq.jobs.dates import iso_minutes
from sentiq.jobs.types import Row


def json_rows(job: JobRequest, max_chars: int) -> list[Row]:
    """Return the rows of a JSON job. Raises InvalidInput with a pointer to each bad text; then nothing is accepted."""
    if job.text is not None:
        rows, places = [Row(job.text)], [pointer("text")]
    elif job.texts is not None:
        rows, places = [Row(t) for t in job.texts], [pointer("texts", i) for i in range(len(job.texts))]
    else:
        items = job.items or []
        dates = _dates([item.date for item in items])
        rows = [
            Row(item.text, item.custom_id, language=item.language or "", when=when)
            for item, when in zip(items, dates, strict=True)
        ]
        places = [pointer("items", i, "text") for i in range(len(items))]
    check_texts([row.text for row in rows], places, max_chars)
    check_ids([row.custom_id for row in rows])
    return rows


def _dates(cells: Sequence[str | None]) -> list[int | None]:
    """Return the dates of items as `Row.when` has them. Raises InvalidInput for what is none in ISO 8601."""
    found, faults = list[int | None](), list[FieldError]()
    for at, cell in enumerate(cells):
        when = None if cell is None else iso_minutes(cell)
        if cell is not None and when is None:
            detail = f"{cell!r} is no date; write 2024-03-05 or 2024-03-05 15:00."
            faults.append(FieldError("invalid_date", detail, pointer=pointer("items", at, "date")))
        found.append(when)
    if faults:
        raise InvalidInput(f"{len(faults)} dates cannot be taken; see `errors`.", errors=tuple(faults))
    return found


def check_texts(texts: Sequence[str], places: Sequence[str], max_chars: int) -> None:
    """Raise InvalidInput with the places of all texts that cannot be accepted."""
    faults = tuple(
        FieldError(fault.code, fault.detail, pointer=place)
        for text, place in zip(texts, places, strict=True)
        if (fault := text_fault(text, max_chars)) is not None
    )
    if faults:
        raise InvalidInput(f"{len(faults)} of {len(texts)} texts cannot be taken; see `errors`.", errors=faults)


def check_ids(custom_ids: list[str | None]) -> None:
    """Raise InvalidInput for ids that are not valid Unicode, which cannot be stored."""
    faults = tuple(
        FieldError("invalid_unicode", "The id has half a surrogate pair.", pointer=pointer("items", i, "custom_id"))
        for i, custom_id in enumerate(custom_ids)
        if custom_id is not None and not is_unicode(custom_id)
    )
    if faults:
        raise InvalidInput(f"{len(faults)} ids cannot be taken; see `errors`.", errors=faults)
