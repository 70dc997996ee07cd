"""What the service makes of a file, compared with the rows that were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from api.ingest.files import File
from api.ingest.limits import limits
from api.ingest.options import Reading
from sentiq.core.errors import SentiqError
from sentiq.core.settings import Settings
from sentiq.jobs.types import Row
from tools.writers.losses import Loss, changes, failures, lost_ids
from tools.writers.texts import HEADINGS, ITEMS
from tools.writers.written import Written

TEXTS = {item["id"]: item["text"] for item in ITEMS}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A line of the table."""

    written: Written
    texts: str = "–"  # how many came out exactly
    ids: str = "–"
    remarks: str = ""
    is_read: bool = False
    is_exact: bool = False
    faults: tuple[str, ...] = ()  # what was changed without a word, and not by the writer


def outcome_of(written: Written, folder: Path, python: Path) -> Outcome:
    """Read a file as the service does, with no option; `python` has other readers, to ask what the file says."""
    if not written.file:
        return Outcome(written, remarks=f"not written: {' '.join(written.reason.split())}")
    path = folder / written.file
    try:
        with File(iter([path.read_bytes()]), Reading(file_name=written.file), limits(Settings())) as file:
            rows = list(file.rows())
            notes = {note.code for note in file.format.notes}
    except SentiqError as error:
        return Outcome(written, "refused", remarks=error.detail, is_read=True)
    pairs, faults = _pairs(rows)
    failed = [row.error.code for row in rows if row.error is not None]
    changed = [(wanted, text) for wanted, text in pairs if wanted != text]
    losses = [*failures(failed), *changes(changed, path, python), *_id_losses(rows, notes, path)]
    exact = len(pairs) - len(changed)
    parts = [f"{exact} of {len(TEXTS)}"]
    parts += [f"{len(TEXTS) - len(pairs)} failed"] * (len(pairs) < len(TEXTS))
    parts += [f"{len(changed)} changed"] * bool(changed)
    ids = _ids_said(rows)
    return Outcome(
        written,
        ", ".join(parts),
        ids,
        "; ".join(dict.fromkeys(loss.remark for loss in losses)),
        is_read=True,
        is_exact=exact == len(TEXTS) and ids == "exact",
        faults=(*faults, *(loss.remark for loss in losses if loss.is_ours)),
    )


def _pairs(rows: list[Row]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return each text that was written with the text that was read, and what was read that nobody wrote.

    Rows are told by their ids; by their places where these say nothing.
    """
    read = [row for row in rows if row.error is None]
    ids = [row.custom_id for row in read]
    faults = ["a heading is among the texts"] * bool(set(HEADINGS) & {row.text for row in read})
    if len(rows) == len(TEXTS):
        both = zip(TEXTS.values(), rows, strict=True)
        return [(text, row.text) for text, row in both if row.error is None], faults
    if not set(ids) <= set(TEXTS):
        faults.append("rows that nobody wrote")
    return [(TEXTS[row.custom_id], row.text) for row in read if row.custom_id in TEXTS], faults


def _ids_said(rows: list[Row]) -> str:
    ids = [row.custom_id for row in rows if row.error is None]
    right = sum(id_ in TEXTS for id_ in ids)
    if right == len(ids):
        return "exact"
    return "rounded" if any(ids) else "none"


def _id_losses(rows: list[Row], notes: set[str], path: Path) -> list[Loss]:
    said = _ids_said(rows)
    if said == "none":
        return [Loss("the file has no headings: name the columns (`text_column`, `id_column`)")]
    return lost_ids(notes, path) if said == "rounded" else []
