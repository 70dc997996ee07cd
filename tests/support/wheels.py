"""Asks pip what it would install on another machine, from whichever package index it is set up for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: What the base of our images takes: Debian 12 has version 2.36 of glibc.
GLIBC = range(17, 37)
UNREACHABLE = re.compile(r"connection broken by|ConnectionError|timed out")  #: parts of what pip says of an index

#: Runs pip, for which the markers of requirements are those of the machine that the first argument names: its option
#: --platform decides about wheels alone.
PIP_AS_IF = """
import platform, runpy, sys
machine = sys.argv.pop(1)
platform.machine = lambda: machine
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


class IndexAway(Exception):
    """No package index answers."""


def wheels(machine: str, requirements: Sequence[Path], folder: Path, *options: str) -> list[str]:
    """Return the names of the wheels that pip would install for Linux on this kind of machine, in one environment.

    `requirements`: files, whose markers are those of this machine, and so are those of all that they need. Downloads
    nothing that it can do without. Raises IndexAway, and AssertionError with what pip says, which names what has no
    wheel and who needs it.
    """
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in GLIBC]
    report = folder / "report.json"
    command = [
        *(sys.executable, "-c", PIP_AS_IF, machine, "install", "--dry-run", "--quiet", "--ignore-installed"),
        "--retries=1",  # each is told, and so an index that is away
        *("--only-binary=:all:", "--implementation=cp", "--python-version=3.11"),
        *(*platforms, f"--platform=manylinux2014_{machine}", f"--target={folder / 'nothing'}"),
        *(f"--report={report}", *(f"--requirement={file}" for file in requirements), *options),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=550)
    if done.returncode and UNREACHABLE.search(done.stderr):
        raise IndexAway(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())["install"]
    return [one["download_info"]["url"].rpartition("/")[2] for one in found]
