"""Client of the sentiq service: submit texts, frames or files, wait, read and download results."""

from __future__ import annotations

from sentiq_client.aio.client import AsyncClient
from sentiq_client.aio.jobs import AsyncJobHandle
from sentiq_client.aio.results import AsyncResults
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
from sentiq_client.filters import Filters, Slice
from sentiq_client.groups import Cross, Timeline
from sentiq_client.insights import Findings, JobAspects, Phrases
from sentiq_client.jobs import JobHandle
from sentiq_client.models import Analysis, AspectSet, Attempt, Job, Note, Row, RowAspect, Throughput, Webhook
from sentiq_client.results import Results
from sentiq_client.shares import Figure
from sentiq_client.signatures import verify_webhook
from sentiq_client.version import __version__

__all__ = [
    "Analysis",
    "ApiError",
    "AspectSet",
    "AsyncClient",
    "AsyncJobHandle",
    "AsyncResults",
    "Attempt",
    "Client",
    "ConnectionFailed",
    "Cross",
    "Figure",
    "Filters",
    "Findings",
    "InvalidSignature",
    "Job",
    "JobAspects",
    "JobHandle",
    "JobNotCompleted",
    "MissingPackage",
    "Note",
    "Phrases",
    "Results",
    "Row",
    "RowAspect",
    "SentiqError",
    "Slice",
    "Throughput",
    "Timeline",
    "UnexpectedAnswer",
    "WaitTimeout",
    "Webhook",
    "__version__",
    "verify_webhook",
]
