"""Checks what the kernel allows: open files, connections that wait, memory it promises, and whose clock it follows."""

from __future__ import annotations

import ctypes
import re
import resource
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sentiq.admin import checks
from sentiq.admin.checks import Check

FEWEST_FILES = 1_024  #: of a worker with its children
CONNECTIONS = 10_000  #: that the API keeps open for clients that poll: worker_connections in api/gunicorn.conf.py
BACKLOG = 2_048  #: connections that gunicorn lets wait to be accepted; Redis asks for 511
NOT_SYNCHRONISED = 5  #: TIME_ERROR of adjtimex(2)
ALWAYS, NEVER_BEYOND = "1", "2"  #: values of vm.overcommit_memory; 0 is a guess of the kernel

_ok, _advice, _fault = (partial(say, "kernel") for say in (checks.ok, checks.advice, checks.fault))


class Kernel:
    """Reads the settings of the kernel, below `root`. Only Linux has them: elsewhere each is ""."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def read(self, name: str) -> str:
        """Return the content of a file below /proc or /sys; "" where it cannot be read."""
        try:
            return (self._root / name).read_text().strip()
        except OSError:
            return ""


def check(kernel: Kernel, *, redis_is_here: bool) -> Iterator[Check]:
    """Look at each setting. Some matter only on the host of Redis."""
    yield _files(*resource.getrlimit(resource.RLIMIT_NOFILE))
    yield from _backlog(kernel.read("proc/sys/net/core/somaxconn"))
    yield from _overcommit(kernel.read("proc/sys/vm/overcommit_memory"), redis_is_here=redis_is_here)
    yield from _huge_pages(kernel.read("sys/kernel/mm/transparent_hugepage/enabled"))
    yield from _synchronised()


def _files(soft: int, hard: int) -> Check:
    found = f"a process may open {_limit(soft)} files, and raise that to {_limit(hard)}"
    remedy = (
        f"raise the limit to {2 * CONNECTIONS:,}: LimitNOFILE= of systemd, --ulimit nofile= of Docker, or ulimit -n"
    )
    if soft != resource.RLIM_INFINITY and soft < FEWEST_FILES:
        return _fault("open files", found, remedy)
    if hard != resource.RLIM_INFINITY and hard < CONNECTIONS:
        return _advice("open files", f"{found}; the API would keep {CONNECTIONS:,} connections", remedy)
    return _ok("open files", found)


def _limit(value: int) -> str:
    return "any number of" if value == resource.RLIM_INFINITY else f"{value:,}"


def _backlog(value: str) -> Iterator[Check]:
    if value:
        found = f"{int(value):,} connections may wait to be accepted (net.core.somaxconn)"
        remedy = f"sysctl net.core.somaxconn={BACKLOG}, and in /etc/sysctl.d"
        yield _ok("backlog", found) if int(value) >= BACKLOG else _advice("backlog", found, remedy)


def _overcommit(value: str, *, redis_is_here: bool) -> Iterator[Check]:
    found = f"vm.overcommit_memory is {value}"
    remedy = "sysctl vm.overcommit_memory=1, and in /etc/sysctl.d"
    if value == NEVER_BEYOND:
        yield _advice("overcommit", f"{found}: a fork may be refused, of a worker and of Redis", remedy)
    elif value and value != ALWAYS and redis_is_here:
        yield _advice("overcommit", f"{found}, and Redis forks to rewrite its file", remedy)
    elif value:
        yield _ok("overcommit", found)


def _huge_pages(value: str) -> Iterator[Check]:
    chosen = re.search(r"\[(\w+)\]", value)
    if chosen:
        found = f"transparent huge pages: {chosen[1]}"
        remedy = "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled: what is forked copies less memory"
        yield _advice("huge pages", found, remedy) if chosen[1] == "always" else _ok("huge pages", found)


def _synchronised() -> Iterator[Check]:
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # all zero: it only asks
    except AttributeError:
        return  # not Linux
    if state == NOT_SYNCHRONISED:
        remedy = "run chrony or systemd-timesyncd, unless what this machine runs on sets its clock"
        yield _advice("clock", "the kernel does not know of anybody who synchronises its clock", remedy)
    elif state >= 0:
        yield _ok("clock", "the clock of this host is synchronised")
