"""A stream of rows becomes a job: cut, stored and sent while it still arrives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from structlog.contextvars import bind_contextvars

from api.http.auth import caller
from api.ingest.chunking import chunked
from api.ingest.files import File
from api.services import Services
from jobs.dispatch import new_task_id
from jobs.errors import BodyTooLarge, FieldError, InvalidInput, Overloaded, StoreFull, UploadInterrupted
from jobs.models import FAILED, InputChunk, JobOptions, Lane, NewJob, Row, RowError, new_job_id

BAD_SHARE_FROM = 1_000  #: rows after which their quality is judged, and again
BAD_ROWS_ALLOWED = 100
TOUCH_INTERVAL_S = 5.0  #: how often a slow upload shows a sign of life


@dataclass(frozen=True, slots=True)
class Submitted:
    job_id: str
    replayed: bool  # an earlier request with the same idempotency key made this job


class Submission:
    """One request that makes a job.

    `digest` gives the hex digest of the payload; `known` says that it is final before the rows are read.
    """

    def __init__(
        self,
        services: Services,
        *,
        model: str,
        options: JobOptions,
        request_id: str,
        idempotency_key: str,
        digest: Callable[[], str],
        known: bool,
        file: File | None = None,
        max_bad_share: float | None = None,
    ) -> None:
        self._services = services
        self._store = services.store
        self._digest = digest
        self._known = known
        self._file = file
        # Whoever asks for no share gets leave for some bad rows, however few there are in all.
        self._max_bad_share = services.settings.max_bad_share if max_bad_share is None else max_bad_share
        self._bad_rows_allowed = BAD_ROWS_ALLOWED if max_bad_share is None else 0
        format_ = file.format if file else None
        owner = caller().owner_of_new_jobs
        job_id = new_job_id(services.settings.shard)
        self._job = NewJob(job_id, Lane.BULK, model, request_id, idempotency_key, options, format_, owner)
        self._created = False
        self._touched_at = time.monotonic()

    def on_data(self) -> None:
        """Call for each piece of the body that arrives."""
        if self._created and time.monotonic() - self._touched_at > TOUCH_INTERVAL_S:
            self._touched_at = time.monotonic()
            self._store.touch(self._job.id)

    def run(self, rows: Iterable[Row]) -> Submitted:
        """Store all rows. Raises what reading them raises; a job that had begun then says that its upload broke."""
        key = self._job.idempotency_key
        if key and self._store.replay(self._job, self._digest() if self._known else ""):
            for _ in rows:  # the digest is complete when the body is read
                pass
            earlier = self._store.replay(self._job, self._digest())
            if earlier is not None:
                bind_contextvars(job_id=earlier)
                return Submitted(earlier, replayed=True)
        try:
            return self._store_rows(rows)
        except (StoreFull, Overloaded):
            if self._created:
                self._store.erase(self._job.id)  # it was not accepted, and there is no room for its rows
            raise
        except (UploadInterrupted, BodyTooLarge, InvalidInput) as error:
            if self._created:
                code = error.errors[0].code if error.errors else error.code
                self._store.interrupt(self._job.id, RowError(code, error.detail))
                detail = f"{error.detail} Job {self._job.id} keeps the rows that had arrived."
                raise type(error)(detail, errors=error.errors) from None
            raise

    def _store_rows(self, rows: Iterable[Row]) -> Submitted:
        settings = self._services.settings
        chunks = chunked(self._usable(rows), max_texts=settings.chunk_texts, max_chars=settings.chunk_chars)
        first = next(chunks, None)
        if first is None:
            raise InvalidInput(
                "The body has no rows.", errors=(FieldError("no_rows", "There is no text.", pointer=""),)
            )
        small = self._is_small(first)
        second = next(chunks, None) if small else None
        if small and second is None:
            self._job = replace(self._job, lane=Lane.INTERACTIVE)
        self._services.admission.check(self._job.lane)
        earlier = self._store.create(self._job, self._digest() if self._known else "")
        bind_contextvars(job_id=earlier or self._job.id)
        if earlier is not None:
            return Submitted(earlier, replayed=True)
        self._created = True
        number = 0
        for chunk in (c for c in (first, second) if c is not None):
            self._append(number, chunk)
            number += 1
        for chunk in chunks:
            self._append(number, chunk)
            number += 1
        if self._file and self._job.file and self._file.encoding != self._job.file.encoding:
            self._store.set_file(self._job.id, replace(self._job.file, encoding=self._file.encoding))
        wakeup_id = new_task_id()
        if self._store.seal(self._job, wakeup_id, self._digest()):
            self._services.wake(wakeup_id, f"rows={len(first.texts)} job={self._job.id}")
        return Submitted(self._job.id, replayed=False)

    def _usable(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The same rows, as long as not too many of them are bad. Raises InvalidInput."""
        total = bad = 0
        for row in rows:
            total += 1
            bad += row.error is not None and row.error.counts_as == FAILED  # an empty cell says nothing of the file
            if total % BAD_SHARE_FROM == 0:
                self._check_share(bad, total)
            yield row
        self._check_share(bad, total)

    def _check_share(self, bad: int, total: int) -> None:
        if bad > max(total * self._max_bad_share, self._bad_rows_allowed):
            detail = (
                f"{bad:,} of the first {total:,} rows cannot be read; the limit is {self._max_bad_share:.0%} "
                "(max_bad_share, SENTIQ_MAX_BAD_SHARE). Are the columns and the encoding right?"
            )
            raise InvalidInput(detail, errors=(FieldError("too_many_bad_rows", detail, pointer="/max_bad_share"),))

    def _append(self, number: int, chunk: InputChunk) -> None:
        self._touched_at = time.monotonic()
        self._services.admission.check(self._job.lane)
        self._services.publish(self._store.append(self._job, number, chunk))

    def _is_small(self, chunk: InputChunk) -> bool:
        settings = self._services.settings
        if self._job.options.is_bulk_only or self._job.file is not None:
            return False
        return (
            len(chunk.texts) <= settings.interactive_texts and sum(map(len, chunk.texts)) <= settings.interactive_chars
        )
