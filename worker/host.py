"""What room a host has for another process; in a container or a service with limits, what room those leave."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil

NO_LIMIT = 2**60  #: version 1 of cgroups writes a number near 2**63 where there is no limit


class Host:
    """Memory and CPU by psutil, lowered to the limits of the control groups this process is in.

    `niced` says whether the CPU time of processes that stepped back counts as used: whoever goes before them need not
    mind them.
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
        """Memory there is at all."""
        return min([int(psutil.virtual_memory().total), *(_limit(group) for group in self._memory)])

    def available_bytes(self) -> int:
        """Memory that processes could still have."""
        return max(0, min([int(psutil.virtual_memory().available), *(_left(group) for group in self._memory)]))

    def cpu_share(self) -> float:
        """The part of the CPU in use since the last call, 0 to 1: of the host or, if that is more, of a limit."""
        before, self._times = self._times, self._cpu_times()
        spent = [(now[0] - then[0], now[1] - then[1]) for now, then in zip(self._times, before, strict=True)]
        shares = [used / possible for used, possible in spent if possible > 0]
        return min(max([0.0, *shares]), 1.0)  # the kernel takes back some of the time that it counted as idle

    def _cpu_times(self) -> list[tuple[float, float]]:
        """Seconds used and seconds possible so far, of all cores of the host and of each group with a limit."""
        times = psutil.cpu_times()._asdict()
        for part_of_another in ("guest", "guest_nice"):
            times.pop(part_of_another, 0)
        free = times["idle"] + times.get("iowait", 0.0) + (0.0 if self._niced else times.get("nice", 0.0))
        of_groups = [
            (_stat(group / "cpu.stat")["usage_usec"] / 1e6, time.monotonic() * _cores(group)) for group in self._cpu
        ]
        return [(sum(times.values()) - free, sum(times.values())), *of_groups]


def unique_bytes(pid: int) -> int:
    """Memory that a process shares with none; 0 when it is gone. The kernel adds it up, which takes milliseconds."""
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:
        return 0


def family_memory(parent: psutil.Process) -> Iterator[tuple[int, int, int]]:
    """Pid, proportional and unique bytes of a process and of all below it that live. Proportional memory counts what
    processes share once for all of them; only Linux tells it. Takes milliseconds for each. Raises psutil.NoSuchProcess.
    """
    for process in [parent, *parent.children(recursive=True)]:
        try:
            memory = process.memory_full_info()
        except psutil.Error:
            continue  # it has just ended
        yield process.pid, getattr(memory, "pss", 0), memory.uss


def _groups(proc: Path, mounted: Path) -> Iterator[Path]:
    """The folders of the control groups around this process that limit memory; in version 2 they limit CPU too."""
    try:
        lines = proc.read_text().splitlines()
    except OSError:
        return  # no Linux
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
            group = top  # a container that sees its own group as the top, and the name that the host knows it by
        yield group
        while group != top:
            group = group.parent
            yield group


def _limit(group: Path) -> int:
    """Bytes; versions 2 and 1 of control groups."""
    return min(_number(group / "memory.max"), _number(group / "memory.limit_in_bytes"))


def _left(group: Path) -> int:
    """Bytes up to the limit, and what the page cache would give back."""
    used = min(_number(group / "memory.current"), _number(group / "memory.usage_in_bytes"))
    stat = _stat(group / "memory.stat")
    return _limit(group) - used + stat.get("total_inactive_file", stat.get("inactive_file", 0))


def _cores(group: Path) -> float:
    """How many cores the group may use; 0 without a limit."""
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
