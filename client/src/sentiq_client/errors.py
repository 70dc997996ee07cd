"""What can go wrong. Each message says what happened and what to do."""

from __future__ import annotations

from typing import Any


class SentiqError(Exception):
    """Base class of all errors of this package."""


class ConnectionFailed(SentiqError):
    """The service could not be reached, or the connection broke more often than is tried."""


class ApiError(SentiqError):
    """The service answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.code: str = document.get("code", "unknown")
        self.detail: str = document.get("detail") or document.get("title") or f"HTTP status {status}"
        self.errors: list[dict[str, Any]] = document.get("errors", [])
        self.request_id: str | None = document.get("request_id")
        faults = [f"{e.get('pointer') or ''} {e.get('detail', '')}".strip() for e in self.errors[:3]]
        more = [fault for fault in faults if self.detail not in fault]
        super().__init__(f"{' '.join((self.detail, *more))} [{self.code}, HTTP {status}]")


class JobNotCompleted(SentiqError):
    """The job failed, was cancelled or expired; what was finished can still be read."""

    def __init__(self, job_id: str, state: str, reason: str | None) -> None:
        self.job_id, self.state = job_id, state
        super().__init__(f"Job {job_id} is {state}" + (f": {reason}" if reason else "."))


class WaitTimeout(SentiqError):
    """The job did not end in time; it goes on."""
