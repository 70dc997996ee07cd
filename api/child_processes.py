"""Starts processes that read or write one file for the API, so that its interpreter is free for requests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  #: of the checkout, from which a child imports
KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")  #: of the environment: no secrets


def started(script: Path, *arguments: str, stdout: int, pass_fds: Sequence[int]) -> subprocess.Popen[bytes]:
    """Return the process of a script, which gets ROOT and the arguments; its standard input is a pipe."""
    return subprocess.Popen(
        [sys.executable, "-I", script, ROOT, *arguments],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
        cwd="/",
    )
