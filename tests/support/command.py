"""The command `sentiq`, in the process of the tests or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sentiq_client.cli import main
from tests.support.in_process import call
from tests.support.paths import REPOSITORY

COMMAND = [sys.executable, "-m", "sentiq_client"]


def environment(url: str) -> dict[str, str]:
    """Return what a process of the command needs for the service at `url`."""
    return os.environ | {"SENTIQ_URL": url, "PYTHONPATH": str(REPOSITORY / "client" / "src"), "PYTHONUTF8": "1"}


def sentiq(url: str, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command here, which takes a tenth of the processor time, and return how it ended."""
    assert "serve" not in arguments[:1], "its process becomes that of the service"
    return call(main, ["sentiq", *map(str, arguments)], {"SENTIQ_URL": url}, stdin)


def sentiq_process(url: str, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run the command as users do, and return how it ended: once for each of its subcommands, and where it matters."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, env=environment(url), input=stdin, capture_output=True, check=False, timeout=300)
