"""Every error a user can meet, each with its HTTP status and a stable code.

The API turns any `SentiqError` into one problem document (RFC 9457); nothing else maps errors to statuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one place of the input: a JSON pointer (RFC 6901) or a line, counted from 1."""

    code: str
    detail: str
    pointer: str | None = None
    line: int | None = None


class SentiqError(Exception):
    """Base class. `detail` says what happened and what to do about it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after_s = retry_after_s


class MalformedBody(SentiqError):
    status, code, title = 400, "malformed_body", "The body cannot be read"


class NotAuthorised(SentiqError):
    status, code, title = 401, "not_authorised", "A valid API key is needed"


class Forbidden(SentiqError):
    status, code, title = 403, "forbidden", "The API key may not do this"


class KeyNotFound(SentiqError):
    status, code, title = 404, "key_not_found", "No such API key"


class JobNotFound(SentiqError):
    status, code, title = 404, "job_not_found", "No such job"

    @classmethod
    def named(cls, job_id: str) -> JobNotFound:
        """Return the error for this job."""
        return cls(f"There is no job {job_id}; it may have expired.")


class UploadNotFound(SentiqError):
    status, code, title = 404, "upload_not_found", "No such upload"


class WebhookNotFound(SentiqError):
    status, code, title = 404, "webhook_not_found", "No such webhook"


class AspectSetNotFound(SentiqError):
    status, code, title = 404, "aspect_set_not_found", "No such set of aspects"


class JobEnded(SentiqError):
    status, code, title = 409, "job_ended", "The job has already ended"


class JobNotEnded(SentiqError):
    status, code, title = 409, "job_not_ended", "The job has not ended yet"


class NoLabels(SentiqError):
    status, code, title = 409, "no_labels", "There are no labels to compare the answers with"


class NoAspects(SentiqError):
    status, code, title = 409, "no_aspects", "The job looks for no aspects"


class NotBulk(SentiqError):
    status, code, title = 409, "not_bulk", "Only bulk jobs can be paused"


class NothingToRetry(SentiqError):
    status, code, title = 409, "nothing_to_retry", "There is nothing to try again"


class RateLimited(SentiqError):
    status, code, title = 429, "rate_limited", "Too many requests"


class IdempotencyInProgress(SentiqError):
    status, code, title = 409, "idempotency_in_progress", "The first request with this key is still running"


class UploadInterrupted(SentiqError):
    status, code, title = 400, "upload_interrupted", "The upload ended early"


class BodyTooLarge(SentiqError):
    status, code, title = 413, "body_too_large", "The body is too large"


class UnsupportedMediaType(SentiqError):
    status, code, title = 415, "unsupported_media_type", "The content type is not supported"


class InvalidInput(SentiqError):
    status, code, title = 422, "invalid_input", "The input is not valid"


class UnknownModel(SentiqError):
    status, code, title = 422, "unknown_model", "No such model"


class WorkbookTooLarge(SentiqError):
    status, code, title = 422, "workbook_too_large", "Too many rows for a workbook"


class IdempotencyMismatch(SentiqError):
    status, code, title = 422, "idempotency_mismatch", "The key was used with another payload"


class RowFailed(SentiqError):
    """The one row of a synchronous request could not be classified."""

    status, code, title = 500, "row_failed", "The text could not be classified"


class StoreUnavailable(SentiqError):
    status, code, title = 503, "store_unavailable", "Redis cannot be reached"


class StoreFull(SentiqError):
    status, code, title = 503, "store_full", "Redis has no room for more work"


class Overloaded(SentiqError):
    status, code, title = 503, "overloaded", "Too much work waits already"


class ResultNotReady(SentiqError):
    """A synchronous request ran out of time; its work goes on."""

    status, code, title = 503, "result_not_ready", "The result is not ready in time"


class SettingsError(Exception):
    """A setting is unknown or has an invalid value; the process must not start."""


class NewerData(Exception):
    """A newer release has written the data in Redis; the process must not start."""
