"""Lets all API processes of a host count in files of one directory, so that each can tell what all have counted."""

from __future__ import annotations

import os
import shutil

from prometheus_client import values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

from sentiq.core import living_directory

PREFIX = "sentiq-api-metrics-"
_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  #: by which prometheus_client knows it


def share() -> None:
    """Count in files from now on. To be called before the fork, and before any metric is made."""
    os.environ[_DIRECTORY] = str(living_directory.make(PREFIX))
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]


def end() -> None:
    """Remove the files; to be called when all processes have ended."""
    if _DIRECTORY in os.environ:
        shutil.rmtree(os.environ[_DIRECTORY], ignore_errors=True)


def registry_of_counters(shown: CollectorRegistry) -> CollectorRegistry:
    """Return where to register counters, so that `shown` shows those of all processes."""
    if _DIRECTORY not in os.environ:
        return shown
    MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
    return CollectorRegistry()
