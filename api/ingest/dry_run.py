"""Reads and counts the rows of a submission without storing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

from api.ingest.files import File
from api.schemas.jobs import DryRunDocument, FileDocument, LineError
from api.services import Services
from sentiq.jobs.census import texts_per_second
from sentiq.jobs.types import FAILED, WITHOUT_TEXT, Lane, Row
from sentiq.jobs.workers import live_workers

ERRORS_SHOWN = 20
TEXTS_COMPARED = 500_000  #: different texts that are remembered, as numbers, to find duplicates
MAX_TOKENS = 512  #: where no worker says what its model reads


def dry_run(services: Services, rows: Iterable[Row], file: File | None) -> DryRunDocument:
    """Read all rows and describe the job they would make. Raises what reading them raises."""
    workers = live_workers(services.redis)
    limit = min((model.max_tokens for w in workers for model in w.stored if model.id == w.model), default=MAX_TOKENS)
    total = over_long = characters = duplicates = 0
    unusable: Counter[str] = Counter()
    errors: list[LineError] = []
    seen: set[int] = set()
    complete = True
    for row in rows:
        total += 1
        if row.error is not None:
            unusable[row.error.counts_as] += 1
            if len(errors) < ERRORS_SHOWN:
                errors.append(LineError(code=row.error.code, detail=row.error.detail, line=row.error.line))
            continue
        characters += len(row.text)
        over_long += len(row.text) > limit - 2  # the network adds two tokens of its own
        number = hash(row.text)
        if number in seen:
            duplicates += 1
        elif len(seen) < TEXTS_COMPARED:
            seen.add(number)
        else:
            complete = False
    speed = texts_per_second(services.redis, Lane.BULK)
    return DryRunDocument(
        rows=total,
        bad_rows=unusable[FAILED],
        without_text=unusable[WITHOUT_TEXT],
        duplicates=duplicates,
        duplicates_complete=complete,
        over_long=over_long,
        characters=characters,
        format=None if file is None else FileDocument(**asdict(file.format)),
        errors=errors,
        estimated_s=None if speed is None else round((total - unusable.total()) / speed, 1),
    )
