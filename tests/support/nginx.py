"""A real nginx with configurations of ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needed = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


def start(directory: Path, configuration: str) -> subprocess.Popen[bytes]:
    """Start nginx in the foreground; return before it listens."""
    path = directory / "nginx.conf"
    path.write_text(f"daemon off; {configuration}")
    command = ["nginx", "-e", f"{directory}/error.log", "-c", str(path)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def temp_paths(directory: Path) -> str:
    """Return the directives that keep nginx's temporary files in this folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
