"""Starts the programs that let writers write, and reads what they report."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.writers.written import Written


def lines_of(command: Sequence[str | Path], cwd: Path | None = None) -> Iterator[Written]:
    """Yield a file for each line that the command reports. Raises CalledProcessError."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, check=True)
    for line in done.stdout.splitlines():
        if line.startswith(b"["):
            yield Written(*json.loads(line))
