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
from worker.doctor.kernel import Kernel

LOCK = REPOSITORY / "requirements" / "worker.txt"

#: What the backends compute INT8 and bfloat16 with, by the name that /proc/cpuinfo gives it: of x86, then of Arm.
FAST = (
    "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16",
    "asimddp", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
#: One of these adds products of INT8 in 32 bits. Without, x86 adds pairs of them in 16 bits, which may overflow.
SUMS_OF_32_BITS = {"avx_vnni", "avx512_vnni", "amx_int8"}

_ok, _advice, _fault = (partial(say, "software") for say in (checks.ok, checks.advice, checks.fault))


def check(kernel: Kernel, machine: str = platform.machine()) -> Iterator[Check]:
    """Look at Python, packages and processor; `machine` is the kind of processor, as uname has it."""
    yield _ok("Python", f"Python {platform.python_version()}, {platform.system()} {platform.release()}")
    yield from packages(LOCK)
    yield processor(machine, features(kernel), os.cpu_count() or 1)


def packages(lock: Path) -> Iterator[Check]:
    """Compare what is installed with a lock, where there is one."""
    if not lock.is_file():
        return
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.MULTILINE))
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


def features(kernel: Kernel) -> list[str] | None:
    """Return what of FAST the processor has, in that order; None where the kernel does not tell."""
    line = re.search(r"^(?:flags|Features)\s*:(.*)$", kernel.read("proc/cpuinfo"), re.MULTILINE)
    return [name for name in FAST if name in line[1].split()] if line else None


def processor(machine: str, has: list[str] | None, cores: int) -> Check:
    """Tell what a processor computes fast."""
    found = f"{machine}, {cores} cores"
    if has is None:
        return _ok("processor", found)
    found += f", with {', '.join(has) or 'nothing that computes INT8 fast'}"
    if machine == "x86_64" and "avx2" not in has:
        return _advice("processor", found, "take a processor with AVX2, or expect a fraction of the speed")
    if machine == "x86_64" and not SUMS_OF_32_BITS & set(has):
        remedy = "trust the proof of each model below, or prepare it in float32; a newer processor is faster, too"
        return _advice("processor", f"{found}: sums of INT8 may overflow", remedy)
    return _ok("processor", found)
