"""Client of the sentiq service: submit texts, frames or files, wait, read and download results."""

from __future__ import annotations

from sentiq_client.aio.client import AsyncClient
from sentiq_client.aio.jobs import AsyncJobHandle, AsyncResults
from sentiq_client.client import Client
from sentiq_client.errors import (
    ApiError,
    ConnectionFailed,
    InvalidSignature,
    JobNotCompleted,
    MissingPackage,
    SentiqError,
    UnexpectedAnswer,
    WaitTimeout,
)
from sentiq_client.jobs import JobHandle, Results
from sentiq_client.models import Analysis, Attempt, Job, Note, Row, Throughput, Webhook
from sentiq_client.signatures import verify_webhook
from sentiq_client.version import __version__

__all__ = [
    "Analysis",
    "ApiError",
    "AsyncClient",
    "AsyncJobHandle",
    "AsyncResults",
    "Attempt",
    "Client",
    "ConnectionFailed",
    "InvalidSignature",
    "Job",
    "JobHandle",
    "JobNotCompleted",
    "MissingPackage",
    "Note",
    "Results",
    "Row",
    "SentiqError",
    "Throughput",
    "UnexpectedAnswer",
    "WaitTimeout",
    "Webhook",
    "__version__",
    "verify_webhook",
]
