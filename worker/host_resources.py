"""Measures the memory and CPU that a host, or the limits of a container or service, leave for another process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

NO_LIMIT = 2**60  #: version 1 of cgroups writes a number near 2**63 where there is no limit


class Host:
    """Memory and CPU by psutil, lowered to the limits of the control groups this process is in.

    `niced`: whether the CPU time of processes at a lower priority counts as used; for a process that comes before them
    it is as good as free.
    """

    def __init__(
        self, *, niced: bool, proc: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")
    ) -> None:
        self._niced = niced
        groups = list(_groups(proc, mounted))
        self._memory = [group for group in groups if _limit(group) < NO_LIMIT]
        self._cpu = [group for group in groups if _cores(group)]
        self._times = self._cpu_times()

    def total_bytes(self) -> int:
        """Return the memory of the host, or the limit."""
        return min([int(psutil.virtual_memory().total), *(_limit(group) for group in self._memory)])

    def available_bytes(self) -> int:
        """Return the memory that processes can still take."""
        return max(0, min([int(psutil.virtual_memory().available), *(_left(group) for group in self._memory)]))

    def cpu_share(self) -> float:
        """Return the share of the CPU used since the last call, 0 to 1: of the host or, if that is more, of a limit."""
        before, self._times = self._times, self._cpu_times()
        spent = [(now[0] - then[0], now[1] - then[1]) for now, then in zip(self._times, before, strict=True)]
        shares = [used / possible for used, possible in spent if possible > 0]
        return min(max([0.0, *shares]), 1.0)  # the kernel takes back some of the time that it counted as idle

    def _cpu_times(self) -> list[tuple[float, float]]:
        """Return seconds used and seconds possible so far, of all cores of the host and of each group with a limit."""
        times = psutil.cpu_times()._asdict()
        for part_of_another in ("guest", "guest_nice"):
            times.pop(part_of_another, 0)
        free = times["idle"] + times.get("iowait", 0.0) + (0.0 if self._niced else times.get("nice", 0.0))
        of_groups = [
            (_stat(group / "cpu.stat")["usage_usec"] / 1e6, time.monotonic() * _cores(group)) for group in self._cpu
        ]
        return [(sum(times.values()) - free, sum(times.values())), *of_groups]


def unique_bytes(pid: int) -> int:
    """Return the memory that a process shares with no other; 0 when it has ended. This takes milliseconds."""
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:
        return 0


def family_memory(parent: psutil.Process) -> Iterator[tuple[int, int, int]]:
    """Yield pid, proportional and unique bytes of a process and of all its living descendants.

    Proportional memory (PSS) counts memory that processes share once for all of them; only Linux has it. This takes
    milliseconds for each process. Raises psutil.NoSuchProcess where `parent` has ended.
    """
    for process in [parent, *parent.children(recursive=True)]:
        try:
            memory = process.memory_full_info()
        except psutil.Error:
            continue  # it has just ended
        yield process.pid, getattr(memory, "pss", 0), memory.uss


def _groups(proc: Path, mounted: Path) -> Iterator[Path]:
    """Yield the folders of the control groups around this process that limit memory and, in version 2, CPU."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top = mounted
        elif "memory" in controllers.split(","):
            top = mounted / "memory"
        else:
            continue
        group = top / path.lstrip("/")
        if not group.is_dir():
            group = top  # a container sees its own group as the top, and reads the name by which the host knows it
        yield group
        while group != top:
            group = group.parent
            yield group


def _limit(group: Path) -> int:
    """Return the limit in bytes, of version 2 or 1 of control groups."""
    return min(_number(group / "memory.max"), _number(group / "memory.limit_in_bytes"))


def _left(group: Path) -> int:
    """Return the bytes up to the limit, including what the page cache would give back."""
    used = min(_number(group / "memory.current"), _number(group / "memory.usage_in_bytes"))
    stat = _stat(group / "memory.stat")
    return _limit(group) - used + stat.get("total_inactive_file", stat.get("inactive_file", 0))


def _cores(group: Path) -> float:
    """Return how many cores the group may use; 0 without a limit."""
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # no such file, or `max`
        return 0.0


def _stat(file: Path) -> dict[str, int]:
    try:
        return {name: int(value) for name, value in map(str.split, file.read_text().splitlines())}
    except OSError:
        return {}


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such file, or `max`
        return NO_LIMIT
