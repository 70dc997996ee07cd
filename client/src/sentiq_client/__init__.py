"""Client of the sentiq service: submit texts, frames or files, wait, read and download results."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sentiq_client.version import __version__

if TYPE_CHECKING:
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

#: A module is loaded when one of its names is first used: the command needs few of them, and starts sooner.
_NAMES = {
    "aio.client": ("AsyncClient",),
    "aio.jobs": ("AsyncJobHandle",),
    "aio.results": ("AsyncResults",),
    "client": ("Client",),
    "errors": (
        "ApiError",
        "ConnectionFailed",
        "InvalidSignature",
        "JobNotCompleted",
        "MissingPackage",
        "SentiqError",
        "UnexpectedAnswer",
        "WaitTimeout",
    ),
    "filters": ("Filters", "Slice"),
    "groups": ("Cross", "Timeline"),
    "insights": ("Findings", "JobAspects", "Phrases"),
    "jobs": ("JobHandle",),
    "models": ("Analysis", "AspectSet", "Attempt", "Job", "Note", "Row", "RowAspect", "Throughput", "Webhook"),
    "results": ("Results",),
    "shares": ("Figure",),
    "signatures": ("verify_webhook",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
