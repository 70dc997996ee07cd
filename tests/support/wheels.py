"""Asks pip what it would install on another machine, from whichever package index it is set up for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.markers import Marker

#: What the base of our images takes: Debian 12 has version 2.36 of glibc.
GLIBC = range(17, 37)
UNREACHABLE = re.compile(r"connection broken by|ConnectionError|timed out")  #: parts of what pip says of an index


class IndexAway(Exception):
    """No package index answers."""


def requirements_for(machine: str, file: Path) -> str:
    """Return the requirements of a file without those that a marker leaves out on this kind of machine."""
    blocks = re.split(r"^(?=[A-Za-z])", file.read_text(), flags=re.MULTILINE)
    environment = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": machine}
    return "".join(block for block in blocks if _is_for(block, environment))


def _is_for(block: str, environment: Mapping[str, str]) -> bool:
    marker = re.match(r"^[^\n#]*?;([^\\\n#]+)", block)
    return marker is None or Marker(marker[1].strip()).evaluate(dict(environment))


def wheels(machine: str, requirements: Path, folder: Path, *options: str) -> list[str]:
    """Return the names of the wheels that pip would install for Linux on this kind of machine, without what they need.

    Downloads nothing that it can do without. Raises IndexAway, and AssertionError with what pip says where a
    requirement has no wheel.
    """
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC]
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps"),
        "--retries=1",  # each is told, and so an index that is away
        *("--only-binary=:all:", "--implementation=cp", "--python-version=3.11"),
        *(*platforms, f"--platform=manylinux2014_{machine}", f"--target={folder / 'nothing'}"),
        *(f"--report={report}", f"--requirement={requirements}", *options),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=550)
    if done.returncode and UNREACHABLE.search(done.stderr):
        raise IndexAway(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())["install"]
    return [one["download_info"]["url"].rpartition("/")[2] for one in found]
