"""Client of the sentiq service: submit texts or files, wait, read and download results."""

from __future__ import annotations

from sentiq_client.client import Client
from sentiq_client.errors import ApiError, ConnectionFailed, JobNotCompleted, SentiqError, WaitTimeout
from sentiq_client.jobs import JobHandle
from sentiq_client.models import Analysis, Job, Row
from sentiq_client.version import __version__

__all__ = [
    "Analysis",
    "ApiError",
    "Client",
    "ConnectionFailed",
    "Job",
    "JobHandle",
    "JobNotCompleted",
    "Row",
    "SentiqError",
    "WaitTimeout",
    "__version__",
]
