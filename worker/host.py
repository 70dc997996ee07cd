"""Memory and processor time of the machine, or of the container where that has less (cgroup v2)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Memory:
    total: int  # bytes
    available: int  # bytes that processes can take without swapping


def cgroup(root: Path = CGROUPS) -> Path | None:
    """The cgroup of this process; None where there is none of version 2."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            own = root / line.removeprefix("0::/")
            return own if (own / "memory.stat").exists() else None
    return None


def memory(group: Path | None) -> Memory:
    """Bytes of the machine, or of the cgroup where it has a limit below."""
    machine = psutil.virtual_memory()
    limit = _number(group, "memory.max")
    if limit is None or limit >= machine.total or group is None:
        return Memory(machine.total, machine.available)
    statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    used = int((group / "memory.current").read_text()) - int(statistics["inactive_file"])  # that is given up on demand
    return Memory(limit, max(0, min(limit - used, machine.available)))


class CpuShare:
    """How busy the processors are since the last look, from 0 to 1; with a quota, how much of it is used."""

    def __init__(self, group: Path | None) -> None:
        self._group = group
        self._used_s = self._at_s = 0.0
        self.look()

    def look(self) -> float:
        busy: float = psutil.cpu_percent() / 100
        cores = self._quota()
        if cores is None or self._group is None:
            return busy
        statistics = dict(line.split() for line in (self._group / "cpu.stat").read_text().splitlines())
        used_s, at_s = int(statistics["usage_usec"]) / 1e6, time.monotonic()
        share = (used_s - self._used_s) / max(at_s - self._at_s, 1e-3) / cores
        self._used_s, self._at_s = used_s, at_s
        return min(share, 1.0)

    def _quota(self) -> float | None:
        """Processors that the cgroup may use; None when it may use all."""
        try:
            quota, period = (self._group / "cpu.max").read_text().split() if self._group else ("max", "")
        except OSError:
            return None
        return None if quota == "max" else int(quota) / int(period)


def _number(group: Path | None, name: str) -> int | None:
    try:
        return int((group / name).read_text()) if group else None
    except (OSError, ValueError):  # the root has no limits; without one it says "max"
        return None
