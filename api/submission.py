"""Turns a stream of rows into a job: cuts, stores and sends it while it still arrives."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from flask import g
from structlog.contextvars import bind_contextvars

from api.http.auth import caller
from api.ingest.chunking import chunked
from api.ingest.files import File
from api.schemas.common import Options
from api.services import Services
from sentiq.aspects.sets import AspectSetError, parse_set
from sentiq.core.errors import (
    AspectSetNotFound,
    BodyTooLarge,
    FieldError,
    InvalidInput,
    Overloaded,
    StoreFull,
    UnknownModel,
    UploadInterrupted,
)
from sentiq.jobs.messages import new_task_id
from sentiq.jobs.small_jobs import Ticket
from sentiq.jobs.types import FAILED, InputChunk, JobOptions, Lane, NewJob, Row, RowError, SmallJob, new_job_id
from sentiq.jobs.workers import live_workers

BAD_SHARE_FROM = 1_000  #: rows after which the share of bad ones is checked, and again after as many more
BAD_ROWS_ALLOWED = 100
REASONS_SHOWN = 100  #: of rows, where none can be read
TOUCH_INTERVAL_S = 5.0  #: how often a slow upload tells the store that it is still arriving


class Digest:
    """The SHA-256 of a payload, by which a repeated request is recognised.

    The digest of a whole body is known at once; that of a streamed body when its last row has been read.
    """

    def __init__(self, data: bytes, *, is_streamed: bool = False) -> None:
        self._hash = hashlib.sha256(data)
        self._is_streamed = is_streamed

    def update(self, data: bytes) -> None:
        """Add the next bytes of a streamed body."""
        self._hash.update(data)

    def before_rows(self) -> str:
        """Return the hex digest, or "" if it is not known before the rows are read."""
        return "" if self._is_streamed else self.after_rows()

    def after_rows(self) -> str:
        """Return the hex digest. Call it when all rows are read."""
        return self._hash.hexdigest()


class Undigested(Digest):
    """The digest of a payload that is sent without an idempotency key: it is never compared."""

    def __init__(self) -> None:
        super().__init__(b"")

    def after_rows(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Payload:
    """The rows that a request submits, and how they are to be classified."""

    rows: Iterable[Row]
    digest: Digest
    options: JobOptions
    model: str = ""  # as `checked_model` returns it
    file: File | None = None  # from which the rows are read
    is_ndjson_body: bool = False  # JSON with many lines: a short one may take the interactive lane, as JSON does
    max_bad_share: float | None = None  # None: the setting

    @property
    def table(self) -> File | None:
        """The file whose format the job shows. Of an NDJSON body there is nothing to show but a note or labels."""
        if self.is_ndjson_body and self.file and not (self.file.format.notes or self.file.format.label_column):
            return None
        return self.file


@dataclass(frozen=True, slots=True)
class Submitted:
    job_id: str
    is_replayed: bool  # an earlier request with the same idempotency key made this job
    ticket: Ticket | None = None  # of a small job whose end this process is told


def checked_model(services: Services, model: str | None) -> str:
    """Return the model that a job asks for, as an id or `id@version`; "" for the active one. Raises UnknownModel."""
    if model is None:
        return ""
    stored = [found for worker in live_workers(services.redis) for found in worker.stored]
    if model != services.settings.served_model and not any(model in (found.id, found.name) for found in stored):
        known = ", ".join(sorted({found.id for found in stored})) or "none, as no worker is live"
        detail = f"There is no model {model!r} here; there are: {known}. GET /api/v1/models lists them."
        raise UnknownModel(detail, errors=(FieldError("unknown_model", detail, pointer="/model"),))
    return model


def checked_options(services: Services, asked: Options) -> JobOptions:
    """Return the options of a job, with the defaults of the settings.

    Raises InvalidInput, also when they name a webhook or a set of aspects that does not exist.
    """
    options = asked.resolved(services.settings)
    if options.webhook:
        services.webhooks.check(options.webhook)
    if asked.aspects is not None:
        options = replace(options, aspects=_chosen_set(services, asked.aspects))
    return options


def _chosen_set(services: Services, asked: str | dict[str, Any]) -> str:
    """Return the set of aspects of a job, given by its name or whole, as JSON. Raises InvalidInput."""
    try:
        return services.aspect_sets.get(asked).document if isinstance(asked, str) else parse_set(asked).dumps()
    except AspectSetNotFound as error:
        fault = FieldError("unknown_aspect_set", error.detail, pointer="/aspects")
        raise InvalidInput(error.detail, errors=(fault,)) from None
    except AspectSetError as error:
        faults = (replace(fault, pointer=f"/aspects{fault.pointer}") for fault in error.errors)
        raise InvalidInput(error.detail, errors=tuple(faults)) from None


class Submission:
    """Makes the job of the present request."""

    def __init__(
        self,
        services: Services,
        idempotency_key: str = "",
        *,
        waits_for_end: bool = False,
        own_ttl_ms: int | None = None,
    ) -> None:
        """`own_ttl_ms`: of a job that nobody but this request knows of; None: it is listed."""
        self._services = services
        self._waits_for_end, self._own_ttl_ms = waits_for_end, own_ttl_ms
        self._store = services.store
        self._idempotency_key = idempotency_key
        self._job_id = new_job_id(services.settings.shard)
        self._is_created = False
        self._touched_at = time.monotonic()

    def on_data(self) -> None:
        """Call this for each piece of the body that arrives: a slow upload is not taken for a broken one."""
        if self._is_created and time.monotonic() - self._touched_at > TOUCH_INTERVAL_S:
            self._touched_at = time.monotonic()
            self._store.touch(self._job_id)

    def run(self, payload: Payload) -> Submitted:
        """Store all rows.

        Raises what reading the rows raises, UnknownModel, StoreFull and Overloaded. If the job was created before its
        upload broke, it keeps the rows that had arrived, and says why it has no more.
        """
        job = NewJob(
            self._job_id,
            Lane.BULK,
            payload.model,
            g.request_id,
            self._idempotency_key,
            payload.options,
            payload.table.format if payload.table else None,
            caller().owner_of_new_jobs,
        )
        if self._idempotency_key and self._store.replay(job, payload.digest.before_rows()):
            for _ in payload.rows:  # the digest is complete when all rows are read
                pass
            earlier = self._store.replay(job, payload.digest.after_rows())
            if earlier is not None:
                bind_contextvars(job_id=earlier)
                return Submitted(earlier, is_replayed=True)
        try:
            return self._store_rows(job, payload)
        except (StoreFull, Overloaded):
            if self._is_created:
                self._store.erase(job.id)  # it was not accepted, and there is no room for its rows
            raise
        except (UploadInterrupted, BodyTooLarge, InvalidInput) as error:
            if self._is_created:
                self._describe(job, payload)
                code = error.errors[0].code if error.errors else error.code
                self._store.interrupt(job.id, RowError(code, error.detail))
                detail = f"{error.detail} Job {job.id} keeps the rows that had arrived."
                raise type(error)(detail, errors=error.errors) from None
            raise

    def _store_rows(self, job: NewJob, payload: Payload) -> Submitted:
        settings = self._services.settings
        rows = self._usable(payload.rows, payload.max_bad_share)
        if payload.file is not None:
            rows = some_read(rows)
        chunks = chunked(rows, max_texts=settings.chunk_texts, max_chars=settings.chunk_chars)
        first = next(chunks, None)
        if first is None:
            raise InvalidInput(
                "The body has no rows.", errors=(FieldError("no_rows", "There is no text.", pointer=""),)
            )
        is_table = payload.file is not None and not payload.is_ndjson_body
        may_be_interactive = not is_table and self._is_small(job, first)
        second = next(chunks, None) if may_be_interactive else None
        if may_be_interactive and second is None:
            return self._submit_small(replace(job, lane=Lane.INTERACTIVE), first, payload)
        self._services.admission.check(job.lane)
        earlier = self._store.create(job, payload.digest.before_rows())
        bind_contextvars(job_id=earlier or job.id)
        if earlier is not None:
            return Submitted(earlier, is_replayed=True)
        self._is_created = True
        begun = (chunk for chunk in (first, second) if chunk is not None)
        for number, chunk in enumerate(itertools.chain(begun, chunks)):
            self._append(job, number, chunk)
        self._describe(job, payload)
        self._store.seal(job, new_task_id(), payload.digest.after_rows())
        return Submitted(job.id, is_replayed=False)

    def _submit_small(self, job: NewJob, rows: InputChunk, payload: Payload) -> Submitted:
        """Store a job of one chunk for the interactive lane; its file, if any, is read to the end."""
        svc = self._services
        svc.admission.check(job.lane)
        if payload.table is not None:
            job = replace(job, file=payload.table.format)
        wakeup_id = new_task_id()
        small = SmallJob(
            job,
            rows,
            wakeup_id,
            svc.broker.wakeup(wakeup_id, f"rows={len(rows.texts)} job={job.id}"),
            payload_digest=payload.digest.after_rows(),
            answers_to=svc.small_jobs.channel if self._waits_for_end else "",
            own_ttl_ms=self._own_ttl_ms,
        )
        ticket, earlier = svc.small_jobs.submit(small)
        bind_contextvars(job_id=earlier or job.id)
        if earlier is not None:
            return Submitted(earlier, is_replayed=True)
        return Submitted(job.id, is_replayed=False, ticket=ticket if self._waits_for_end else None)

    def _describe(self, job: NewJob, payload: Payload) -> None:
        """Store how the file was read, if its rows have told more than its beginning."""
        if payload.table is not None and payload.table.format != job.file:
            self._store.set_file(job.id, payload.table.format)

    def _usable(self, rows: Iterable[Row], max_bad_share: float | None) -> Iterator[Row]:
        """Yield the same rows. Raises InvalidInput as soon as too many of them are bad.

        Without an explicit `max_bad_share`, up to `BAD_ROWS_ALLOWED` bad rows are tolerated even in a tiny file.
        """
        share = self._services.settings.max_bad_share if max_bad_share is None else max_bad_share
        allowed = BAD_ROWS_ALLOWED if max_bad_share is None else 0
        total = bad = 0
        for row in rows:
            total += 1
            bad += row.error is not None and row.error.counts_as == FAILED  # an empty cell says nothing of the file
            if total % BAD_SHARE_FROM == 0:
                _check_share(bad, total, share, allowed)
            yield row
        _check_share(bad, total, share, allowed)

    def _append(self, job: NewJob, number: int, chunk: InputChunk) -> None:
        self._touched_at = time.monotonic()
        self._services.admission.check(job.lane)
        self._services.publish(self._store.append(job, number, chunk))

    def _is_small(self, job: NewJob, chunk: InputChunk) -> bool:
        settings = self._services.settings
        if job.options.is_bulk_only:
            return False
        return (
            len(chunk.texts) <= settings.interactive_texts and sum(map(len, chunk.texts)) <= settings.interactive_chars
        )


def some_read(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the same rows of a file. Raises InvalidInput behind the last one if none of them has a text to classify."""
    total, refused = 0, list[RowError]()
    for row in rows:
        total += 1
        if row.error is None:
            yield row
            yield from rows
            return
        if len(refused) < REASONS_SHOWN:
            refused.append(row.error)
        yield row
    if refused:
        detail = (
            f"None of the {total:,} rows has a text to classify. The first reason: {refused[0].detail} "
            "Are the format, the encoding and the column of the texts right?"
        )
        reasons = (FieldError(error.code, error.detail, line=error.line) for error in refused)
        raise InvalidInput(detail, errors=(FieldError("no_row_read", detail, pointer="/file"), *reasons))


def _check_share(bad: int, total: int, max_share: float, allowed: int) -> None:
    """Raises InvalidInput when more than this share of rows is bad, and more than `allowed`."""
    if bad > max(total * max_share, allowed):
        detail = (
            f"{bad:,} of the first {total:,} rows cannot be read; the limit is {max_share:.0%} "
            "(max_bad_share, SENTIQ_MAX_BAD_SHARE). Are the columns and the encoding right?"
        )
        raise InvalidInput(detail, errors=(FieldError("too_many_bad_rows", detail, pointer="/max_bad_share"),))
