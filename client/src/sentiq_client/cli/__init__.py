"""The command `sentiq`."""

from __future__ import annotations

from sentiq_client.cli.main import main

__all__ = ["main"]
