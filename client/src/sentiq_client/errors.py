"""What can go wrong. Each message says what happened, what to do, and which request it was: the logs of the service
have it under the same id."""

from __future__ import annotations

from typing import Any

FAULTS_TOLD = 10  #: of one request, in the message; `errors` has all that the service tells


class SentiqError(Exception):
    """Base class of all errors of this package. `request_id` is None where no request was made."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        self.request_id = request_id
        super().__init__(f"{message} (request {request_id})" if request_id else message)

    def __reduce__(self) -> tuple[Any, ...]:  # or a pool of processes could not hand it on
        return _restored, (type(self), self.args, self.__dict__)


class ConnectionFailed(SentiqError):
    """The service could not be reached, or the connection broke more often than is tried."""

    def __init__(self, message: str, request_id: str | None = None, *, sent: bool = True) -> None:
        super().__init__(message, request_id)
        self.sent = sent  #: False: the service certainly saw nothing of the request


class UnexpectedAnswer(SentiqError):
    """The answer is not one of this service: a proxy, a login page or another server may have given it."""

    def __init__(self, message: str, request_id: str | None, *, url: str, status: int, damaged: bool = False) -> None:
        super().__init__(message, request_id)
        self.url, self.status = url, status
        self.damaged = damaged  #: it may have been an answer of the service that did not arrive whole


class ApiError(SentiqError):
    """The service refused the request with a problem document (RFC 9457), or a proxy did with a status."""

    def __init__(
        self,
        status: int,
        document: dict[str, Any],
        request_id: str | None = None,
        retry_after_s: float | None = None,
        note: str = "",
    ) -> None:
        self.status = status
        self.code: str = document.get("code", "unknown")
        self.detail: str = document.get("detail") or document.get("title") or f"HTTP status {status}"
        self.errors: list[dict[str, Any]] = document.get("errors", [])
        self.retry_after_s = retry_after_s  #: seconds that the service asks to wait
        self.sent_before = False  #: an earlier try may have done what was asked for
        more = [
            f"{fault.get('pointer') or ''} {fault.get('detail', '')}".strip()
            for fault in self.errors[:FAULTS_TOLD]
            if not fault.get("detail") or fault["detail"] not in self.detail
        ]
        rest = f"And {len(self.errors) - FAULTS_TOLD} more." if len(self.errors) > FAULTS_TOLD else ""
        words = " ".join(filter(None, (self.detail, *more, rest, note)))
        super().__init__(f"{words} [{self.code}, HTTP {status}]", document.get("request_id") or request_id)

    @property
    def certain(self) -> bool:
        """The service itself says so: it would say the same again."""
        return self.code != "unknown"


class JobNotCompleted(SentiqError):
    """The job failed, was cancelled or expired; what was finished can still be read."""

    def __init__(self, job_id: str, state: str, reason: str | None, request_id: str | None = None) -> None:
        self.job_id, self.state = job_id, state
        super().__init__(f"Job {job_id} is {state}" + (f": {reason}" if reason else "."), request_id)


class WaitTimeout(SentiqError):
    """The job did not end in time; it goes on."""


class InvalidSignature(SentiqError):
    """A message that says it is of a webhook was not signed with its secret, or is too old."""


class MissingPackage(SentiqError, ImportError):
    """Something optional has to be installed first; the message says what."""


def _restored(kind: type[SentiqError], args: tuple[Any, ...], fields: dict[str, Any]) -> SentiqError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error
