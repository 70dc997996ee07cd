"""Checks memory: what the host or a limit leaves, what was killed for lack of it, and what is in swap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import psutil

from sentiq.admin import checks
from sentiq.admin.checks import Check
from worker.doctor.kernel import Kernel
from worker.host_resources import Host

SWAPPED = 0.1  #: share of the memory of the host that may be in swap

_ok, _advice, _fault = (partial(say, "memory") for say in (checks.ok, checks.advice, checks.fault))


def check(host: Host, kernel: Kernel) -> Iterator[Check]:
    """Look at what there is, whoever uses it."""
    yield _ok("room", f"{_mb(host.available_bytes())} of {_mb(host.total_bytes())} can still be taken")
    yield from _killed(kernel.read("proc/vmstat"))
    yield _swap(int(psutil.swap_memory().used), host.total_bytes())


def _killed(vmstat: str) -> Iterator[Check]:
    counted = re.search(r"^oom_kill (\d+)$", vmstat, re.MULTILINE)
    if counted and int(counted[1]):
        found = f"since this host was started, the kernel has killed {int(counted[1]):,} processes for lack of memory"
        yield _advice("killed", found, "see which, with journalctl -k (docs/runbook.md, Memory runs out)")
    elif counted:
        yield _ok("killed", "the kernel has killed nothing for lack of memory")


def _swap(used: int, total: int) -> Check:
    found = f"{_mb(used)} are in swap"
    if used > SWAPPED * total:
        return _advice(
            "swap", found, "run fewer children (docs/runbook.md, Memory runs out), or sysctl vm.swappiness=1"
        )
    return _ok("swap", found)


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
