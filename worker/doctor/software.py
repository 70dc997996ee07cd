"""Checks what the service runs on: Python, the locked packages, and the processor with what it can compute fast."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sentiq.admin import checks
from sentiq.admin.checks import Check
from sentiq.core.settings import REPOSITORY
from sentiq.engine.processor import LIMIT, SUMS_OF_32_BITS, processor

LOCK = REPOSITORY / "requirements" / "worker.txt"

_ok, _advice, _fault = (partial(say, "software") for say in (checks.ok, checks.advice, checks.fault))


def check(cpuinfo: Path = Path("/proc/cpuinfo")) -> Iterator[Check]:
    """Look at Python, packages and processor."""
    yield _ok("Python", f"Python {platform.python_version()}, {platform.system()} {platform.release()}")
    yield from packages(LOCK)
    yield _processor(processor(cpuinfo))


def packages(lock: Path) -> Iterator[Check]:
    """Compare what is installed with a lock, where there is one."""
    if not lock.is_file():
        return
    locked = dict(re.findall(r"^([\w.-]+)==(\S+) \\$", lock.read_text(), re.MULTILINE))  # of every platform alike
    missing = [name for name in locked if _installed(name) is None]
    others = [
        f"{name} {found}, not {wanted}"
        for name, wanted in locked.items()
        if (found := _installed(name)) not in (None, wanted)
    ]
    remedy = f"pip install --require-hashes -r {lock.parent.name}/{lock.name}"
    if missing:
        yield _fault("packages", f"not installed: {', '.join(missing)}", remedy)
    if others:
        yield _advice("packages", f"other versions than the service is tested with: {', '.join(others)}", remedy)
    if not missing + others:
        yield _ok("packages", f"{len(locked)} packages, as {lock.name} locks them")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor(told: str) -> Check:
    """Judge what `sentiq.engine.processor` tells of the processor."""
    machine, *sets = told.split()
    found = (
        f"{os.cpu_count()} cores of {machine}, with {', '.join(sets) or 'nothing that we know to compute INT8 fast'}"
    )
    if LIMIT in told:
        return _advice("processor", found, f"unset {LIMIT}: it keeps OpenVINO from what the processor has")
    if machine == "x86_64" and "avx2" not in sets:
        return _advice("processor", found, "take a processor with AVX2, or expect a fraction of the speed")
    if machine == "x86_64" and not SUMS_OF_32_BITS & set(sets):
        remedy = "see below whether the proof of each model holds; a newer processor is faster, too"
        return _advice("processor", f"{found}: sums of INT8 may overflow", remedy)
    return _ok("processor", found)
