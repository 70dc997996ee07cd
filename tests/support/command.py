"""The command `sentiq`, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import REPOSITORY

COMMAND = [sys.executable, "-m", "sentiq_client"]


def environment(url: str) -> dict[str, str]:
    """Return what the command needs for the service at `url`."""
    return os.environ | {"SENTIQ_URL": url, "PYTHONPATH": str(REPOSITORY / "client" / "src"), "PYTHONUTF8": "1"}


def sentiq(url: str, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command and return how it ended."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=environment(url), input=stdin, capture_output=True, check=False, timeout=300)
